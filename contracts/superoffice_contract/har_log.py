"""Reads HAR 1.2, and the `.part` files of a running `record`, as far as their entries in JSON."""

import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from superoffice_contract.errors import TrafficError
from superoffice_contract.messages import describe_os_error, quote_name, show_path

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_VALUES: Final = 5_000_000
"""The limit of JSON values in a file, estimated: in memory each takes many times its length."""
VERSION: Final = "1.2"
PART_PREFIX: Final = '{"version":'
"""How a `.part` file begins; a HAR never begins like this."""
_PACKED: Final = {b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip"}
INCOMPLETE_LAST_LINE: Final = "its last line is incomplete and was left out"
LONE_SURROGATES: Final = "lone surrogates, which are no characters, are read as U+FFFD"
_LONE_SURROGATE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
"""A lone surrogate as JSON escapes it, in a text without escaped backslashes."""

JsonObject = Mapping[str, Any]
Parsed = TypeVar("Parsed")


class HarLog(msgspec.Struct, frozen=True):
    """A HAR log: its members but the entries, and the entries as JSON.

    *notes* say what could not be read.
    """

    log: JsonObject
    entries: tuple[Any, ...]
    is_part_file: bool = False
    notes: tuple[str, ...] = ()

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
        raise TrafficError(f"{show_path(path)}: {describe_os_error(error)}") from None
    except TrafficError as error:
        raise TrafficError(f"{show_path(path)}: {error}") from None


def read_log(raw: bytes, max_bytes: int = MAX_BYTES) -> HarLog:
    """Parse *raw*. Raise TrafficError if it is not a HAR 1.2 or a `.part` file."""
    _check_size(len(raw), max_bytes)
    if sum(raw.count(mark) for mark in (b",", b"{", b"[")) > MAX_VALUES:
        raise TrafficError(f"more than {MAX_VALUES:,} values; record only the calls of interest")
    text = _decode_text(raw)
    whole_text = _replace_lone_surrogates(text)
    notes = (LONE_SURROGATES,) if whole_text != text else ()
    log = (_parse_part_file if text.startswith(PART_PREFIX) else _parse_har)(whole_text)
    return msgspec.structs.replace(log, notes=(*log.notes, *notes))


def _replace_lone_surrogates(text: str) -> str:
    if "\0" in text or not _LONE_SURROGATE.search(text):  # NUL is not JSON
        return text
    without_backslashes = text.replace(r"\\", "\0\0")
    return _LONE_SURROGATE.sub(r"\\ufffd", without_backslashes).replace("\0\0", r"\\")


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        mebi = 1024 * 1024
        limit = f"{max_bytes:,} bytes" if max_bytes % mebi else f"{max_bytes // mebi} MiB"
        raise TrafficError(f"larger than {limit}; record only the calls of interest")


def _decode_text(raw: bytes) -> str:
    for start, name in _PACKED.items():
        if raw.startswith(start):
            raise TrafficError(f"a {name} file; unpack it, and name the HAR file in it")
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
    log = document.get("log") if isinstance(document, dict) else None
    if not isinstance(log, dict):
        raise TrafficError("the file has no object 'log'; this is not a HAR")
    _check_version(log)
    entries = log.get("entries")
    if not isinstance(entries, list):
        raise TrafficError("log.entries: expected an array; this is not a HAR")
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
    notes = (INCOMPLETE_LAST_LINE,) if len(values) < len(lines) else ()
    return HarLog(log, tuple(values[1:]), is_part_file=True, notes=notes)


def _check_version(log: JsonObject) -> None:
    version = str(log.get("version", "nothing"))[:20]
    if version != VERSION:
        raise TrafficError(f"log.version: expected {VERSION}, got {version}")


def _parse_json(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text, object_pairs_hook=_unique_members)
    except (json.JSONDecodeError, TrafficError):
        raise
    except (ValueError, RecursionError):  # endless digits or nesting
        _raise_damaged()


def _raise_damaged() -> NoReturn:
    raise TrafficError("not JSON; the file is not a HAR, or is damaged") from None


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return *pairs* as an object. Reject duplicate names: JSON readers disagree on which wins."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        duplicate = next(name for index, name in enumerate(names) if name in names[:index])
        raise TrafficError(f"an object has {quote_name(duplicate, 'a member')} twice; remove one")
    return members


# ---- members -----------------------------------------------------------------------------------


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
