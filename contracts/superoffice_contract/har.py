"""The entries of a HAR as plain values."""

import base64
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import msgspec

from superoffice_contract import header_lines
from superoffice_contract.errors import TrafficError
from superoffice_contract.har_log import HarLog, JsonObject, object_of, objects_of, text_of
from superoffice_contract.header_lines import Headers

OWN_CREATOR: Final = "superoffice-mock"
"""Our files, on a clock that tests own, have exact times of 0; in others 0 means unknown."""
CREATORS_WITH_END_TIMES: Final = ("harfile",)
"""Creators, here that of Schemathesis, that write the time of the answer as the start time."""
CLIENT_ABORT: Final = re.compile(r"(?<!connection.)abort|cancel|time.?d?.?out", re.IGNORECASE)
"""What browsers record when the client disconnected. Any other error is one of the network."""
_PHASES_BEFORE_SENDING: Final = ("blocked", "dns", "connect")
_METHODS_WITH_A_BODY: Final = ("POST", "PUT", "PATCH")
_MAX_TIME: Final = 253_402_300_000
"""The year 9999, in seconds since 1970."""
_NOT_IN_A_URL: Final = re.compile(r"[^!-~]+")


class Entry(msgspec.Struct, frozen=True):
    """One exchange as it was recorded; header names in lower case, times in seconds.

    *index* counts all entries of the file. *body* is bytes or text, whichever the tool kept, or
    None. *declared_length* is the length of the body in bytes, if known, also of one that was not
    kept. *is_bodiless*: the file shows that there was no body. *request_seconds* is the elapsed
    time without queueing and connecting. *receive_seconds* is the time after the first byte of
    the answer. *status* is 0 if no answer is on record. *answer* is its body, if kept.
    """

    index: int
    started_text: str
    started_at: float | None
    elapsed_seconds: float | None
    request_seconds: float | None
    method: str
    url_text: str
    url: SplitResult
    headers: Headers
    media_type: str | None
    body: bytes | str | None
    declared_length: int | None
    is_bodiless: bool
    status: int
    error: str | None
    receive_seconds: float = 0.0
    answer: bytes | None = None
    answer_type: str = ""

    def header_values(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*."""
        return tuple(value for header, value in self.headers if header == name)


class ParsedEntries(msgspec.Struct, frozen=True):
    """The exchanges in a file. *notes* say what was left out or read otherwise than it stands."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


def parse_entries(log: HarLog) -> ParsedEntries:
    """Parse the entries of *log*. What can't be an exchange is left out."""
    entries: list[Entry] = []
    places: dict[str, list[str]] = {}
    for index, members in enumerate(map(object_of, log.entries)):
        where = log.describe_place(index)
        try:
            entries.append(_parse_entry(index, members))
        except TrafficError as problem:
            places.setdefault(f"left out: {problem}", []).append(where)
            continue
        for place, oddity in _find_odd_headers(members):
            places.setdefault(oddity, []).append(f"{where}.{place}")
    creator = object_of(log.log.get("creator")).get("name")
    if creator != OWN_CREATOR:
        entries = [*map(_without_zero_time, entries)]
    has_end_times = creator in CREATORS_WITH_END_TIMES
    starts = [entry.started_at for entry in entries if entry.started_at is not None]
    if has_end_times and times_are_exact(starts):
        entries = [*map(_move_to_start, entries)]
    notes = (_describe_oddity(oddity, where) for oddity, where in places.items())
    return ParsedEntries(tuple(entries), (*log.notes, *notes))


def _move_to_start(entry: Entry) -> Entry:
    if entry.started_at is None or entry.elapsed_seconds is None:
        return entry
    return msgspec.structs.replace(entry, started_at=entry.started_at - entry.elapsed_seconds)


def _find_odd_headers(entry: JsonObject) -> Iterator[tuple[str, str]]:
    for message in ("request", "response"):
        for index, header in enumerate(objects_of(object_of(entry.get(message)).get("headers"))):
            _, oddity = _split_header(header)
            if oddity:
                yield f"{message}.headers[{index}]", oddity


def _describe_oddity(oddity: str, places: Sequence[str]) -> str:
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return f"{', '.join(places[:3])}{more} {'is' if len(places) == 1 else 'are'} {oddity}"


def _find_problem(method: str, url: str, status: int) -> str | None:
    """Return why this can't be an exchange, or None."""
    if not method or not url:
        return f"it has no request with a {'URL' if method else 'method'}"
    if method == "CONNECT" or not header_lines.TOKEN.fullmatch(method):
        return "its method is not that of an exchange"
    if status and not 200 <= status <= 599:
        return f"its status, {status if status < 1000 else 'a number'}, is not that of an answer"
    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed only when it is read
    except ValueError:
        return "its URL is not valid"
    return None if parts.scheme in ("http", "https", "") else "its URL is not one of HTTP"


def _without_zero_time(entry: Entry) -> Entry:
    if entry.elapsed_seconds != 0:
        return entry
    return msgspec.structs.replace(entry, elapsed_seconds=None, request_seconds=None)


def _parse_entry(index: int, members: JsonObject) -> Entry:
    """Return the exchange in *members*. Raise TrafficError if that can't be one."""
    request, response, timings = (
        object_of(members.get(name)) for name in ("request", "response", "timings")
    )
    method = text_of(request.get("method")).strip().upper()
    # What can't be in a URL is escaped, as clients do.
    url = _NOT_IN_A_URL.sub(lambda match: quote(match[0]), text_of(request.get("url")).strip())
    status = response.get("status")
    status = status if type(status) is int and status > 0 else 0
    if problem := _find_problem(method, url, status):
        raise TrafficError(problem)
    started_text = text_of(members.get("startedDateTime"))
    total = _elapsed_seconds(members, timings)
    idle = _sum_phases(timings, _PHASES_BEFORE_SENDING)
    in_request = None if total is None else max(total - idle, 0.0)
    headers = _headers_with_cookies(request)
    post_data = object_of(request.get("postData"))
    # Browsers write `_error`, Playwright `_failureText`.
    errors = (response.get("_error"), response.get("_failureText"), members.get("_error"))
    return Entry(
        index=index,
        started_text=started_text,
        started_at=_parse_time(started_text),
        elapsed_seconds=total,
        request_seconds=in_request,
        method=method,
        url_text=url,
        url=urlsplit(url),
        headers=headers,
        media_type=_media_type(headers, post_data),
        body=_read_body(post_data, request.get("bodySize")),
        declared_length=declared_length(headers, request.get("bodySize")),
        is_bodiless=_is_bodiless(method, headers, request, status, is_ours="_mock" in members),
        status=status,
        error=next(filter(None, map(text_of, errors)), None),
        receive_seconds=_receive_seconds(timings, in_request),
        answer=_read_answer(object_of(response.get("content"))),
        answer_type=_media_type(headers_of(response), object_of(response.get("content"))) or "",
    )


# ---- headers and body ------------------------------------------------------------------------


def headers_of(message: JsonObject) -> Headers:
    """Return the headers of a request or response as they were sent, names in lower case."""
    return tuple(
        line for header in objects_of(message.get("headers")) for line in _split_header(header)[0]
    )


def _split_header(header: JsonObject) -> tuple[Headers, str | None]:
    return header_lines.split(text_of(header.get("name")), text_of(header.get("value")))


def _headers_with_cookies(request: JsonObject) -> Headers:
    """Return the headers; cookies that the tool lists separately become a Cookie header."""
    headers = headers_of(request)
    cookies = [
        f"{text_of(cookie.get('name'))}={text_of(cookie.get('value'))}"
        for cookie in objects_of(request.get("cookies"))
    ]
    if cookies and not any(name == "cookie" for name, _ in headers):
        return (*headers, *header_lines.split("cookie", "; ".join(cookies))[0])
    return headers


def _media_type(headers: Headers, post_data: JsonObject) -> str | None:
    content_type = next((value for name, value in headers if name == "content-type"), None)
    # Some tools keep no headers at all, or not all, but the type of the body.
    return text_of(post_data.get("mimeType")) or None if content_type is None else content_type


def declared_length(headers: Headers, size: object) -> int | None:
    """Return the length that the *headers* state, or the recorded *size*, if either is known."""
    length = next((value for name, value in headers if name == "content-length"), "")
    if length.isascii() and length.isdecimal():
        return int(length[:18])
    return size if type(size) is int and size >= 0 else None


def is_left_out(content: JsonObject) -> bool:
    """Return whether there was a body that the file does not hold; *content* describes it."""
    # Playwright names the file beside the HAR, or in the same zip, that holds the body.
    return content.get("_kept") is False or bool(content.get("_file") or content.get("_sha1"))


def _is_bodiless(
    method: str, headers: Headers, request: JsonObject, status: int, *, is_ours: bool
) -> bool:
    """Return whether it is on record that no body was sent.

    A call that was accepted had one, and one that was rejected for its syntax without any had none.
    """
    length, post_data = declared_length(headers, None), request.get("postData")
    if length is not None or is_left_out(object_of(post_data)):
        return length == 0
    size = declared_length((), request.get("bodySize"))
    if method not in _METHODS_WITH_A_BODY:
        return not size
    # Browsers write 0 for a body that they do not keep, and leave out its postData.
    is_known = is_ours or isinstance(post_data, dict)
    is_chunked = any(name == "transfer-encoding" for name, _ in headers)
    return (is_known and size == 0) or (status == 400 and not size and not is_chunked)


def _read_body(post_data: JsonObject, size: object) -> bytes | str | None:
    text = post_data.get("text")
    if not isinstance(text, str) or not text:
        pairs = [
            (text_of(parameter.get("name")), text_of(parameter.get("value")))
            for parameter in objects_of(post_data.get("params"))
        ]
        return urlencode(pairs) if pairs else None
    encoding = text_of(post_data.get("encoding") or post_data.get("_encoding")).lower()
    raw = decode_base64(text)
    # Schemathesis can keep a body as base64 without saying so; then only the size shows it.
    fits_size = raw is not None and len(raw) == size != len(text.encode("utf-8", "replace"))
    return raw if raw is not None and (encoding == "base64" or fits_size) else text


def _read_answer(content: JsonObject) -> bytes | None:
    text = text_of(content.get("text"))
    if content.get("encoding") == "base64":
        return decode_base64(text)
    return text.encode("utf-8", "replace") or None


def decode_base64(text: str) -> bytes | None:
    """Return the bytes that *text* encodes, or None if it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


# ---- times -----------------------------------------------------------------------------------


def times_are_exact(starts: Sequence[float | None]) -> bool:
    """Return whether *starts*, those of all entries of a file, tell order and overlap."""
    return describe_inexact_times(starts) is None


def describe_inexact_times(starts: Sequence[float | None]) -> str | None:
    """Return why *starts* do not tell order and overlap, or None if they do."""
    known = [start for start in starts if start is not None]
    if len(known) < len(starts):
        return "a start time is missing"
    if len(known) < 2:
        return None
    if len(set(known)) == 1:
        return "all start times are the same"
    for unit, seconds in (("minutes", 60), ("seconds", 1)):
        if all(start % seconds == 0 for start in known):
            return f"the start times are in whole {unit}"
    return None


def _parse_time(text: str) -> float | None:
    """Return an ISO 8601 time as seconds since 1970; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return seconds if 0 <= seconds < _MAX_TIME else None


def _elapsed_seconds(entry: JsonObject, timings: JsonObject) -> float | None:
    total, wait = _seconds(entry.get("time")), _seconds(timings.get("wait"))
    phases = _sum_phases(timings, (*_PHASES_BEFORE_SENDING, "send", "wait", "receive"))
    if total is None:
        return None if wait is None else phases
    if wait is None and "wait" in timings and total <= phases:
        return None  # Playwright's short files: it adds up the phases that it knows
    # "connect" includes "ssl", but the total of Playwright counts both.
    return min(total, phases) if wait else total


def _receive_seconds(timings: JsonObject, in_request: float | None) -> float:
    """Return the seconds after the first byte; 0 for tools that count the whole time as that."""
    wait, receive = (_seconds(timings.get(phase)) or 0.0 for phase in ("wait", "receive"))
    if wait == 0 or in_request is None:
        return 0.0
    return min(receive, max(in_request - wait, 0.0))


def _sum_phases(timings: JsonObject, phases: tuple[str, ...]) -> float:
    return sum(_seconds(timings.get(phase)) or 0.0 for phase in phases)


def _seconds(value: object) -> float | None:
    """Return *value*, in milliseconds, as seconds; None for -1, which means not applicable."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        return None
    return float(value) / 1000
