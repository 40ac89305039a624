"""The pytest plugin: a SuperOffice for each test, and checks at its teardown.

Every pytest run loads it where the package is installed, so it imports the rest on first use.
"""

import os
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from superoffice_mock.testing.server import MockServer
    from superoffice_mock.testing.tenant import SuperOffice

NAME: Final = "superoffice_mock"
"""The name of the marker and of the fixture."""
STRICT: Final = "superoffice_mock_strict"
"""The setting of what fails a test."""
MARKER: Final = (
    f'{NAME}(installation="online", granted=False, readings={{...}}, accounts={{id: seconds}} or '
    '[{"id": 507, "fails": "..."}], seconds_per_account=..., due_after=..., state="suspended", '
    'host=..., expires_after=..., clock="freeze", strict=["lost", ...] or True or False, '
    'expect_lost=[511, 512], replay="file.har", record="once"): '
    f"options of the SuperOffice in the fixture {NAME}; strict: what fails the test, by default "
    f"what {STRICT} names (see --help), True: all but never-called; expect_lost: the accounts that "
    "must be lost; replay: it answers from this file, which record writes"
)
HELP: Final = (
    f"What fails a test that uses {NAME}, by default: lost rejected unfired unplayed. "
    "lost: an account was answered 204, and no run covers it; rejected: a call was answered 400, "
    "413 or 415; unfired: an armed fault never fired; unplayed: a recorded call was never asked "
    "for; unserved: a call was answered another error than 401 or 403; odd: a call was odd, though "
    "allowed; never-called: no call came."
)
REPORT: Final = "--superoffice-mock-report"
FAILED: Final = pytest.StashKey[bool]()
"""In a test: whether it, or its setup, failed or was skipped; then it fails for crashes only."""
SENTENCE: Final = f"{NAME}_sentence"
"""In a report: why the test failed, in a line. Workers of pytest-xdist send it along."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting of what fails a test, and the option of its report."""
    help_ = f"Write what reached {NAME} in each test to a page in this folder, which is made."
    parser.getgroup(NAME).addoption(REPORT, metavar="DIR", help=help_)
    parser.addini(STRICT, HELP, type="args", default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker. Raise UsageError if the setting or the option can't be."""
    config.addinivalue_line("markers", MARKER)
    folder = config.getoption(REPORT)
    if folder is not None:
        from superoffice_mock import pytest_report

        path = pytest_report.prepare_folder(config.invocation_params.dir / folder)
        config.option.superoffice_mock_report = f"{path}"  # workers of pytest-xdist get it
    kinds = config.getini(STRICT)
    if kinds is not None:
        from superoffice_contract.verdict.problems import check_kinds

        try:
            check_kinds(kinds)
        except ValueError as error:
            raise pytest.UsageError(f"{STRICT}: {error}") from None


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
    """A SuperOffice for this test only, with a clock that jumps; the marker sets its options.

    It fails a test that loses accounts, among others; see superoffice_mock_strict.
    """
    from superoffice_mock.pytest_fixture import provide

    yield from provide(request.node, superoffice_mock_server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show below a failed test what reached the mock, and in its summary what is wrong."""
    report = yield
    if report.when != "teardown":
        item.stash[FAILED] = not report.passed
    has_page = item.config.getoption(REPORT) and NAME in getattr(item, "funcargs", ())
    if report.when == "call" and has_page:
        from superoffice_mock.pytest_fixture import keep_others

        keep_others(item)
    if report.failed and "superoffice_mock.errors" in sys.modules:
        from superoffice_mock.pytest_fixture import explain_failure

        explain_failure(report, item, call)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None]:
    """Write whole, at the end of the short summary, each sentence that pytest has cut.

    It cuts lines at the width of the terminal, unless it runs in CI or is verbose.
    """
    yield
    if terminalreporter.no_summary or config.get_verbosity() > 1 or os.environ.get("CI"):
        return
    width = config.get_terminal_writer().fullwidth
    for option, stat in ("f", "failed"), ("E", "error"):
        if terminalreporter.hasopt(option):
            for report in terminalreporter.getreports(stat):
                sentence = getattr(report, SENTENCE, "")
                if sentence and len(f"{stat} {report.nodeid} - {sentence}") > width:
                    terminalreporter.write_line(f"{report.nodeid}:\n  {sentence}")
