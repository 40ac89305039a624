"""HAR 1.2 -> entries: plain values of what browsers, proxies and test tools record."""

import base64
import binascii
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec

from superoffice_contract.errors import TrafficError
from superoffice_contract.messages import quote_name

MAX_BYTES: Final = 64 * 1024 * 1024


MAX_VALUES: Final = 5_000_000
"""How many JSON values a file may seem to hold; in memory each takes many times its length."""


VERSION: Final = "1.2"


PART_BEGINS: Final = '{"version":'
"""What a `.part` file begins with, and no HAR."""


TORN: Final = "its last line was torn and is left out"


Member = Mapping[str, Any]


class HarLog(msgspec.Struct, frozen=True):
    """The log without its entries, and those; *note* says what could not be read, if anything."""

    log: Member
    entries: tuple[Any, ...]
    in_parts: bool = False
    note: str | None = None

    def place(self, index: int) -> str:
        """Name the entry *index*, by its line in a `.part` file."""
        return f"line {index + 2}" if self.in_parts else f"log.entries[{index}]"


def load_log(path: str, max_bytes: int = MAX_BYTES) -> HarLog:
    """Read the file at *path*. Raise TrafficError, one line, if it is no HAR."""
    try:
        with Path(path).open("rb") as file:
            _check_size(Path(path).stat().st_size, max_bytes)
            raw = file.read(max_bytes + 1)
        return read_log(raw, max_bytes)
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise TrafficError(msg) from None
    except TrafficError as error:
        msg = f"{path}: {error}"
        raise TrafficError(msg) from None


def read_log(raw: bytes, max_bytes: int = MAX_BYTES) -> HarLog:
    """Return what is in *raw*. Raise TrafficError if it is no HAR 1.2."""
    _check_size(len(raw), max_bytes)
    if sum(raw.count(mark) for mark in (b",", b"{", b"[")) > MAX_VALUES:
        msg = f"more than {MAX_VALUES:,} values; record the calls of interest alone"
        raise TrafficError(msg)
    text = _text(raw)
    return _parts(text) if text.startswith(PART_BEGINS) else _whole(text)


def _check_size(size: int, most: int) -> None:
    if size > most:
        mebi = 1024 * 1024
        told = f"{most:,} bytes" if most % mebi else f"{most // mebi} MiB"
        msg = f"larger than {told}; record the calls of interest alone"
        raise TrafficError(msg)


def _text(raw: bytes) -> str:
    marked = raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        _damaged()


def _whole(text: str) -> HarLog:
    try:
        document = _value(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        msg = f"not JSON at {place} ({error.msg}); no HAR, or cut short"
        raise TrafficError(msg) from None
    log = member(document, "log", "the file")
    _check_version(log)
    entries = log.get("entries")
    if not isinstance(entries, list):
        msg = "log.entries: expected an array; this is no HAR"
        raise TrafficError(msg)
    return HarLog({k: v for k, v in log.items() if k != "entries"}, tuple(entries))


def _parts(text: str) -> HarLog:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    values: list[Any] = []
    for number, line in enumerate(lines, 1):
        try:
            values.append(_value(line))
        except json.JSONDecodeError as error:
            if number == len(lines) > 1:
                break
            msg = f"not JSON at line {number}, column {error.colno} ({error.msg}); damaged"
            raise TrafficError(msg) from None
    log = values[0]
    _check_version(log)
    torn = len(values) < len(lines)
    return HarLog(log, tuple(values[1:]), in_parts=True, note=TORN if torn else None)


def _check_version(log: Member) -> None:
    version = str(log.get("version", "nothing"))[:20]
    if version != VERSION:
        msg = f"log.version: expected {VERSION}, got {version}"
        raise TrafficError(msg)


def _value(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text, object_pairs_hook=_members)
    except (json.JSONDecodeError, TrafficError):
        raise
    except (ValueError, RecursionError):  # endless digits or nesting
        _damaged()


def _damaged() -> NoReturn:
    msg = "not JSON; no HAR, or damaged"
    raise TrafficError(msg) from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. Readers take one or the other of two equal names, so there are none."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        msg = f"an object has {quote_name(twice, 'a member')} twice; remove one"
        raise TrafficError(msg)
    return found


def member(parent: object, name: str, of: str) -> Member:
    """Return the object *name* of *parent*. Raise TrafficError if it is none."""
    found = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        msg = f"{of} has no object {name!r}; this is no HAR"
        raise TrafficError(msg)
    return found


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


def load_entries(path: str) -> tuple[Entry, ...]:
    """Read the HAR at *path*. Raise TrafficError, one line, if it is none."""
    found = load_log(path)
    try:
        return entries(found)
    except TrafficError as error:
        msg = f"{path}: {error}"
        raise TrafficError(msg) from None


def read_entries(raw: bytes) -> tuple[Entry, ...]:
    """Return the entries in *raw*. Raise TrafficError if it is no HAR 1.2."""
    return entries(read_log(raw))


def entries(found: HarLog) -> tuple[Entry, ...]:
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
