"""Drift: what a document of the vendor says that the contract does not, and the other way round."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from superoffice_contract.drift import openapi_file, page
from superoffice_contract.drift.baseline import expected
from superoffice_contract.drift.facts import GROUPS, Expected, Fact, Reading, call_in
from superoffice_contract.errors import DriftError
from superoffice_contract.openapi import operations
from superoffice_contract.report import Finding, Report, Result

LARGEST: Final = 8 * 1024 * 1024
_KNOWN: Final = (
    "the vendor's page as text or Markdown, or a Swagger 2.0 or OpenAPI 3.x file in JSON or YAML"
)
# The front matter of a Markdown page may have a line that begins with `openapi:`, but no paths.
_IS_YAML: Final = re.compile(
    r"(?=.*^[\"']?(?:swagger|openapi)[\"']?\s*:).*^[\"']?paths[\"']?\s*:", re.MULTILINE | re.DOTALL
)


# ---- files -----------------------------------------------------------------------------------


def report(file: Path) -> Report:
    """Compare *file* with the contract. Raise DriftError if that can't be done."""
    try:
        return compare(read(_bytes(file)), str(file))
    except DriftError as error:
        msg = f"{file}: {error}"
        raise DriftError(msg) from error


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        msg = f"can't be read: {error.strerror}"
        raise DriftError(msg) from error
    if len(content) > LARGEST:
        msg = f"is larger than {LARGEST // 1024 // 1024} MiB; no page or specification is"
        raise DriftError(msg)
    return content


def read(content: bytes) -> Reading:
    """Return what the document says. Raise DriftError if it is none of the known ones."""
    text = _text(content)
    path = next(iter(operations.load().operations.values())).path
    document = _document(text)
    if document is not None:
        return openapi_file.read(document, path)
    reading = page.read(text)
    if reading is None:
        msg = f"has no known layout; expected {_KNOWN}"
        raise DriftError(msg)
    found = {fact.id: fact for fact in reading.facts}
    verb, there = found["method"].value, found["path"].value
    if call_in(there).lower() != call_in(path).lower():
        msg = f"describes {verb} {there}; expected the page of Agents/{call_in(path)}"
        raise DriftError(msg)
    return reading


def _text(content: bytes) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"is no text: byte {error.start} is not {error.encoding}"
        raise DriftError(msg) from error
    if "\0" in text:
        msg = "is no text: it has NUL characters"
        raise DriftError(msg)
    if not text.strip():
        msg = "is empty"
        raise DriftError(msg)
    return text


def _document(text: str) -> dict[str, Any] | None:
    """Return the specification in *text*, or None if it looks like a page."""
    if text.lstrip().startswith("{"):
        document = _json(text)
    elif _IS_YAML.match(text):
        document = _yaml(text)
    else:
        return None
    if not isinstance(document, dict) or not _is_known(document):
        msg = f"has no known layout; expected {_KNOWN}"
        raise DriftError(msg)
    return document


def _is_known(document: dict[str, Any]) -> bool:
    version = str(document.get("swagger") or document.get("openapi"))
    return version.startswith(("2.", "3."))


def _json(text: str) -> object:
    try:
        document: object = json.loads(text)
    except json.JSONDecodeError as error:
        msg = f"is no JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        raise DriftError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"is no JSON that can be read: {error}"
        raise DriftError(msg) from error
    return document


def _yaml(text: str) -> object:
    # BaseLoader keeps every scalar as it is written: 204 stays a name, and no merge key expands.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        document: object = yaml.load(text, Loader=loader)  # noqa: S506 - makes text, lists, dicts
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        msg = f"is no YAML:{where} {error.problem}"
        raise DriftError(msg) from error
    except (yaml.YAMLError, RecursionError) as error:
        msg = f"is no YAML that can be read: {str(error).splitlines()[0]}"
        raise DriftError(msg) from error
    return document


# ---- comparison ------------------------------------------------------------------------------


def compare(reading: Reading, title: str) -> Report:
    """Return the differences between *reading* and the contract, a result a group of facts."""
    contract = expected(reading.kind)
    results = tuple(_result(group, reading, contract) for group in GROUPS)
    counts = (("layout", reading.layout), ("facts read", str(len(reading.facts))))
    return Report(f"drift of {title}", results, counts)


def _result(group: str, reading: Reading, contract: tuple[Expected, ...]) -> Result:
    known = {one.id: one for one in contract if one.group == group}
    said = [fact for fact in reading.facts if fact.group == group]
    if not known and not said:
        return Result(group, "skipped", note="this layout does not tell")
    findings = (*_said(said, known), *_unsaid(said, known, reading.homes.get(group, "")))
    ids = tuple(dict.fromkeys(id_ for one in known.values() for id_ in one.claims))
    return Result(group, "failed" if findings else "passed", ids, findings)


def _said(said: list[Fact], known: dict[str, Expected]) -> Iterator[Finding]:
    """Yield what is new or other than the contract has it."""
    for fact in dict.fromkeys(said):
        contract = known.get(fact.id)
        if contract is None:
            shown = f"{fact.id} = {fact.value}" if fact.value else fact.id
            yield Finding(fact.place, f"added: {shown}", fact.claims or _claims_of(fact.group))
        elif fact.value != contract.value:
            was, now = contract.value or "nothing", fact.value or "nothing"
            what = f"changed: {contract.label}: {now} instead of {was}"
            yield Finding(fact.place, what, contract.claims)


def _claims_of(group: str) -> tuple[str, ...]:
    claim = GROUPS[group]
    return () if claim is None else (claim,)


def _unsaid(said: list[Fact], known: dict[str, Expected], home: str) -> Iterator[Finding]:
    """Yield what the contract has and the document has no longer."""
    ids = {fact.id for fact in said}
    for one in known.values():
        if one.id not in ids and not one.inferred:
            yield Finding(home, f"removed: {one.label}", one.claims)
