"""Compares a document of the vendor with the contract."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from superoffice_contract.drift import openapi_file, page
from superoffice_contract.drift.baseline import expected_facts
from superoffice_contract.drift.facts import GROUPS, DocumentFacts, ExpectedFact, Fact, agent_method
from superoffice_contract.errors import DriftError
from superoffice_contract.messages import describe_os_error, show_path
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.report import Finding, Report, Result

MAX_BYTES: Final = 8 * 1024 * 1024
_UNKNOWN_LAYOUT: Final = (
    "has no known layout; expected the vendor's page as text or Markdown, or a Swagger 2.0 or "
    "OpenAPI 3.x file in JSON or YAML"
)
# The front matter of a Markdown page may have a line that begins with `openapi:`, but no paths.
_YAML_SPEC: Final = re.compile(
    r"(?=.*^[\"']?(?:swagger|openapi)[\"']?\s*:).*^[\"']?paths[\"']?\s*:", re.MULTILINE | re.DOTALL
)


# ---- files -----------------------------------------------------------------------------------


def compare_file(file: Path) -> Report:
    """Compare *file* with the contract. Raise DriftError if it can't be read or compared."""
    operation = sync_email_accounts.operation()
    try:
        return compare(read_document(_read_bytes(file), operation), str(file), operation)
    except DriftError as error:
        msg = f"{show_path(file)}: {error}"
        raise DriftError(msg) from error


def _read_bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DriftError(describe_os_error(error)) from error
    if len(content) > MAX_BYTES:
        msg = f"is larger than {MAX_BYTES // 1024 // 1024} MiB, the limit for a page or API file"
        raise DriftError(msg)
    return content


def read_document(content: bytes, operation: Operation) -> DocumentFacts:
    """Return the facts about *operation* in a document.

    Raise DriftError if its layout or its call is another one.
    """
    text, path = _decode_text(content), operation.path
    document = _parse_spec(text)
    if document is not None:
        return openapi_file.read_spec(document, path)
    page_facts = page.read_page(text)
    if page_facts is None:
        raise DriftError(_UNKNOWN_LAYOUT)
    values = {fact.id: fact.value for fact in page_facts.facts}
    if agent_method(values["path"]).lower() != agent_method(path).lower():
        call = f"{values['method']} {values['path']}"
        msg = f"describes {call}; expected the page of Agents/{agent_method(path)}"
        raise DriftError(msg)
    return page_facts


def _decode_text(content: bytes) -> str:
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"is not text: byte {error.start} is not valid {error.encoding}"
        raise DriftError(msg) from error
    if "\0" in text:
        msg = "is not text: it contains NUL characters"
        raise DriftError(msg)
    if not text.strip():
        msg = "is empty"
        raise DriftError(msg)
    return text


def _parse_spec(text: str) -> dict[str, Any] | None:
    """Return the specification in *text*, or None if it looks like a page."""
    is_json = text.lstrip().startswith("{")
    if not is_json and not _YAML_SPEC.match(text):
        return None
    # BaseLoader keeps every scalar as text: 204 stays a name, and merge keys are not expanded.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        document: Any = json.loads(text) if is_json else yaml.load(text, Loader=loader)  # noqa: S506
    except json.JSONDecodeError as error:
        msg = f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        msg = f"is not YAML:{where} {error.problem}"
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        layout = "JSON" if is_json else "YAML"
        msg = f"can't be read as {layout}: {str(error).splitlines()[0]}"
    else:
        spec: dict[str, Any] = document if isinstance(document, dict) else {}
        if str(spec.get("swagger") or spec.get("openapi")).startswith(("2.", "3.")):
            return spec
        msg = _UNKNOWN_LAYOUT
    raise DriftError(msg)


# ---- comparison ------------------------------------------------------------------------------


def compare(document: DocumentFacts, title: str, operation: Operation) -> Report:
    """Return the differences between *document* and *operation*, one result for each group."""
    contract = expected_facts(document.kind, operation)
    results = tuple(_compare_group(group, document, contract) for group in GROUPS)
    counts = (("layout", document.layout), ("facts read", str(len(document.facts))))
    return Report("drift", results, counts, subject=title)


def _compare_group(
    group: str, document: DocumentFacts, contract: tuple[ExpectedFact, ...]
) -> Result:
    expected = {fact.id: fact for fact in contract if fact.group == group}
    actual = [fact for fact in document.facts if fact.group == group]
    if not expected and not actual:
        return Result(group, "skipped", reason="this layout has no such part")
    findings = (
        *_additions_and_changes(actual, expected),
        *_removals(actual, expected, document.group_places.get(group, "")),
    )
    ids = tuple(dict.fromkeys(id_ for fact in expected.values() for id_ in fact.claims))
    return Result(group, "failed" if findings else "passed", ids, findings)


def _additions_and_changes(
    actual: list[Fact], expected: dict[str, ExpectedFact]
) -> Iterator[Finding]:
    """Yield the facts that the contract lacks or states with another value."""
    for fact in dict.fromkeys(actual):
        contract, owner = expected.get(fact.id), expected.get(fact.owner)
        if fact.undefined:
            yield Finding(fact.place, f"undefined: {fact.id}: {fact.value}")
        elif contract is None and (owner or not fact.owner):
            text = f"{fact.id} = {fact.value}" if fact.value else fact.id
            known = owner.claims if owner else tuple(filter(None, [GROUPS[fact.group]]))
            claims = fact.claims or known
            yield Finding(fact.place, f"added: {text}", claims)
        elif contract and fact.value != contract.value:
            was, now = contract.value or "nothing", fact.value or "nothing"
            what = f"changed: {contract.label or contract.id}: {now} instead of {was}"
            yield Finding(fact.place, what, contract.claims)


def _removals(
    actual: list[Fact], expected: dict[str, ExpectedFact], place: str
) -> Iterator[Finding]:
    """Yield the facts in the contract that the document lacks.

    If something in the document is undefined, it may be any of them.
    """
    if any(fact.undefined for fact in actual):
        return
    ids = {fact.id for fact in actual}
    for fact in expected.values():
        if fact.id not in ids and not fact.inferred:
            yield Finding(place, f"removed: {fact.label or fact.id}", fact.claims)
