"""HAR 1.2 -> entries: plain values of what browsers, proxies and test tools record."""

import base64
import binascii
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec

from superoffice_contract.calls import TrafficError

MAX_BYTES: Final = 64 * 1024 * 1024
VERSION: Final = "1.2"
_BEFORE_SENDING: Final = ("blocked", "dns", "connect")

Member = Mapping[str, Any]


class Entry(msgspec.Struct, frozen=True):
    """One exchange as it was recorded; header names in lower case, times in seconds.

    *body* is bytes or text, whichever the tool kept; None where there was none or none was kept,
    and then *announced* is how long it was, if that is known. *waited* leaves out what the client
    spent on queueing and connecting.
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

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*."""
        return tuple(value for other, value in self.headers if other == name)


def load(path: str) -> tuple[Entry, ...]:
    """Read the HAR at *path*. Raise TrafficError, one line, if it is none."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise TrafficError(msg) from None
    try:
        return read(raw)
    except TrafficError as error:
        msg = f"{path}: {error}"
        raise TrafficError(msg) from None


def read(raw: bytes) -> tuple[Entry, ...]:
    """Return the entries in *raw*. Raise TrafficError if it is no HAR 1.2."""
    if len(raw) > MAX_BYTES:
        msg = f"larger than {MAX_BYTES // 1024 // 1024} MiB; record the calls of interest alone"
        raise TrafficError(msg)
    log = _member(_document(raw), "log", "the file")
    version = str(log.get("version", "nothing"))[:20]
    if version != VERSION:
        msg = f"log.version: expected {VERSION}, got {version}"
        raise TrafficError(msg)
    entries = log.get("entries")
    if not isinstance(entries, list):
        msg = "log.entries: expected an array; this is no HAR"
        raise TrafficError(msg)
    return tuple(_entry(index, one) for index, one in enumerate(entries))


def _document(raw: bytes) -> Any:  # noqa: ANN401 - JSON
    marked = raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    try:
        return json.loads(raw.decode("utf-16" if marked else "utf-8-sig"))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        msg = f"not JSON at {place} ({error.msg}); no HAR, or cut short"
        raise TrafficError(msg) from None
    except (ValueError, RecursionError):  # bytes that are no text, endless digits or nesting
        msg = "not JSON; no HAR, or damaged"
        raise TrafficError(msg) from None


def _member(parent: object, name: str, of: str) -> Member:
    found = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        msg = f"{of} has no object {name!r}; this is no HAR"
        raise TrafficError(msg)
    return found


def _entry(index: int, entry: object) -> Entry:
    of = f"log.entries[{index}]"
    request = _member(entry, "request", of)
    members: Member = entry if isinstance(entry, dict) else {}
    response, timings = (_object(members.get(name)) for name in ("response", "timings"))
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        msg = f"{of}.request: expected a method and a url, both strings"
        raise TrafficError(msg)
    started = _text(members.get("startedDateTime"))
    elapsed, idle = _elapsed(members, timings), _spent(timings, _BEFORE_SENDING)
    headers = _headers(request)
    post_data = _object(request.get("postData"))
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
        status=status if type(status := response.get("status")) is int else 0,
        failed=_text(response.get("_error") or members.get("_error")) or None,
    )


def _object(value: object) -> Member:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _objects(value: object) -> Iterator[Member]:
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


def _headers(request: Member) -> tuple[tuple[str, str], ...]:
    """Return the headers; cookies that the tool lists beside them become one more."""
    headers = tuple(
        (_text(one.get("name")).lower().strip(), _text(one.get("value")).strip())
        for one in _objects(request.get("headers"))
    )
    cookies = [
        f"{_text(one.get('name'))}={_text(one.get('value'))}"
        for one in _objects(request.get("cookies"))
    ]
    if cookies and not any(name == "cookie" for name, _ in headers):
        return (*headers, ("cookie", "; ".join(cookies)))
    return headers


def _media_type(headers: tuple[tuple[str, str], ...], post_data: Member) -> str | None:
    sent = next((value for name, value in headers if name == "content-type"), None)
    # Some tools keep no headers at all; then the type of the body is what they know.
    return sent if headers else _text(post_data.get("mimeType")) or None


def _announced(headers: tuple[tuple[str, str], ...], size: object) -> int | None:
    sent = next((value for name, value in headers if name == "content-length"), "")
    if sent.isascii() and sent.isdecimal():
        return int(sent[:18])
    return size if type(size) is int and size >= 0 else None


def _body(post_data: Member, size: object) -> bytes | str | None:
    text = post_data.get("text")
    if not isinstance(text, str) or not text:
        pairs = [
            (_text(one.get("name")), _text(one.get("value")))
            for one in _objects(post_data.get("params"))
        ]
        return urlencode(pairs) if pairs else None
    encoding = _text(post_data.get("encoding") or post_data.get("_encoding")).lower()
    raw = _decoded(text)
    # Schemathesis can keep a body as base64 and does not say so; its length tells.
    unsaid = raw is not None and len(raw) == size != len(text.encode("utf-8", "replace"))
    return raw if raw is not None and (encoding == "base64" or unsaid) else text


def _decoded(text: str) -> bytes | None:
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


def _spent(timings: Member, phases: tuple[str, ...]) -> float:
    return sum(_milliseconds(timings.get(one)) or 0.0 for one in phases)


def _milliseconds(value: object) -> float | None:
    """Return *value* in seconds; -1 means that it does not apply."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return float(value) / 1000 if known and isinstance(value, int | float) else None
