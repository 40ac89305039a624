"""The fixture `superoffice_mock` during one test: its options, its recording, and its problems."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

from superoffice_contract import output_files
from superoffice_contract.messages import (
    NO_FOLDER,
    describe_os_error,
    printable,
    show_path,
    suggest,
)
from superoffice_mock.errors import ControlFailed, ExpectationFailed, SetupError
from superoffice_mock.pytest_plugin import FAILED, NAME
from superoffice_mock.testing import assertions
from superoffice_mock.testing.server import MockServer, TenantOptions
from superoffice_mock.testing.tenant import NOT_FOUND, SuperOffice

RECORD_MODES: Final = ("none", "once", "all")
"""Never record; record if the file does not exist; record every time."""


def provide(node: pytest.Item, server: MockServer) -> Iterator[SuperOffice]:
    """Yield the SuperOffice of the test *node*; fail it for what it may have missed."""
    options = _marker_options(node)
    strict = options.pop("strict", False)
    file, record = options.pop("replay", None), options.pop("record", "none")
    path = _recording_path(node, file, record)
    try:
        tenant = server.tenant(**options)
    except ControlFailed as error:
        _fail_marker(error.detail)
    try:
        with tenant as office:
            with _play_recording(server, office, node, path, record):
                yield office
            problems = _list_problems(office, strict, failed=node.stash.get(FAILED, False))
    except ControlFailed as error:
        problems = [f"what happened in the mock is not known: {error}"]
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)


def _fail_marker(problem: object) -> NoReturn:
    pytest.fail(f"@pytest.mark.{NAME}: {problem}", pytrace=False)


def timeline_sections(office: SuperOffice, call: pytest.CallInfo[None]) -> list[tuple[str, str]]:
    """Return what reached *office*, unless the error of the test shows it; raise nothing."""
    if call.excinfo is not None and call.excinfo.errisinstance(ExpectationFailed):
        return []
    try:
        return [(NAME, office.timeline)]
    except ControlFailed as error:
        return [(NAME, f"What reached the mock is not known: {error}")]


def _list_problems(office: SuperOffice, strict: bool, *, failed: bool) -> list[str]:  # noqa: FBT001 - the marker's
    try:
        return list(_problems(office, strict, failed=failed))
    except ControlFailed as error:
        if error.status != NOT_FOUND:
            raise
        return []


def _problems(office: SuperOffice, strict: bool, *, failed: bool) -> Iterator[str]:  # noqa: FBT001 - the marker's
    """Yield crashes; unless the test *failed*, idle faults and, if *strict*, violations."""
    for call in office.requests:
        if call.outcome == "crashed":
            crash = printable(office.request(call.id).crash or "")
            yield f"the mock crashed in request #{call.id}:\n{crash}"
    if failed:
        return
    idle_faults = [fault for fault in office.faults.all if fault.sure and not fault.fired]
    if idle_faults:
        names = ", ".join(f"{fault.id} ({fault.effect})" for fault in idle_faults)
        message = f"armed faults that never fired: {names}; so the test did not test them"
        yield f"{message}\n\n{office.timeline}"
    if strict:
        traffic = office.traffic
        lines = list(assertions.violations(traffic))
        if traffic.forgotten:
            lines.append(assertions.forgotten_note(traffic))
        if lines:
            text = "\n".join(lines)
            yield f"violations of the contract:\n{text}\n\n{assertions.timeline(traffic)}"


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
                msg = f"{path}: can't be written: {describe_os_error(error, NO_FOLDER)}"
                raise SetupError(msg) from None
    else:
        try:
            server.play(office, str(path))
        except SetupError as error:
            _fail_marker(error)
        yield
        server.simulate(office)


def _recording_path(node: pytest.Item, file: str | None, record: str) -> Path | None:
    if record not in RECORD_MODES:
        _fail_marker(f"record: unknown value; the values are: {', '.join(RECORD_MODES)}")
    if file is None:
        if record != "none":
            _fail_marker(f'record="{record}" needs replay="file.har", the file to write')
        return None
    path = _resolve(node, file)
    if record == "none":
        if not path.exists():
            _fail_marker(f'{show_path(path)}: there is no such file; record="once" makes it')
        return path
    for other in _recorders(node.session).get(path, []):
        if other != node.nodeid:
            _fail_marker(
                f'record="{record}": {other} records {file}, too; name a file for each test, '
                'or use record="none" in tests that only replay it'
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
    known_names = [*TenantOptions.__annotations__, "strict", "replay", "record"]
    for marker in node.iter_markers(NAME):
        if marker.args:
            pytest.fail(f"@pytest.mark.{NAME} takes arguments by name only", pytrace=False)
        for name in marker.kwargs:
            if name not in known_names:
                hint = suggest(name, known_names, f"known are {', '.join(known_names)}")
                _fail_marker(f"no argument {name!r}; {hint}")
        if not isinstance(marker.kwargs.get("strict", False), bool):
            _fail_marker("strict: unknown value; write strict=True")
    return _merge_markers(node)


def _merge_markers(node: pytest.Item) -> dict[str, Any]:
    """Return the arguments of all markers of *node*; those of the closest marker win."""
    options: dict[str, Any] = {}
    for marker in node.iter_markers(NAME):
        options = {**marker.kwargs, **options}
    return options
