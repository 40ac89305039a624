"""Fixtures of the tests of the control surface."""

import pytest

from tests.support.in_process import InProcessMock


@pytest.fixture
def local() -> InProcessMock:
    return InProcessMock()
