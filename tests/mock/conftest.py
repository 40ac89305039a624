"""A mock without sockets, for the tests of the vendor's API and of the control surface."""

import pytest

from tests.support.in_process import InProcessMock


@pytest.fixture
def local() -> InProcessMock:
    return InProcessMock()
