"""The specification that tests change."""

import pytest

from tests.contract.drift import documents
from tests.contract.drift.documents import Document


@pytest.fixture(name="document", params=["swagger", "openapi"])
def make_document(request: pytest.FixtureRequest) -> Document:
    """Return a new file that agrees with the contract, in each layout."""
    return documents.swagger() if request.param == "swagger" else documents.openapi()
