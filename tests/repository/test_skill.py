"""SKILL.md, for coding assistants, is short, and everything that it has in code exists."""

import re
from collections.abc import Iterator
from typing import Final

import click
import yaml

import superoffice_mock
from superoffice_contract.openapi.readings import READINGS
from superoffice_contract.verdict.problems import DEFAULT_KINDS, KINDS
from superoffice_mock.cli import COMMANDS, main
from superoffice_mock.cli.run import VARIABLES
from superoffice_mock.config.settings import options
from superoffice_mock.control import openapi
from superoffice_mock.control import router as control
from tests.support.documents import read

SKILL: Final = "mockserver/SKILL.md"
VENDOR: Final = "contracts/superoffice_contract/openapi/openapi.yaml"
PROGRAM: Final = "superoffice-mock "
VALUES: Final = ("[]", "?tenant=ID", "0001-01-01T00:00:00", "/api", "/api/v1", "/_mock/")
"""Code that names nothing of ours."""


def unknown_code(page: str) -> Iterator[str]:
    """Yield what *page* has in code and nothing defines, line by line."""
    words = known_words()
    calls = {call.replace(" ", " /_mock") for call in control.CALLS}
    for line in page.splitlines():
        spans = re.findall(r"`([^`]+)`", line)
        commands = [span.split()[1] for span in spans if span.startswith(PROGRAM)]
        flags = {flag for name in commands for flag in flags_of(name)}
        yield from (name for name in commands if name not in COMMANDS)
        for span in spans:
            if span.startswith((PROGRAM, "--")):
                yield from (flag for flag in re.findall(r"--\w[\w-]*", span) if flag not in flags)
            elif re.match(r"[A-Z]+ /_mock/", span):
                yield from () if span in calls else (span,)
            elif span not in VALUES and not words.issuperset(re.findall(r"[A-Za-z][\w-]*", span)):
                yield span


def flags_of(name: str) -> Iterator[str]:
    """Yield the flags of the command *name*; none if it is unknown."""
    command = main.get_command(click.Context(main), name)
    for parameter in command.params if command else ():
        yield from parameter.opts


def known_words() -> set[str]:
    """Return the names of settings, readings, kinds, members, operations and the like."""
    documents = (
        openapi.build_document(control.CALLS, needs_token=True),
        yaml.load(read(VENDOR), yaml.CSafeLoader),
    )
    paths = " ".join(control.CALLS)
    return {
        *(option.name for option in options()),
        *(*READINGS, *KINDS, *COMMANDS),
        *VARIABLES.values(),
        *("Authorization", "Bearer", "TOKEN", superoffice_mock.__name__),
        *(name for document in documents for name in names_in(document)),
        *re.findall(r"\w+", paths),
        *(name for name in dir(superoffice_mock.SuperOffice) if not name.startswith("_")),
    }


def names_in(value: object) -> Iterator[str]:
    """Yield each key and text of *value*, JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        yield from names_in([*value.values()])
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from names_in(each)


def test_the_page_for_assistants_is_short_and_names_nothing_that_does_not_exist() -> None:
    page = read(SKILL)
    assert len(page.splitlines()) <= 80
    assert [*unknown_code(page)] == []


def test_code_that_nothing_defines_is_found() -> None:
    for text, found in {
        "`superoffice-mock serv`": "serv",
        "`superoffice-mock grade FILE --jornal URL`": "--jornal",
        "`superoffice-mock grade FILE`, `--against URL`": "--against",
        "`POST /_mock/tenant`": "POST /_mock/tenant",
        "`never-caled`": "never-caled",
        '`{"untill": "idle"}`': '{"untill": "idle"}',
        "`lease.take()`": "lease.take()",
        "`SUPEROFFICE_URI`": "SUPEROFFICE_URI",
    }.items():
        assert [*unknown_code(text)] == [found]


def test_the_page_for_assistants_names_every_kind_that_fails_by_default() -> None:
    sentence = read(SKILL).partition("A verdict fails for ")[2].partition(". ")[0]
    assert tuple(re.findall(r"`([^`]+)`", sentence)) == DEFAULT_KINDS
