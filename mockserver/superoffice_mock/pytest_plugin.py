"""The pytest plugin: a SuperOffice for each test, and checks at its teardown.

Every pytest run loads it where the package is installed, so it imports the rest on first use.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from superoffice_mock.testing.server import MockServer
    from superoffice_mock.testing.tenant import SuperOffice

NAME: Final = "superoffice_mock"
"""The name of the marker and of the fixture."""
MARKER: Final = (
    f'{NAME}(installation="online", granted=False, readings={{...}}, accounts={{id: seconds}} or '
    '[{"id": 507, "fails": "..."}], seconds_per_account=..., due_after=..., state="suspended", '
    'host=..., expires_after=..., clock="freeze", strict=True, replay="file.har", '
    f'record="once"): options of the SuperOffice in the fixture {NAME}; '
    "strict: violations fail the test; replay: it answers from this file, which record writes"
)
FAILED: Final = pytest.StashKey[bool]()
"""In a test: whether it, or its setup, failed or was skipped; then idle faults are expected."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def superoffice_mock_server() -> "Iterator[MockServer]":
    """A mock of SuperOffice on a free port of this machine, for all tests of this process."""
    from superoffice_mock.testing.server import MockServer

    with MockServer() as server:
        yield server


@pytest.fixture
def superoffice_mock(
    request: pytest.FixtureRequest, superoffice_mock_server: "MockServer"
) -> "Iterator[SuperOffice]":
    """A SuperOffice for this test only, with a clock that jumps; the marker sets its options."""
    from superoffice_mock.pytest_fixture import provide

    yield from provide(request.node, superoffice_mock_server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what reached the mock below a test that used it and failed."""
    report = yield
    office = getattr(item, "funcargs", {}).get(NAME)
    if report.when != "teardown":
        item.stash[FAILED] = not report.passed
        if office is not None and report.failed:
            from superoffice_mock.pytest_fixture import timeline_sections

            report.sections += timeline_sections(office, call)
    return report
