"""The pytest plugin: a SuperOffice for every test, and what it noticed that the test did not.

Loaded by every pytest run where the package is installed, so it imports nothing until it is used.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from superoffice_mock.testing.cassette import Play
    from superoffice_mock.testing.server import MockServer
    from superoffice_mock.testing.tenant import SuperOffice

NAME: Final = "superoffice_mock"
"""Of the marker and of the fixture."""
MARKER: Final = (
    f'{NAME}(installation="online", granted=False, readings={{...}}, accounts={{id: seconds}}, '
    'seconds_per_account=..., expires_after=..., clock="freeze", strict=True, replay="file.har", '
    f'record="once"): what the SuperOffice of the fixture {NAME} is like; '
    "strict: violations fail the test; replay: it answers from that file, which record makes"
)
FAILED: Final = pytest.StashKey[bool]()
"""Of a test that failed or was skipped, maybe at its set-up: what it left undone is no news."""
RECORDERS: Final = pytest.StashKey["dict[Path, list[str]]"]()
"""Of a session: which tests may record which file."""


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
    """A SuperOffice of this test's own, whose clock jumps; the marker says what it is like."""
    from superoffice_mock.errors import ControlFailed

    wanted = _wanted(request.node)
    strict = wanted.pop("strict", False)
    file, record = wanted.pop("replay", None), wanted.pop("record", "none")
    try:
        with _made(superoffice_mock_server, wanted) as office:
            play = _played(superoffice_mock_server, office, request.node, file, record)
            yield office
            failed = request.node.stash.get(FAILED, False)
            if play is not None:
                play.end(failed=failed)
            found = _noticed(office, strict, failed=failed)
    except ControlFailed as error:
        found = [f"what happened in the mock can't be told: {error}"]
    if found:
        pytest.fail("\n\n".join(found), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what reached the mock below a test that used it and failed."""
    report = yield
    office = getattr(item, "funcargs", {}).get(NAME)
    if report.when != "teardown":
        item.stash[FAILED] = not report.passed
        if office is not None and report.failed and not _tells_itself(call):
            report.sections.append((NAME, _timeline(office)))
    return report


def _timeline(office: "SuperOffice") -> str:
    """Return what reached *office*, or why that can't be told: no error may come of it."""
    from superoffice_mock.errors import ControlFailed

    try:
        return office.timeline
    except ControlFailed as error:
        return f"What reached the mock can't be told: {error}"


def _noticed(office: "SuperOffice", strict: bool, *, failed: bool) -> list[str]:  # noqa: FBT001 - the marker's
    """Return what the test may have missed; of a tenant that is gone nothing is known."""
    from superoffice_mock.errors import ControlFailed
    from superoffice_mock.testing.teardown_checks import crashes, findings
    from superoffice_mock.testing.tenant import GONE

    try:
        return list(crashes(office) if failed else findings(office, strict))
    except ControlFailed as error:
        if error.status != GONE:
            raise
        return []


def _tells_itself(call: pytest.CallInfo[None]) -> bool:
    from superoffice_mock.errors import ExpectationFailed

    return call.excinfo is not None and call.excinfo.errisinstance(ExpectationFailed)


def _made(server: "MockServer", wanted: dict[str, Any]) -> "SuperOffice":
    from superoffice_mock.errors import ControlFailed

    try:
        return server.tenant(**wanted)
    except ControlFailed as error:
        wrong = error.detail
    pytest.fail(f"@pytest.mark.{NAME}: {wrong}", pytrace=False)


def _played(
    server: "MockServer", office: "SuperOffice", node: pytest.Item, file: str | None, record: str
) -> "Play | None":
    """Begin to replay or to record *file*, a path from the test's own folder, if it is given."""
    from superoffice_mock.errors import SetupError
    from superoffice_mock.testing.cassette import RECORD, Play

    if record not in RECORD:
        wrong = f"record={record!r} is not known; known are {', '.join(RECORD)}"
    elif file is None and record != "none":
        wrong = f'record="{record}" needs replay="file.har", the file to make'
    elif file is None:
        return None
    elif record != "none" and (others := _others(node, _path(node, file))):
        wrong = (
            f'record="{record}": {file} is that of {others[0]}, too; name a file for each test, or '
            'take record="none" where what the other recorded is only replayed'
        )
    else:
        try:
            return Play(server, office, _path(node, file), record)
        except SetupError as error:
            wrong = str(error)
    pytest.fail(f"@pytest.mark.{NAME}: {wrong}", pytrace=False)


def _path(node: pytest.Item, file: str) -> "Path":
    return (node.path.parent / file).resolve()


def _others(node: pytest.Item, path: "Path") -> list[str]:
    """Return the other tests of the session that may record *path*, whichever process runs them."""
    stash = node.session.stash
    if RECORDERS not in stash:
        found: dict[Path, list[str]] = {}
        for item in node.session.items:
            if NAME not in getattr(item, "fixturenames", ()):
                continue
            marked = _marked(item)
            file = marked.get("replay")
            if file is not None and marked.get("record", "none") != "none":
                found.setdefault(_path(item, file), []).append(item.nodeid)
        stash[RECORDERS] = found
    return [one for one in stash[RECORDERS].get(path, []) if one != node.nodeid]


def _wanted(node: pytest.Item) -> dict[str, Any]:
    """Return what the markers of *node* say, the closest winning; fail the test if they can't."""
    for marker in node.iter_markers(NAME):
        if marker.args:
            pytest.fail(f"@pytest.mark.{NAME} takes arguments by name only", pytrace=False)
        _check(marker.kwargs)
    return _marked(node)


def _marked(node: pytest.Item) -> dict[str, Any]:
    marked: dict[str, Any] = {}
    for marker in node.iter_markers(NAME):
        marked = {**marker.kwargs, **marked}
    return marked


def _check(given: Mapping[str, object]) -> None:
    from difflib import get_close_matches

    from superoffice_mock.testing.server import TenantOptions

    known = [*TenantOptions.__annotations__, "strict", "replay", "record"]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            pytest.fail(f"@pytest.mark.{NAME}: no argument {name!r}; {hint}", pytrace=False)
    if not isinstance(strict := given.get("strict", False), bool):
        told = f"strict={strict!r} is not known; write strict=True"
        pytest.fail(f"@pytest.mark.{NAME}: {told}", pytrace=False)
