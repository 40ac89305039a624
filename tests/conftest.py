"""What several folders of tests use."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.claims import differences
from tests.support.server_process import Running, serving

SHARED = Path(__file__).parents[2] / "shared"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to start when a claim has no test, or a mark names no claim."""
    if hasattr(session.config, "workerinput"):
        return  # xdist's workers are started by one that has looked
    if wrong := differences():
        raise pytest.UsageError("\n".join(wrong))


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of all searches for garbage: half a second each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Running]:
    """One real server for all tests of this process that need nothing special."""
    with serving("--log", "off") as running:
        yield running


@pytest.fixture
def server(shared_server: Running) -> Running:
    """The shared server, as new: demo world, real clocks, empty journals."""
    shared_server.control("POST", "reset?all=true")
    return shared_server


@pytest.fixture(scope="session")
def page() -> str:
    """The vendor's page, where the checkout has it beside itself."""
    path = SHARED / "page" / "SyncEmailAccounts.txt"
    if not path.is_file():
        pytest.skip("the vendor's page is not beside this checkout")
    return path.read_text(encoding="utf-8")
