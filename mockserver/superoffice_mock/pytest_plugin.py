"""The pytest plugin: a SuperOffice for each test, and checks at its teardown.

Every pytest run loads it where the package is installed, so it imports the rest on first use.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from superoffice_mock.testing.cassette import Cassette
    from superoffice_mock.testing.server import MockServer
    from superoffice_mock.testing.tenant import SuperOffice

NAME: Final = "superoffice_mock"
"""The name of the marker and of the fixture."""
MARKER: Final = (
    f'{NAME}(installation="online", granted=False, readings={{...}}, accounts={{id: seconds}}, '
    'seconds_per_account=..., expires_after=..., clock="freeze", strict=True, replay="file.har", '
    f'record="once"): options of the SuperOffice in the fixture {NAME}; '
    "strict: violations fail the test; replay: it answers from this file, which record writes"
)
FAILED: Final = pytest.StashKey[bool]()
"""In a test: whether it, or its setup, failed or was skipped; then idle faults are expected."""
RECORDERS: Final = pytest.StashKey["dict[Path, list[str]]"]()
"""In the session: the tests that may record each file."""


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
    from superoffice_mock.errors import ControlFailed

    options = _marker_options(request.node)
    strict = options.pop("strict", False)
    file, record = options.pop("replay", None), options.pop("record", "none")
    try:
        with _create_tenant(superoffice_mock_server, options) as office:
            cassette = _open_cassette(superoffice_mock_server, office, request.node, file, record)
            yield office
            failed = request.node.stash.get(FAILED, False)
            if cassette is not None:
                cassette.end(failed=failed)
            problems = _list_problems(office, strict, failed=failed)
    except ControlFailed as error:
        problems = [f"what happened in the mock is not known: {error}"]
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what reached the mock below a test that used it and failed."""
    report = yield
    office = getattr(item, "funcargs", {}).get(NAME)
    if report.when != "teardown":
        item.stash[FAILED] = not report.passed
        if office is not None and report.failed and not _has_timeline(call):
            report.sections.append((NAME, _timeline(office)))
    return report


def _timeline(office: "SuperOffice") -> str:
    """Return what reached *office*, or why that is not known; raise nothing."""
    from superoffice_mock.errors import ControlFailed

    try:
        return office.timeline
    except ControlFailed as error:
        return f"What reached the mock is not known: {error}"


def _list_problems(office: "SuperOffice", strict: bool, *, failed: bool) -> list[str]:  # noqa: FBT001 - the marker's
    """Return what the test may have missed; nothing if the tenant was removed."""
    from superoffice_mock.errors import ControlFailed
    from superoffice_mock.testing.teardown_checks import crashes, problems
    from superoffice_mock.testing.tenant import NOT_FOUND

    try:
        return list(crashes(office) if failed else problems(office, strict))
    except ControlFailed as error:
        if error.status != NOT_FOUND:
            raise
        return []


def _has_timeline(call: pytest.CallInfo[None]) -> bool:
    """Return whether the test failed with an error that shows the timeline itself."""
    from superoffice_mock.errors import ExpectationFailed

    return call.excinfo is not None and call.excinfo.errisinstance(ExpectationFailed)


def _create_tenant(server: "MockServer", options: dict[str, Any]) -> "SuperOffice":
    from superoffice_mock.errors import ControlFailed

    try:
        return server.tenant(**options)
    except ControlFailed as error:
        problem = error.detail
    pytest.fail(f"@pytest.mark.{NAME}: {problem}", pytrace=False)


def _open_cassette(
    server: "MockServer", office: "SuperOffice", node: pytest.Item, file: str | None, record: str
) -> "Cassette | None":
    """Begin to replay or to record *file*, a path relative to the test's folder, if it is given."""
    from superoffice_mock.errors import SetupError
    from superoffice_mock.testing.cassette import RECORD_MODES, Cassette

    if record not in RECORD_MODES:
        problem = f"record={record!r} is not known; known are {', '.join(RECORD_MODES)}"
    elif file is None and record != "none":
        problem = f'record="{record}" needs replay="file.har", the file to write'
    elif file is None:
        return None
    elif record != "none" and (other_tests := _other_recorders(node, _path(node, file))):
        problem = (
            f'record="{record}": {other_tests[0]} records {file}, too; name a file for each test, '
            'or use record="none" in tests that only replay it'
        )
    else:
        try:
            return Cassette(server, office, _path(node, file), record)
        except SetupError as error:
            problem = str(error)
    pytest.fail(f"@pytest.mark.{NAME}: {problem}", pytrace=False)


def _path(node: pytest.Item, file: str) -> "Path":
    return (node.path.parent / file).resolve()


def _other_recorders(node: pytest.Item, path: "Path") -> list[str]:
    """Return the other tests of the session that may record *path*, those of other workers too."""
    stash = node.session.stash
    if RECORDERS not in stash:
        recorders: dict[Path, list[str]] = {}
        for item in node.session.items:
            if NAME not in getattr(item, "fixturenames", ()):
                continue
            options = _merge_markers(item)
            file = options.get("replay")
            if file is not None and options.get("record", "none") != "none":
                recorders.setdefault(_path(item, file), []).append(item.nodeid)
        stash[RECORDERS] = recorders
    return [node_id for node_id in stash[RECORDERS].get(path, []) if node_id != node.nodeid]


def _marker_options(node: pytest.Item) -> dict[str, Any]:
    """Return the arguments of the markers of *node*; fail the test if one is invalid."""
    for marker in node.iter_markers(NAME):
        if marker.args:
            pytest.fail(f"@pytest.mark.{NAME} takes arguments by name only", pytrace=False)
        _check_arguments(marker.kwargs)
    return _merge_markers(node)


def _merge_markers(node: pytest.Item) -> dict[str, Any]:
    """Return the arguments of all markers of *node*; those of the closest marker win."""
    options: dict[str, Any] = {}
    for marker in node.iter_markers(NAME):
        options = {**marker.kwargs, **options}
    return options


def _check_arguments(arguments: Mapping[str, object]) -> None:
    from superoffice_contract.messages import suggest
    from superoffice_mock.testing.server import TenantOptions

    known_names = [*TenantOptions.__annotations__, "strict", "replay", "record"]
    for name in arguments:
        if name not in known_names:
            hint = suggest(name, known_names, f"known are {', '.join(known_names)}")
            pytest.fail(f"@pytest.mark.{NAME}: no argument {name!r}; {hint}", pytrace=False)
    if not isinstance(strict := arguments.get("strict", False), bool):
        problem = f"strict={strict!r} is not known; write strict=True"
        pytest.fail(f"@pytest.mark.{NAME}: {problem}", pytrace=False)
