"""Checks the requests in a HAR against the contract, and converts them to calls."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final
from urllib.parse import parse_qsl, unquote

from superoffice_contract.bodies.content_type import MediaType
from superoffice_contract.bodies.decode import READERS, find_body
from superoffice_contract.bodies.problems import find_problems
from superoffice_contract.bodies.values import BodyNotes
from superoffice_contract.errors import InvalidBody
from superoffice_contract.grading import credentials
from superoffice_contract.grading.calls import (
    TURNED_AWAY_AFTER,
    Assessment,
    Call,
    Violation,
    find_operation,
    method_violations,
    parse_address,
    until_response,
)
from superoffice_contract.har import CLIENT_ABORT, Entry, describe_inexact_times
from superoffice_contract.messages import SECRET_HEADERS, quote_name
from superoffice_contract.openapi.operations import NO_BODY, Operation
from superoffice_contract.operations.accounts import no_accounts
from superoffice_contract.operations.registry import ACCOUNTS, SYNCS, THROTTLED
from superoffice_contract.operations.sync_state import (
    READY,
    due_accounts,
    find_fetch,
    read_answer,
)

MAX_BODY_PROBLEMS: Final = 5
_TYPE_UNKNOWN: Final = frozenset({"media-type", "body", "undocumented-members"})
_BODY_UNKNOWN: Final = frozenset({"body", "undocumented-members"})


def read_calls(
    entries: Sequence[Entry], judged: Sequence[Operation] | None = None
) -> tuple[Call, ...]:
    """Return the calls in *entries*, in order of time, or as recorded if times do not tell it.

    They are those of the operations in *judged*, see `find_operation`.
    """
    time_problem = describe_inexact_times([entry.started_at for entry in entries])
    known = [
        (entry, operation)
        for entry in entries
        if (operation := find_operation(entry.method, unquote(entry.url.path), judged))
    ]
    # A tool that took the credentials out of one call took them out of all.
    are_recorded = not any(
        operation.security and credentials.are_taken_out(entry.header_values, entry.status)
        for entry, operation in known
    )
    calls = [
        _read_call(entry, operation, time_problem, are_recorded=are_recorded)
        for entry, operation in known
    ]
    return tuple(sorted(calls, key=lambda call: call.at or 0.0))


def _read_call(
    entry: Entry, operation: Operation, time_problem: str | None, *, are_recorded: bool
) -> Call:
    """Convert *entry* to a call of *operation*, and check the request in it."""
    path = unquote(entry.url.path)
    address = parse_address(path, operation)
    accounts, body_assessment = _assess_body(entry, operation)
    credentials_assessment = (
        credentials.assess_credentials(
            entry.header_values, online=address.online, are_recorded=are_recorded
        )
        if operation.security
        else Assessment()
    )
    violations = (
        *method_violations(entry.method, operation),
        *address.violations,
        *credentials_assessment.violations,
        *_query_violations(entry, operation),
        *body_assessment.violations,
    )
    unchecked = credentials_assessment.unchecked | body_assessment.unchecked
    is_sync = operation.name in SYNCS - THROTTLED
    is_told = entry.status == 200 and entry.answer is not None
    answer = read_answer(operation, entry.answer_type, entry.answer or b"") if is_told else None
    return Call(
        id=f"entries[{entry.index}]",
        time=entry.started_text if entry.started_at is not None else "",
        tenant=f"{address.tenant} at {_host(entry)}",
        method=entry.method,
        path=path,
        at=entry.started_at if time_problem is None else None,
        time_problem=time_problem,
        elapsed=until_response(entry.elapsed_seconds, entry.receive_seconds),
        latency=until_response(entry.request_seconds, entry.receive_seconds),
        status=entry.status or None,
        gave_up=_gave_up(entry),
        accounts=accounts,
        synced=accounts if is_sync and entry.status == 204 else (),
        assessment=Assessment(violations, unchecked),
        operation=operation.name,
        client=[entry.header_values(name) for name in SECRET_HEADERS],
        question=(operation.name, entry.url.query, entry.body),
        due=due_accounts(answer) if operation.name == READY else None,
        fetch=find_fetch(answer),
    )


def _host(entry: Entry) -> str:
    """Return host and port, without a user and password in the URL."""
    port = entry.url.port
    return f"{entry.url.hostname}:{port}" if port else f"{entry.url.hostname}"


def _gave_up(entry: Entry) -> bool | None:
    """Return whether the client disconnected within a second; None if that is unknown."""
    if entry.status:
        return False
    # Without a reason, nothing shows that the call was sent at all.
    if entry.elapsed_seconds is None or not CLIENT_ABORT.search(entry.error or ""):
        return None
    return entry.elapsed_seconds < TURNED_AWAY_AFTER


def _query_violations(entry: Entry, operation: Operation) -> Iterator[Violation]:
    for name, value in parse_qsl(entry.url.query, keep_blank_values=True):
        if name.lower() not in operation.query:
            # A single word is not repeated as a name: it may be a secret, such as padded base64.
            text = quote_name(name, "a name") if value.strip("=") else "a name"
            what = f"{text} in the query is not documented; leave it out"
            yield Violation("undocumented-members", what, ("query-names", "select-param"))


# ---- the body --------------------------------------------------------------------------------


def _assess_body(entry: Entry, operation: Operation) -> tuple[tuple[int, ...], Assessment]:
    """Return the accounts in the body, if it can be read, and the assessment of the body."""
    bodies = operation.bodies
    is_absent = entry.body is None and entry.is_bodiless
    is_empty = is_absent or entry.body in (*NO_BODY, *(body.decode() for body in NO_BODY))
    if not bodies or (is_empty and not operation.body_required):
        return (), Assessment()
    if is_absent:
        what = f"there is no body; send one, as {', '.join(bodies)}"
        return (), Assessment((Violation("body", what, ("body-required", "request-body")),))
    if any(entry.header_values("content-encoding")):
        what = "the body has a Content-Encoding; send it plain"
        violation = Violation("media-type", what, ("content-encoding",))
        return (), Assessment((violation,), _BODY_UNKNOWN)
    if entry.media_type is None and (entry.body is None or not entry.headers):  # not on record
        return (), Assessment(unchecked=_TYPE_UNKNOWN)
    try:
        media_type, _ = find_body(bodies, entry.media_type)
    except InvalidBody as error:
        return (), Assessment((_violation("media-type", error),), _BODY_UNKNOWN)
    if entry.body is None:
        return (), Assessment(unchecked=_BODY_UNKNOWN)
    return _read_body(entry.body, media_type, operation)


def _violation(check: str, error: InvalidBody) -> Violation:
    return Violation(check, str(error), error.claims)


def _read_body(
    content: str | bytes, media_type: MediaType, operation: Operation
) -> tuple[tuple[int, ...], Assessment]:
    body, notes = operation.bodies[media_type.name], BodyNotes(hide_text=True)
    try:
        value = READERS[media_type.name](*_encode(content, media_type.charset), body.shape, notes)
    except InvalidBody as error:
        if "\ufffd" in str(content):  # the recorder decoded bytes as UTF-8 and lost them
            return (), Assessment(unchecked=_BODY_UNKNOWN)
        return (), Assessment((_violation("body", error),))
    problems = tuple(islice(find_problems(value, body, notes), MAX_BODY_PROBLEMS))
    violations = (_violation("body", problem) for problem in problems)
    assessment = Assessment((*violations, *_unknown_member_violations(notes)))
    if problems:
        return (), assessment
    accounts = ACCOUNTS.get(operation.name, no_accounts)(body.convert(value), {})
    return tuple(account.id for account in accounts), assessment


def _encode(content: str | bytes, charset: str | None) -> tuple[bytes, str | None]:
    """Return the bytes of a recorded body and their charset; text was decoded by the recorder."""
    if isinstance(content, bytes):
        return content, charset
    encoding = charset or "utf-8"
    return content.removeprefix("\ufeff").encode(encoding, "replace"), encoding


def _unknown_member_violations(notes: BodyNotes) -> Iterator[Violation]:
    for where, name in dict.fromkeys(notes.unknown_members):
        member = notes.quote(name, "a member")
        what = f"{where}/{member} is not documented and has no effect; leave it out"
        yield Violation("undocumented-members", what, ("unknown-members",))
