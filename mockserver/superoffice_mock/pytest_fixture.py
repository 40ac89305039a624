"""The fixture `superoffice_mock` during one test: its options, its recording, and its problems."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

from superoffice_contract import output_files
from superoffice_contract.messages import NO_FOLDER, describe_os_error, show_path, suggest
from superoffice_contract.verdict.problems import CRASHED, DEFAULT_KINDS, KINDS, NEVER
from superoffice_mock.errors import (
    ControlFailed,
    ExpectationFailed,
    SetupError,
    SuperOfficeMockError,
)
from superoffice_mock.pytest_plugin import FAILED, NAME, REPORT, SENTENCE, STRICT
from superoffice_mock.testing.assertions import frozen_clock_notes
from superoffice_mock.testing.server import MockServer, TenantOptions
from superoffice_mock.testing.tenant import NOT_FOUND, SuperOffice

if TYPE_CHECKING:
    from superoffice_mock.pytest_report import Seen

RECORD_MODES: Final = ("none", "once", "all")
"""Never record; record if the file does not exist; record every time."""
REPORT_FILE: Final = pytest.StashKey[Path]()
"""In a test: the file of its report."""
OTHERS: Final = pytest.StashKey[list["Seen"]]()
"""In a test: what happened at the tenants of its other fixtures, for its report."""
OWN_FAILURE: Final = pytest.StashKey[BaseException]()
"""In a test: the error of the fixture itself."""


def provide(node: pytest.Item, server: MockServer) -> Iterator[SuperOffice]:
    """Yield the SuperOffice of the test *node*; fail it for what it may have missed."""
    options = _marker_options(node)
    options["strict"] = _strict_kinds(node, options.get("strict"))
    file, record = options.pop("replay", None), options.pop("record", "none")
    path = _recording_path(node, file, record)
    try:
        tenant = server.tenant(**options)
    except ValueError as error:
        _fail_marker(node, error)
    try:
        with tenant as office, _play_recording(server, office, node, path, record):
            folder = node.config.getoption(REPORT)
            if folder is not None:
                from superoffice_mock.pytest_report import path_for

                node.stash[REPORT_FILE] = path_for(Path(folder), node.nodeid)
            yield office
            if folder is not None:
                _write_report(node, office)
            _judge(node, office)
    except ControlFailed as error:
        _fail(node, f"what happened in the mock is not known: {error}")


def _fail(node: pytest.Item, text: str) -> NoReturn:
    node.stash[OWN_FAILURE] = pytest.fail.Exception(text, pytrace=False)
    raise node.stash[OWN_FAILURE] from None


def _fail_marker(node: pytest.Item, problem: object) -> NoReturn:
    _fail(node, f"@pytest.mark.{NAME}: {problem}")


def _strict_kinds(node: pytest.Item, strict: object) -> Collection[str]:
    """Return the kinds of problems that fail the test."""
    if strict is None:
        kinds: list[str] | None = node.config.getini(STRICT)
        return DEFAULT_KINDS if kinds is None else kinds
    if isinstance(strict, bool):
        return KINDS.keys() - {NEVER} if strict else ()
    if isinstance(strict, str) or not isinstance(strict, Collection):
        _fail_marker(node, 'strict: unknown value; write strict=True, False, or ["lost", ...]')
    return strict


def keep_others(item: pytest.Item) -> None:
    """Keep for the page what happened at the other tenants of *item*, before they are removed."""
    from superoffice_mock.pytest_report import read_tenants

    others = (office for office, name in _offices_of(item).items() if name != NAME)
    item.stash[OTHERS] = [*read_tenants(others)]


def _write_report(node: pytest.Item, office: SuperOffice) -> None:
    from superoffice_mock.pytest_report import read_tenants, write_report

    path = node.stash[REPORT_FILE]
    tenants = [*read_tenants([office]), *node.stash.get(OTHERS, [])]
    try:
        write_report(path, node.nodeid, tenants, has_failed=node.stash.get(FAILED, False))
    except OSError as error:
        _fail(node, f"{REPORT}: {path}: can't be written: {describe_os_error(error, NO_FOLDER)}")


def _judge(node: pytest.Item, office: SuperOffice) -> None:
    """Fail the test for its problems; one that failed or was skipped for crashes of the mock."""
    try:
        if not node.stash.get(FAILED, False):
            office.assert_passed()
            return
        problems = [problem for problem in office.verdict.problems if problem.kind == CRASHED]
    except ExpectationFailed as error:
        _fail(node, f"{error}")
    except ControlFailed as error:
        if error.status != NOT_FOUND:  # it was removed by a control call
            raise
        return
    if problems:
        _fail(node, "\n".join((problems[0].message, *problems[0].details)))


def explain_failure(
    report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]
) -> None:
    """Show below the test what reached the tenants of its fixtures, and its error as a sentence."""
    error = call.excinfo and call.excinfo.value
    own_failure = item.stash.get(OWN_FAILURE, BaseException())
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else (error,):
        if isinstance(each, SuperOfficeMockError) or each is own_failure:
            text = f"{each.__cause__ or ''}" or f"{each}"  # `explore` has the cause
            sentence = text.partition("\n")[0]
            setattr(report, SENTENCE, sentence)
            crash = getattr(report.longrepr, "reprcrash", None)
            if crash is not None:
                crash.message = sentence
    if report.when != "teardown" and not isinstance(error, ExpectationFailed):
        offices = _offices_of(item).items()
        report.sections += [(name, _describe_traffic(office)) for office, name in offices]
    if REPORT_FILE in item.stash:
        report.sections.append((f"{NAME} report", f"{item.stash[REPORT_FILE]}"))


def _offices_of(item: pytest.Item) -> Mapping[SuperOffice, str]:
    """Return what the fixtures of *item* gave it of the mock, and their names."""
    funcargs = getattr(item, "funcargs", {}).items()
    return {value: name for name, value in funcargs if isinstance(value, SuperOffice)}


def _describe_traffic(office: SuperOffice) -> str:
    try:
        return "\n".join((office.timeline, *frozen_clock_notes(office.clock)))
    except ControlFailed as error:
        return f"What reached the mock is not known: {error}"


@contextmanager
def _play_recording(
    server: MockServer, office: SuperOffice, node: pytest.Item, path: Path | None, record: str
) -> Iterator[None]:
    """Let *office* answer from the recording at *path*, or record it unless the test fails."""
    if path is None:
        yield
    elif record == "all" or (record == "once" and not path.exists()):
        office.record()
        yield
        content = office.recorded()
        if not node.stash.get(FAILED, False):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_file = output_files.replace if record == "all" else output_files.create
                write_file(path, content)
            except OSError as error:
                _fail(node, f"{path}: can't be written: {describe_os_error(error, NO_FOLDER)}")
    else:
        try:
            server.play(office, str(path))
        except SetupError as error:
            _fail_marker(node, error)
        try:
            yield
        finally:
            server.simulate(office)


def _recording_path(node: pytest.Item, file: str | None, record: str) -> Path | None:
    if record not in RECORD_MODES:
        _fail_marker(node, f"record: unknown value; the values are: {', '.join(RECORD_MODES)}")
    if file is None:
        if record != "none":
            _fail_marker(node, f'record="{record}" needs replay="file.har", the file to write')
        return None
    path = _resolve(node, file)
    if record == "none":
        if not path.exists():
            _fail_marker(node, f'{show_path(path)}: there is no such file; record="once" makes it')
        return path
    for other in _recorders(node.session).get(path, []):
        if other != node.nodeid:
            _fail_marker(
                node,
                f'record="{record}": {other} records {file}, too; name a file for each test, '
                'or use record="none" in tests that only replay it',
            )
    return path


def _resolve(node: pytest.Item, file: str) -> Path:
    """Return the path of *file*; if it is a link, the path is that of the link."""
    path = node.path.parent / file
    return path.parent.resolve() / path.name


@lru_cache(maxsize=1)
def _recorders(session: pytest.Session) -> dict[Path, list[str]]:
    """Return the tests that may record each file, those of other workers too."""
    recorders: dict[Path, list[str]] = {}
    for item in session.items:
        if NAME in getattr(item, "fixturenames", ()):
            options = _merge_markers(item)
            file = options.get("replay")
            if file is not None and options.get("record", "none") != "none":
                recorders.setdefault(_resolve(item, file), []).append(item.nodeid)
    return recorders


def _marker_options(node: pytest.Item) -> dict[str, Any]:
    known_names = [*TenantOptions.__annotations__, "replay", "record"]
    for marker in node.iter_markers(NAME):
        if marker.args:
            _fail(node, f"@pytest.mark.{NAME} takes arguments by name only")
        for name in marker.kwargs:
            if name not in known_names:
                hint = suggest(name, known_names, f"known are {', '.join(known_names)}")
                _fail_marker(node, f"no argument {name!r}; {hint}")
    return _merge_markers(node)


def _merge_markers(node: pytest.Item) -> dict[str, Any]:
    """Return the arguments of all markers of *node*; those of the closest marker win."""
    options: dict[str, Any] = {}
    for marker in node.iter_markers(NAME):
        options = {**marker.kwargs, **options}
    return options
