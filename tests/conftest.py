"""Fixtures that several folders of tests use, and a check of their claims."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.claims import differences
from tests.support.server_process import ServerProcess, run_server

SHARED = Path(__file__).parents[2] / "shared"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to start if a claim has no test or a mark names no claim."""
    if hasattr(session.config, "workerinput"):
        return  # a worker of xdist; its controller has checked
    if errors := differences():
        raise pytest.UsageError("\n".join(errors))


def pytest_configure() -> None:
    """Let the programs that tests start end on SIGINT, also where a shell ignores it for us.

    A shell does so for what it runs in the background, and a program inherits that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Exclude what is loaded by now from garbage collections; they take half a second otherwise."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_server() -> Iterator[ServerProcess]:
    """A real server for all tests of this process that need no special settings."""
    with run_server("--log", "off") as running:
        yield running


@pytest.fixture
def server(shared_server: ServerProcess) -> ServerProcess:
    """The shared server after a reset: demo tenants, real clocks, empty journals."""
    shared_server.control("POST", "reset?all=true")
    return shared_server


@pytest.fixture(scope="session")
def page() -> str:
    """The vendor's page, if it is beside this checkout."""
    path = SHARED / "page" / "SyncEmailAccounts.txt"
    if not path.is_file():
        pytest.skip("the vendor's page is not beside this checkout")
    return path.read_text(encoding="utf-8")
