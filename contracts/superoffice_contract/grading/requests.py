"""Checks the requests in a HAR against the contract, and converts them to calls."""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl, unquote

from superoffice_contract.grading import bodies, credentials
from superoffice_contract.grading.bodies import UnreadableBody
from superoffice_contract.grading.calls import (
    Assessment,
    Call,
    Violation,
    is_call_path,
    method_violations,
    operation,
    parse_address,
)
from superoffice_contract.har import Entry
from superoffice_contract.messages import quote_name
from superoffice_contract.openapi import charsets
from superoffice_contract.openapi.charsets import CHARSETS
from superoffice_contract.openapi.operations import SAFE_METHODS

GAVE_UP_BEFORE: Final = 1.0  # claim busy-second
_CLIENT_ABORT: Final = re.compile(r"abort|cancel|time.?d?.?out", re.IGNORECASE)
"""What browsers record when the client disconnected. Any other error is one of the network."""
_TYPE_UNKNOWN: Final = frozenset({"media-type", "body", "undocumented-members"})
_BODY_UNKNOWN: Final = frozenset({"body", "undocumented-members"})


def read_calls(entries: Sequence[Entry]) -> tuple[Call, ...]:
    """Return the calls in *entries*, in order of time, or as recorded if a time is missing."""
    calls = [
        read_call(entry)
        for entry in entries
        if is_call_path(unquote(entry.url.path)) and entry.method not in SAFE_METHODS
    ]
    if any(call.at is None for call in calls):
        return tuple(calls)
    return tuple(sorted(calls, key=lambda call: call.at or 0.0))


def read_call(entry: Entry) -> Call:
    """Convert *entry* to a call, and check the request in it."""
    path = unquote(entry.url.path)
    address = parse_address(path)
    content, body_assessment = _assess_body(entry)
    credentials_assessment = credentials.assess_credentials(
        entry.header_values, entry.status, online=address.online
    )
    violations = (
        *method_violations(entry.method),
        *address.violations,
        *credentials_assessment.violations,
        *body_assessment.violations,
        *_unknown_name_violations(entry, content),
    )
    unchecked = credentials_assessment.unchecked | body_assessment.unchecked
    return Call(
        id=f"entries[{entry.index}]",
        time=entry.started_text if entry.started_at is not None else "",
        tenant=f"{address.tenant} at {_host(entry)}",
        method=entry.method,
        path=path,
        at=entry.started_at,
        elapsed=_seconds_to_response(entry),
        latency=entry.request_seconds,
        status=entry.status or None,
        gave_up=_gave_up(entry),
        accounts=content.accounts if content else (),
        assessment=Assessment(violations, unchecked),
    )


def _host(entry: Entry) -> str:
    """Return host and port, without a user and password in the URL."""
    port = entry.url.port
    return f"{entry.url.hostname}:{port}" if port else f"{entry.url.hostname}"


def _seconds_to_response(entry: Entry) -> float | None:
    """Return the seconds until the response began, which is when the app continues."""
    if entry.elapsed_seconds is None:
        return None
    return max(entry.elapsed_seconds - entry.receive_seconds, 0.0)


def _gave_up(entry: Entry) -> bool | None:
    """Return whether the client disconnected within a second; None if that is unknown."""
    if entry.status:
        return False
    if entry.elapsed_seconds is None or (entry.error and not _CLIENT_ABORT.search(entry.error)):
        return None
    return entry.elapsed_seconds < GAVE_UP_BEFORE


def _unknown_name_violations(
    entry: Entry, content: bodies.BodyContent | None
) -> Iterator[Violation]:
    for name, value in parse_qsl(entry.url.query, keep_blank_values=True):
        if name.lower() not in operation().query_names:
            # A single word is not repeated as a name: it may be a secret, such as padded base64.
            text = quote_name(name, "a name") if value.strip("=") else "a name"
            what = f"{text} in the query is not documented; leave it out"
            yield Violation("undocumented-members", what, ("query-names", "select-param"))
    for where in content.unknown_members if content else ():
        what = f"{where} is not documented and has no effect; leave it out"
        yield Violation("undocumented-members", what, ("unknown-members",))


# ---- the body --------------------------------------------------------------------------------


def _assess_body(entry: Entry) -> tuple[bodies.BodyContent | None, Assessment]:
    """Return the content of the body, if it can be read, and the assessment of the body."""
    if entry.body is None and _is_empty(entry):
        what = f"there is no body; send one, as {', '.join(operation().bodies)}"
        return None, Assessment((Violation("body", what, ("body-required", "request-body")),))
    violations = _media_type_violations(entry)
    if entry.media_type is None and not violations:
        return None, Assessment(unchecked=_TYPE_UNKNOWN)
    if entry.body is None or violations:
        return None, Assessment(violations, _BODY_UNKNOWN)
    try:
        content = _read_body(entry)
    except UnreadableBody as error:
        if "\ufffd" in str(entry.body):  # the recorder decoded bytes as UTF-8 and lost them
            return None, Assessment(unchecked=_BODY_UNKNOWN)
        return None, Assessment((Violation("body", error.what, error.claims),))
    claims = ("body-shape", "account-id-int32")
    return content, Assessment(tuple(Violation("body", what, claims) for what in content.errors))


def _is_empty(entry: Entry) -> bool:
    """Return whether a missing body was never sent. A call that was accepted had one."""
    if entry.declared_length is not None:
        return entry.declared_length == 0
    return 400 <= entry.status < 500


def _media_type_violations(entry: Entry) -> tuple[Violation, ...]:
    if any(entry.header_values("content-encoding")):
        what = "the body has a Content-Encoding; send it plain"
        return (Violation("media-type", what, ("content-encoding",)),)
    if entry.media_type is None:
        # If no headers were recorded, the Content-Type is unknown.
        return () if not entry.headers else (_undocumented_type("Content-Type is missing"),)
    if _media_type(entry) not in operation().bodies:
        media_type = quote_name(_media_type(entry), "this media type")
        return (_undocumented_type(f"{media_type} is not documented"),)
    charset = _charset_name(entry)
    if charset is not None and charset not in CHARSETS:
        what = "the charset of Content-Type is not known; send utf-8, utf-16 or iso-8859-1"
        return (Violation("media-type", what, ("charset", "charset-unknown")),)
    return ()


def _undocumented_type(what: str) -> Violation:
    what = f"{what}; send one of {', '.join(operation().bodies)}"
    return Violation("media-type", what, ("media-types", "media-type-other"))


def _media_type(entry: Entry) -> str:
    return (entry.media_type or "").partition(";")[0].strip().lower()


def _charset_name(entry: Entry) -> str | None:
    return charsets.charset_parameter(entry.media_type or "")


def _read_body(entry: Entry) -> bodies.BodyContent:
    media_type = _media_type(entry)
    return bodies.read_body(_decode_text(entry), media_type, operation().bodies[media_type])


def _decode_text(entry: Entry) -> str:
    if not isinstance(entry.body, bytes):
        return (entry.body or "").removeprefix("\ufeff")
    charset = CHARSETS[_charset_name(entry) or "utf-8"]
    try:
        return charsets.decode(entry.body, charset)
    except UnicodeDecodeError as error:
        msg = (
            f"the body is not {error.encoding}, the charset in its Content-Type; encode it as that"
        )
        raise UnreadableBody(msg, "charset", "charset-broken") from None
