"""Recorded requests held against the contract: entries of a HAR -> calls."""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl, unquote

from superoffice_contract.grading import bodies, credentials
from superoffice_contract.grading.bodies import Unreadable
from superoffice_contract.grading.calls import (
    NO_CALLS,
    Call,
    Judged,
    Mistake,
    address,
    concerns,
    operation,
    verb,
)
from superoffice_contract.har import Entry
from superoffice_contract.messages import quote_name
from superoffice_contract.openapi import charsets
from superoffice_contract.openapi.charsets import CHARSETS

GAVE_UP_BEFORE: Final = 1.0  # claim busy-second
_LEFT: Final = re.compile(r"abort|cancel|time.?d?.?out", re.IGNORECASE)
"""How browsers call it when the caller left; any other error of theirs is the network's."""


def calls(entries: Sequence[Entry]) -> tuple[Call, ...]:
    """Return the calls among *entries*, oldest first where all have a time, else as recorded."""
    found = [
        call(one)
        for one in entries
        if concerns(unquote(one.url.path)) and one.method not in NO_CALLS
    ]
    if any(one.at is None for one in found):
        return tuple(found)
    return tuple(sorted(found, key=lambda one: one.at or 0.0))


def call(entry: Entry) -> Call:
    """Judge one request."""
    path = unquote(entry.url.path)
    place = address(path)
    content, about_body = _content(entry)
    about_caller = credentials.judged(entry.all, entry.status, online=place.online)
    mistakes = (
        *(*verb(entry.method), *place.mistakes),
        *about_caller.mistakes,
        *about_body.mistakes,
        *_unknown(entry, content),
    )
    return Call(
        id=f"entries[{entry.index}]",
        time=entry.started if entry.at is not None else "",
        tenant=f"{place.tenant} at {_host(entry)}",
        method=entry.method,
        path=path,
        at=entry.at,
        elapsed=_until_answered(entry),
        latency=entry.waited,
        status=entry.status or None,
        gave_up=_gave_up(entry),
        accounts=content.accounts if content else (),
        judged=Judged(mistakes, about_caller.unjudged | about_body.unjudged),
    )


def _host(entry: Entry) -> str:
    """Return host and port, without the user and password that a URL may carry."""
    port = entry.url.port
    return f"{entry.url.hostname}:{port}" if port else f"{entry.url.hostname}"


def _until_answered(entry: Entry) -> float | None:
    """Return the seconds until the answer had begun: the app goes on then, the browser later."""
    return None if entry.elapsed is None else max(entry.elapsed - entry.received, 0.0)


def _gave_up(entry: Entry) -> bool | None:
    """Tell whether the caller left within its first second; None where nobody knows."""
    if entry.status:
        return False
    if entry.elapsed is None or (entry.failed and not _LEFT.search(entry.failed)):
        return None
    return entry.elapsed < GAVE_UP_BEFORE


def _unknown(entry: Entry, content: bodies.Content | None) -> Iterator[Mistake]:
    known = operation().query_names
    for name, value in parse_qsl(entry.url.query, keep_blank_values=True):
        if name.lower() not in known:
            # A lone word is not told as a name: it may be a secret, perhaps padded base64.
            told = quote_name(name, "a name") if value.strip("=") else "a name"
            what = f"{told} in the query is not documented; leave it out"
            yield Mistake("undocumented-members", what, ("query-names", "select-param"))
    for where in content.unknown if content else ():
        what = f"{where} is not documented and has no effect; leave it out"
        yield Mistake("undocumented-members", what, ("unknown-members",))


# ---- the body --------------------------------------------------------------------------------

_UNKNOWN_TYPE: Final = frozenset({"media-type", "body", "undocumented-members"})
_UNKNOWN_BODY: Final = frozenset({"body", "undocumented-members"})


def _content(entry: Entry) -> tuple[bodies.Content | None, Judged]:
    """Return what is in the body, and what is wrong with it or can't be told."""
    if entry.body is None and _is_empty(entry):
        what = f"there is no body; send one, as {', '.join(operation().bodies)}"
        return None, Judged((Mistake("body", what, ("body-required", "request-body")),))
    wrong = _of_type(entry)
    if entry.media_type is None and not wrong:
        return None, Judged(unjudged=_UNKNOWN_TYPE)
    if entry.body is None or wrong:
        return None, Judged(wrong, _UNKNOWN_BODY)
    try:
        content = _read(entry)
    except Unreadable as error:
        if "\ufffd" in str(entry.body):  # bytes that the recorder took for UTF-8 text are gone
            return None, Judged(unjudged=_UNKNOWN_BODY)
        return None, Judged((Mistake("body", f"{error.what}", error.claims),))
    mistakes = (Mistake("body", one, ("body-shape", "account-id-int32")) for one in content.wrong)
    return content, Judged(tuple(mistakes))


def _is_empty(entry: Entry) -> bool:
    """Tell whether there was no body, rather than none recorded: a call let in had one."""
    if entry.announced is not None:
        return entry.announced == 0
    return 400 <= entry.status < 500


def _of_type(entry: Entry) -> tuple[Mistake, ...]:
    if any(entry.all("content-encoding")):
        what = "the body has a Content-Encoding; send it plain"
        return (Mistake("media-type", what, ("content-encoding",)),)
    if entry.media_type is None:
        # Without any header on record nobody knows what was sent.
        return () if not entry.headers else (_no_type("Content-Type is missing"),)
    if _media_type(entry) not in operation().bodies:
        kind = quote_name(_media_type(entry), "this")
        return (_no_type(f"{kind} is not documented"),)
    named = _charset_named(entry)
    if named is not None and named not in CHARSETS:
        what = "the charset of Content-Type is not known; send utf-8, utf-16 or iso-8859-1"
        return (Mistake("media-type", what, ("charset", "charset-unknown")),)
    return ()


def _no_type(what: str) -> Mistake:
    types = ", ".join(operation().bodies)
    return Mistake(
        "media-type", f"{what}; send one of {types}", ("media-types", "media-type-other")
    )


def _media_type(entry: Entry) -> str:
    return (entry.media_type or "").partition(";")[0].strip().lower()


def _charset_named(entry: Entry) -> str | None:
    return charsets.named(entry.media_type or "")


def _read(entry: Entry) -> bodies.Content:
    kind = _media_type(entry)
    return bodies.content(_text(entry), kind, operation().bodies[kind])


def _text(entry: Entry) -> str:
    if not isinstance(entry.body, bytes):
        return (entry.body or "").removeprefix("\ufeff")
    charset = CHARSETS[_charset_named(entry) or "utf-8"]
    body, encoding = charsets.unmarked(entry.body, charset)
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        msg = f"the body is not {encoding}, which its Content-Type names; send it as that"
        raise Unreadable(msg, "charset", "charset-broken") from None
