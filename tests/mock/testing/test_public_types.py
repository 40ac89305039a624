"""What the package exports: its names, and the types of all that a test can get or give."""

import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import superoffice_mock
from superoffice_contract.control.answers import NewTenant
from superoffice_contract.control.client import ControlClient

NAMES = {*vars(superoffice_mock)["__all__"]} - {"__version__"}
NOT_FOR_TESTS = {ControlClient, NewTenant}
"""What `MockServer` gives to the handle of a tenant."""

PROGRAM = """
import superoffice_mock as mock

def ids(office: mock.SuperOffice) -> list[int]:
    office.faults.arm(status=503, times=2)
    outcome: mock.Outcome = "started"
    calls: tuple[mock.Exchange, ...] = office.wait(outcome)
    covered: list[tuple[int, ...]] = [run.covered for run in office.runs]
    problems: tuple[mock.Problem, ...] = office.verdict.problems
    print(covered, problems, office.credentials.headers, office.clock.advance(2)[0].event)
    return [account.id for account in office.accounts] or [call.id for call in calls]

accounts: list[mock.AccountOptions] = [{"id": 507, "fails": "full"}]
with mock.MockServer() as server, server.tenant(accounts=accounts, expect_lost=[507]) as office:
    ids(office)
"""
MISTAKES = """
with mock.MockServer() as server, server.tenant(clock="frozen") as office:
    office.wait("turned-away")
    office.faults.arm(staus=503)
    server.tenant(accounts=[507])
"""


def test_the_package_has_the_names_in_all_and_no_others() -> None:
    for name in NAMES - {"Outcome"}:  # a union of texts has no name
        assert getattr(superoffice_mock, name).__name__ == name
    assert {*dir(superoffice_mock)} > NAMES
    with pytest.raises(AttributeError, match="no attribute 'MokServer'"):
        _ = superoffice_mock.MokServer  # type: ignore[attr-defined]


def test_all_types_that_a_test_gets_or_gives_can_be_imported_from_the_package() -> None:
    seen: set[object] = set()
    waiting = [getattr(superoffice_mock, name) for name in NAMES]
    while waiting:
        value = waiting.pop()
        new = {type_ for hint in hints(value) for type_ in own_types(hint)} - seen - NOT_FOR_TESTS
        assert {type_.__name__ for type_ in new} <= NAMES, value
        seen |= new
        waiting += new
    assert {superoffice_mock.Step, superoffice_mock.ExpiringCredentials} < seen


def hints(value: Any) -> Iterator[Any]:
    """Yield the types in the annotations of *value* and its public members."""
    members = [value, *(part for name, part in inspect.getmembers(value) if name[0] != "_")]
    for member in members:
        part = member.fget if isinstance(member, property) else member
        if isinstance(part, type) or inspect.isfunction(part):
            try:
                yield from typing.get_type_hints(part).values()
            except NameError:
                assert part.__name__ in ("create_app", "schedules", "served"), part


def own_types(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and hint.__module__.startswith("superoffice_"):
        yield hint
    for part in typing.get_args(hint):
        yield from own_types(part)


@pytest.mark.slow
def test_a_strict_type_checker_accepts_a_program_and_finds_its_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    for program, errors in ((PROGRAM, 0), (PROGRAM + MISTAKES, 4)):
        path.write_text(program)
        command = [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            str(tmp_path),
            str(path),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        lines = [line for line in done.stdout.splitlines() if ": error: " in line]
        assert len(lines) == errors, done.stdout + done.stderr
        assert all(line.startswith("program.py:") for line in lines)
