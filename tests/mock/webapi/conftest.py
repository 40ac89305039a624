"""Fixtures of the tests of the vendor's API."""

import pytest

from tests.support.in_process import InProcessMock


@pytest.fixture
def local() -> InProcessMock:
    return InProcessMock()
