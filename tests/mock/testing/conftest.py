"""The fixture of the package under a shorter name."""

import pytest

from superoffice_mock import SuperOffice


@pytest.fixture
def office(superoffice_mock: SuperOffice) -> SuperOffice:
    return superoffice_mock
