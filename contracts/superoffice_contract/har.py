"""HAR 1.2 -> entries: plain values of what browsers, proxies and test tools record."""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec

from superoffice_contract import archive
from superoffice_contract.archive import MAX_BYTES, Archive, Member, member
from superoffice_contract.grading.calls import TrafficError

__all__ = ["MAX_BYTES", "Entry", "Member", "load", "read"]

_BEFORE_SENDING: Final = ("blocked", "dns", "connect")


class Entry(msgspec.Struct, frozen=True):
    """One exchange as it was recorded; header names in lower case, times in seconds.

    *body* is bytes or text, whichever the tool kept; None where there was none or none was kept,
    and then *announced* is how long it was, if that is known. *waited* leaves out what the client
    spent on queueing and connecting; *received* is what it spent after the answer had begun.
    """

    index: int
    started: str
    at: float | None
    elapsed: float | None
    waited: float | None
    method: str
    url: SplitResult
    headers: tuple[tuple[str, str], ...]
    media_type: str | None
    body: bytes | str | None
    announced: int | None
    status: int
    failed: str | None
    received: float = 0.0

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*."""
        return tuple(value for other, value in self.headers if other == name)


def load(path: str) -> tuple[Entry, ...]:
    """Read the HAR at *path*. Raise TrafficError, one line, if it is none."""
    found = archive.load(path)
    try:
        return entries(found)
    except TrafficError as error:
        msg = f"{path}: {error}"
        raise TrafficError(msg) from None


def read(raw: bytes) -> tuple[Entry, ...]:
    """Return the entries in *raw*. Raise TrafficError if it is no HAR 1.2."""
    return entries(archive.read(raw))


def entries(found: Archive) -> tuple[Entry, ...]:
    """Return the entries in *found*. Raise TrafficError for one without method and URL."""
    return tuple(_entry(i, found.place(i), one) for i, one in enumerate(found.entries))


def _entry(index: int, of: str, entry: object) -> Entry:
    request = member(entry, "request", of)
    members: Member = entry if isinstance(entry, dict) else {}
    response, timings = (object_of(members.get(name)) for name in ("response", "timings"))
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        msg = f"{of}.request: expected a method and a url, both strings"
        raise TrafficError(msg)
    started = text_of(members.get("startedDateTime"))
    elapsed, idle = _elapsed(members, timings), _spent(timings, _BEFORE_SENDING)
    headers = _headers(request)
    post_data = object_of(request.get("postData"))
    return Entry(
        index=index,
        started=started,
        at=_moment(started),
        elapsed=elapsed,
        waited=None if elapsed is None else max(elapsed - idle, 0.0),
        method=method.upper(),
        url=_url(url, of),
        headers=headers,
        media_type=_media_type(headers, post_data),
        body=_body(post_data, request.get("bodySize")),
        announced=_announced(headers, request.get("bodySize")),
        status=status if type(status := response.get("status")) is int and status > 0 else 0,
        failed=_failure(response, members),
        received=_received(timings),
    )


def _failure(response: Member, entry: Member) -> str | None:
    """Return how the tool calls what went wrong: browsers write `_error`, Playwright another."""
    told = (response.get("_error"), response.get("_failureText"), entry.get("_error"))
    return next(filter(None, map(text_of, told)), None)


def object_of(value: object) -> Member:
    """Return *value* if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str:
    """Return *value* if it is text, else none."""
    return value if isinstance(value, str) else ""


def objects_of(value: object) -> Iterator[Member]:
    """Yield the objects in *value*, if it is an array."""
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _url(url: str, of: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at here, as it is parsed late
    except ValueError:
        msg = f"{of}.request.url: this is no URL"
        raise TrafficError(msg) from None
    return parts


# ---- headers and body ------------------------------------------------------------------------


def headers_of(message: Member) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request or response, names in lower case."""
    return tuple(
        (text_of(one.get("name")).lower().strip(), text_of(one.get("value")).strip())
        for one in objects_of(message.get("headers"))
    )


def _headers(request: Member) -> tuple[tuple[str, str], ...]:
    """Return the headers; cookies that the tool lists beside them become one more."""
    headers = headers_of(request)
    cookies = [
        f"{text_of(one.get('name'))}={text_of(one.get('value'))}"
        for one in objects_of(request.get("cookies"))
    ]
    if cookies and not any(name == "cookie" for name, _ in headers):
        return (*headers, ("cookie", "; ".join(cookies)))
    return headers


def _media_type(headers: tuple[tuple[str, str], ...], post_data: Member) -> str | None:
    sent = next((value for name, value in headers if name == "content-type"), None)
    # Some tools keep no headers at all; then the type of the body is what they know.
    return sent if headers else text_of(post_data.get("mimeType")) or None


def _announced(headers: tuple[tuple[str, str], ...], size: object) -> int | None:
    sent = next((value for name, value in headers if name == "content-length"), "")
    if sent.isascii() and sent.isdecimal():
        return int(sent[:18])
    return size if type(size) is int and size >= 0 else None


def _body(post_data: Member, size: object) -> bytes | str | None:
    text = post_data.get("text")
    if not isinstance(text, str) or not text:
        pairs = [
            (text_of(one.get("name")), text_of(one.get("value")))
            for one in objects_of(post_data.get("params"))
        ]
        return urlencode(pairs) if pairs else None
    encoding = text_of(post_data.get("encoding") or post_data.get("_encoding")).lower()
    raw = decoded(text)
    # Schemathesis can keep a body as base64 and does not say so; its length tells.
    unsaid = raw is not None and len(raw) == size != len(text.encode("utf-8", "replace"))
    return raw if raw is not None and (encoding == "base64" or unsaid) else text


def decoded(text: str) -> bytes | None:
    """Return the bytes of which *text* is the base64; None if it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


# ---- times -----------------------------------------------------------------------------------


def _moment(text: str) -> float | None:
    """Return ISO 8601 as seconds since 1970; a time without a zone counts as UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _elapsed(entry: Member, timings: Member) -> float | None:
    if (total := _milliseconds(entry.get("time"))) is not None:
        return total
    known = ("send", "wait", "receive", *_BEFORE_SENDING)
    return _spent(timings, known) if _milliseconds(timings.get("wait")) is not None else None


def _received(timings: Member) -> float:
    """Return the seconds after the answer had begun; some tools count all of its time there."""
    waited = _milliseconds(timings.get("wait")) or 0.0
    return (_milliseconds(timings.get("receive")) or 0.0) if waited > 0 else 0.0


def _spent(timings: Member, phases: tuple[str, ...]) -> float:
    return sum(_milliseconds(timings.get(one)) or 0.0 for one in phases)


def _milliseconds(value: object) -> float | None:
    """Return *value* in seconds; -1 means that it does not apply."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return float(value) / 1000 if known and isinstance(value, int | float) else None
