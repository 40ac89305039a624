"""A HAR file, whole or still in parts, as JSON: what every reader of recorded traffic starts from.

A `.part` file is what a recorder leaves when it is killed: JSON Lines, the first is the log without
its entries, each other one entry. Its last line may be torn.
"""

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from superoffice_contract.grading.calls import TrafficError, spelt

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_VALUES: Final = 5_000_000
"""How many JSON values a file may seem to hold; in memory each takes many times its length."""
VERSION: Final = "1.2"
PART_BEGINS: Final = '{"version":'
"""What a `.part` file begins with, and no HAR."""
TORN: Final = "its last line was torn and is left out"

Member = Mapping[str, Any]


class Archive(msgspec.Struct, frozen=True):
    """The log without its entries, and those; *note* says what could not be read, if anything."""

    log: Member
    entries: tuple[Any, ...]
    in_parts: bool = False
    note: str | None = None

    def place(self, index: int) -> str:
        """Name the entry *index*, by its line in a `.part` file."""
        return f"line {index + 2}" if self.in_parts else f"log.entries[{index}]"


def load(path: str, max_bytes: int = MAX_BYTES) -> Archive:
    """Read the file at *path*. Raise TrafficError, one line, if it is no HAR."""
    try:
        with Path(path).open("rb") as file:
            _check_size(Path(path).stat().st_size, max_bytes)
            raw = file.read(max_bytes + 1)
        return read(raw, max_bytes)
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise TrafficError(msg) from None
    except TrafficError as error:
        msg = f"{path}: {error}"
        raise TrafficError(msg) from None


def read(raw: bytes, max_bytes: int = MAX_BYTES) -> Archive:
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


def _whole(text: str) -> Archive:
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
    return Archive({k: v for k, v in log.items() if k != "entries"}, tuple(entries))


def _parts(text: str) -> Archive:
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
    return Archive(log, tuple(values[1:]), in_parts=True, note=TORN if torn else None)


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
        msg = f"an object has {spelt(twice, 'a member')} twice; remove one"
        raise TrafficError(msg)
    return found


def member(parent: object, name: str, of: str) -> Member:
    """Return the object *name* of *parent*. Raise TrafficError if it is none."""
    found = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        msg = f"{of} has no object {name!r}; this is no HAR"
        raise TrafficError(msg)
    return found
