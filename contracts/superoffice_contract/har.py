"""Reads HAR 1.2, and the `.part` files of a running `record`, into plain entries."""

import base64
import binascii
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec

from superoffice_contract.errors import TrafficError
from superoffice_contract.messages import describe_os_error, quote_name, show_path

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_VALUES: Final = 5_000_000
"""The limit of JSON values in a file, estimated: in memory each takes many times its length."""
VERSION: Final = "1.2"
PART_PREFIX: Final = '{"version":'
"""How a `.part` file begins; a HAR never begins like this."""
INCOMPLETE_LAST_LINE: Final = "its last line is incomplete and was left out"
_PHASES_BEFORE_SENDING: Final = ("blocked", "dns", "connect")

JsonObject = Mapping[str, Any]
Parsed = TypeVar("Parsed")


class HarLog(msgspec.Struct, frozen=True):
    """A HAR log: its members but the entries, and the entries as JSON.

    *note* says what could not be read, if anything.
    """

    log: JsonObject
    entries: tuple[Any, ...]
    is_part_file: bool = False
    note: str | None = None

    def describe_place(self, index: int) -> str:
        """Return where the entry *index* is: its line in a `.part` file, else its path."""
        return f"line {index + 2}" if self.is_part_file else f"log.entries[{index}]"


def load(path: str, parse: Callable[[HarLog], Parsed], max_bytes: int = MAX_BYTES) -> Parsed:
    """Return what *parse* makes of the file at *path*.

    Raise TrafficError, one line that names the file, if it is not a HAR.
    """
    try:
        with Path(path).open("rb") as file:
            _check_size(Path(path).stat().st_size, max_bytes)
            raw = file.read(max_bytes + 1)
        return parse(read_log(raw, max_bytes))
    except OSError as error:
        msg = f"{show_path(path)}: {describe_os_error(error)}"
        raise TrafficError(msg) from None
    except TrafficError as error:
        msg = f"{show_path(path)}: {error}"
        raise TrafficError(msg) from None


def read_log(raw: bytes, max_bytes: int = MAX_BYTES) -> HarLog:
    """Parse *raw*. Raise TrafficError if it is not a HAR 1.2 or a `.part` file."""
    _check_size(len(raw), max_bytes)
    if sum(raw.count(mark) for mark in (b",", b"{", b"[")) > MAX_VALUES:
        msg = f"more than {MAX_VALUES:,} values; record only the calls of interest"
        raise TrafficError(msg)
    text = _decode_text(raw)
    return _parse_part_file(text) if text.startswith(PART_PREFIX) else _parse_har(text)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        mebi = 1024 * 1024
        limit = f"{max_bytes:,} bytes" if max_bytes % mebi else f"{max_bytes // mebi} MiB"
        msg = f"larger than {limit}; record only the calls of interest"
        raise TrafficError(msg)


def _decode_text(raw: bytes) -> str:
    is_utf_16 = raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        _raise_damaged()


def _parse_har(text: str) -> HarLog:
    try:
        document = _parse_json(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        msg = f"not JSON at {place} ({error.msg}); the file is not a HAR, or is cut short"
        raise TrafficError(msg) from None
    log = require_object(document, "log", "the file")
    _check_version(log)
    entries = log.get("entries")
    if not isinstance(entries, list):
        msg = "log.entries: expected an array; this is not a HAR"
        raise TrafficError(msg)
    return HarLog({k: v for k, v in log.items() if k != "entries"}, tuple(entries))


def _parse_part_file(text: str) -> HarLog:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    values: list[Any] = []
    for number, line in enumerate(lines, 1):
        try:
            values.append(_parse_json(line))
        except json.JSONDecodeError as error:
            if number == len(lines) > 1:
                break
            msg = f"not JSON at line {number}, column {error.colno} ({error.msg}); damaged"
            raise TrafficError(msg) from None
    log = values[0]
    _check_version(log)
    note = INCOMPLETE_LAST_LINE if len(values) < len(lines) else None
    return HarLog(log, tuple(values[1:]), is_part_file=True, note=note)


def _check_version(log: JsonObject) -> None:
    version = str(log.get("version", "nothing"))[:20]
    if version != VERSION:
        msg = f"log.version: expected {VERSION}, got {version}"
        raise TrafficError(msg)


def _parse_json(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text, object_pairs_hook=_unique_members)
    except (json.JSONDecodeError, TrafficError):
        raise
    except (ValueError, RecursionError):  # endless digits or nesting
        _raise_damaged()


def _raise_damaged() -> NoReturn:
    msg = "not JSON; the file is not a HAR, or is damaged"
    raise TrafficError(msg) from None


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return *pairs* as an object. Reject duplicate names: JSON readers disagree on which wins."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        duplicate = next(name for index, name in enumerate(names) if name in names[:index])
        msg = f"an object has {quote_name(duplicate, 'a member')} twice; remove one"
        raise TrafficError(msg)
    return members


def require_object(parent: object, name: str, where: str) -> JsonObject:
    """Return the object *name* of *parent*, which is at *where*. Raise TrafficError without one."""
    value = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(value, dict):
        msg = f"{where} has no object {name!r}; this is not a HAR"
        raise TrafficError(msg)
    return value


class Entry(msgspec.Struct, frozen=True):
    """One exchange as it was recorded; header names in lower case, times in seconds.

    *body* is bytes or text, whichever the tool kept, or None. *declared_length* is the length of
    the body in bytes, if known, also of one that was not kept. *request_seconds* is the elapsed
    time without queueing and connecting. *receive_seconds* is the time after the first byte of
    the answer.
    """

    index: int
    started_text: str
    started_at: float | None
    elapsed_seconds: float | None
    request_seconds: float | None
    method: str
    url: SplitResult
    headers: tuple[tuple[str, str], ...]
    media_type: str | None
    body: bytes | str | None
    declared_length: int | None
    status: int
    error: str | None
    receive_seconds: float = 0.0

    def header_values(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*."""
        return tuple(value for header, value in self.headers if header == name)


def parse_entries(log: HarLog) -> tuple[Entry, ...]:
    """Parse the entries of *log*. Raise TrafficError for an entry without method or URL."""
    return tuple(
        _parse_entry(i, log.describe_place(i), entry) for i, entry in enumerate(log.entries)
    )


def _parse_entry(index: int, where: str, entry: object) -> Entry:
    request = require_object(entry, "request", where)
    members: JsonObject = entry if isinstance(entry, dict) else {}
    response, timings = (object_of(members.get(name)) for name in ("response", "timings"))
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        msg = f"{where}.request: expected a method and a url, both strings"
        raise TrafficError(msg)
    started_text = text_of(members.get("startedDateTime"))
    total = _elapsed_seconds(members, timings)
    idle = _sum_phases(timings, _PHASES_BEFORE_SENDING)
    headers = _headers_with_cookies(request)
    post_data = object_of(request.get("postData"))
    return Entry(
        index=index,
        started_text=started_text,
        started_at=_parse_time(started_text),
        elapsed_seconds=total,
        request_seconds=None if total is None else max(total - idle, 0.0),
        method=method.upper(),
        url=_parse_url(url, where),
        headers=headers,
        media_type=_media_type(headers, post_data),
        body=_read_body(post_data, request.get("bodySize")),
        declared_length=_declared_length(headers, request.get("bodySize")),
        status=status if type(status := response.get("status")) is int and status > 0 else 0,
        error=_error_text(response, members),
        receive_seconds=_receive_seconds(timings),
    )


def _error_text(response: JsonObject, entry: JsonObject) -> str | None:
    """Return the recorded error: browsers write `_error`, Playwright `_failureText`."""
    texts = (response.get("_error"), response.get("_failureText"), entry.get("_error"))
    return next(filter(None, map(text_of, texts)), None)


def object_of(value: object) -> JsonObject:
    """Return *value* if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str:
    """Return *value* if it is text, else an empty string."""
    return value if isinstance(value, str) else ""


def objects_of(value: object) -> Iterator[JsonObject]:
    """Yield the objects in *value* if it is an array, else nothing."""
    items = value if isinstance(value, list) else []
    return (item for item in items if isinstance(item, dict))


def _parse_url(url: str, where: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed only when it is read
    except ValueError:
        msg = f"{where}.request.url: not a valid URL"
        raise TrafficError(msg) from None
    return parts


# ---- headers and body ------------------------------------------------------------------------


def headers_of(message: JsonObject) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request or response, names in lower case."""
    return tuple(
        (text_of(header.get("name")).lower().strip(), text_of(header.get("value")).strip())
        for header in objects_of(message.get("headers"))
    )


def _headers_with_cookies(request: JsonObject) -> tuple[tuple[str, str], ...]:
    """Return the headers; cookies that the tool lists separately become a Cookie header."""
    headers = headers_of(request)
    cookies = [
        f"{text_of(cookie.get('name'))}={text_of(cookie.get('value'))}"
        for cookie in objects_of(request.get("cookies"))
    ]
    if cookies and not any(name == "cookie" for name, _ in headers):
        return (*headers, ("cookie", "; ".join(cookies)))
    return headers


def _media_type(headers: tuple[tuple[str, str], ...], post_data: JsonObject) -> str | None:
    content_type = next((value for name, value in headers if name == "content-type"), None)
    # Some tools keep no headers at all, but the type of the body.
    return content_type if headers else text_of(post_data.get("mimeType")) or None


def _declared_length(headers: tuple[tuple[str, str], ...], size: object) -> int | None:
    length = next((value for name, value in headers if name == "content-length"), "")
    if length.isascii() and length.isdecimal():
        return int(length[:18])
    return size if type(size) is int and size >= 0 else None


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


def decode_base64(text: str) -> bytes | None:
    """Return the bytes that *text* encodes, or None if it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


# ---- times -----------------------------------------------------------------------------------


def _parse_time(text: str) -> float | None:
    """Return an ISO 8601 time as seconds since 1970; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _elapsed_seconds(entry: JsonObject, timings: JsonObject) -> float | None:
    if (total := _seconds(entry.get("time"))) is not None:
        return total
    phases = ("send", "wait", "receive", *_PHASES_BEFORE_SENDING)
    return _sum_phases(timings, phases) if _seconds(timings.get("wait")) is not None else None


def _receive_seconds(timings: JsonObject) -> float:
    """Return the seconds after the first byte; 0 for tools that count the whole time as that."""
    wait = _seconds(timings.get("wait")) or 0.0
    return (_seconds(timings.get("receive")) or 0.0) if wait > 0 else 0.0


def _sum_phases(timings: JsonObject, phases: tuple[str, ...]) -> float:
    return sum(_seconds(timings.get(phase)) or 0.0 for phase in phases)


def _seconds(value: object) -> float | None:
    """Return *value*, in milliseconds, as seconds; None for -1, which means not applicable."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        return None
    return float(value) / 1000
