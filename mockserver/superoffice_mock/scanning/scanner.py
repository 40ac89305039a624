"""Finds secrets in a HAR of any tool; reports their places and kinds, never their values."""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from superoffice_contract import har, har_log
from superoffice_contract.errors import TrafficError
from superoffice_contract.har_log import MAX_BYTES, HarLog, JsonObject
from superoffice_contract.messages import describe_os_error, show_path
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import body_encoding, pseudonyms
from superoffice_mock.scanning import secret_names, secret_patterns, text_search
from superoffice_mock.scanning.named_values import CODE, LINES, SENTENCES, Reading

ENDINGS: Final = (".har", ".part", ".har.json", ".har.gz")
_PLAIN_STEP: Final = re.compile(r"[\w$@. -]{1,40}")
_BODIES: Final = (("postData",), ("content",))
_NAMING: Final = ("name", "key", "field", "property", "header")
_VALUES: Final = ("value", "val", "content", "data", "current", "plain", "#text")
_SHORT: Final = 2000
_MAX_NESTING: Final = 5
"""How often JSON may stand in a text within JSON."""
_CODE: Final = re.compile(r"(?:java|ecma|type)script|/css|html|svg|wasm|font|image", re.IGNORECASE)
_PAGE: Final = re.compile(r"\s{0,99}<(?:!doctype html|html|head|body|script)\b", re.IGNORECASE)
_DATA: Final = re.compile(r"json|xml|x-www-form-urlencoded", re.IGNORECASE)
_MARKUP: Final = re.compile(r"\s{0,99}[<{\[](?!\w[\w .-]{0,60}\]\s*\n)")
"""The start of XML or JSON, and not of a section of an INI file."""
_BOUNDARY: Final = re.compile(r"boundary=\"?([^\s\";]{1,200})", re.IGNORECASE)

Steps = tuple[str, ...]


class FoundSecret(msgspec.Struct, frozen=True):
    """A secret: its file, its JSON Pointer (in a `.part` file within a line), and its kind."""

    file: str
    place: str
    kind: str


class Unread(msgspec.Struct, frozen=True):
    """The files of a folder whose names are not those of recordings, and that are not searched."""

    folder: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        count = f"{len(self.files)} file{'' if len(self.files) == 1 else 's'}"
        names = ", ".join(show_path(file) for file in self.files[:3])
        more = ", …" if self.files[3:] else ""
        return f"{show_path(self.folder)}: {count} not searched: {names}{more}"


Outcome = tuple[FoundSecret, ...] | SetupError | Unread


def scan_all(paths: Iterable[str], max_bytes: int) -> Iterator[tuple[str, Outcome]]:
    """Yield each recording at *paths* with its secrets or its error, then what is not searched."""
    for path in paths:
        recordings, others = [path], []
        if Path(path).is_dir():
            files = sorted(str(file) for file in Path(path).rglob("*") if not file.is_dir())
            recordings = [*filter(_is_recording, files)]
            others = [file for file in files if not _is_recording(file)]
        if not recordings:
            endings = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
            msg = f"{show_path(path)}: no file in this folder ends with {endings}"
            yield path, SetupError(msg)
        for file in recordings:
            try:
                yield file, scan_file(file, max_bytes)
            except SetupError as error:
                yield file, error
        if others:
            yield path, Unread(path, tuple(str(Path(file).relative_to(path)) for file in others))


def _is_recording(path: str) -> bool:
    """Return whether *path* is a file with the name of a recording, and no pipe or device."""
    return path.lower().endswith(ENDINGS) and Path(path).is_file()


def scan_file(path: str, max_bytes: int = MAX_BYTES) -> tuple[FoundSecret, ...]:
    """Return the likely secrets in the file at *path*. Raise SetupError if it is not a HAR."""
    try:
        log = _load(path, max_bytes)
    except (TrafficError, OSError) as error:
        reason = describe_os_error(error) if isinstance(error, OSError) else error
        raise SetupError(f"{show_path(path)}: {reason}") from None
    secrets = {
        FoundSecret(path, f"{line}{pointer}", kind)
        for line, root, steps in _roots(log)
        for pointer, kind in _find_secrets(root, steps)
    }
    return tuple(sorted(secrets, key=lambda secret: (_place_key(secret.place), secret.kind)))


def _load(path: str, max_bytes: int) -> HarLog:
    with Path(path).open("rb") as file:
        start = file.read(4)
        file.seek(0)
        try:
            unpacked = gzip.GzipFile(fileobj=file) if start.startswith(b"\x1f\x8b") else file
            raw = unpacked.read(max_bytes + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise TrafficError("a damaged gzip file") from None
    return har_log.read_log(raw, max_bytes)


def _place_key(place: str) -> list[tuple[int, str]]:
    """Return a key that sorts places as in the file: entry 10 after entry 2."""
    steps = place.replace("line ", "/").split("/")
    return [(int(step), "") if step.isdecimal() else (-1, step) for step in steps]


def _roots(log: HarLog) -> Iterator[tuple[str, Any, Steps]]:
    if log.is_part_file:
        for number, value in enumerate((log.log, *log.entries), 1):
            yield f"line {number} ", value, ()
        return
    yield "", log.log, ("log",)
    for index, entry in enumerate(log.entries):
        yield "", entry, ("log", "entries", str(index))


def _find_secrets(root: Any, steps: Steps) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    for where, name, node in _walk(root, steps):
        if isinstance(node, dict):
            for member in node:
                for kind in _kinds_in_name(member):
                    yield _pointer(where), f"{kind} (the name of a member)"
            for kind in _find_in_body(node) if where[-1:] in _BODIES else ():
                yield _pointer((*where, "text")), kind
        else:
            kinds = _find_in_value(where, name, node)
            yield from ((_pointer(where), kind) for kind in kinds)


def _walk(root: Any, steps: Steps) -> Iterator[tuple[Steps, str, Any]]:  # noqa: ANN401 - JSON
    """Yield steps, name and value of each object, text and number in *root*.

    Without recursion: it may be deep. The name is that of the member or list. A value beside its
    name has that one; so has a value within an object that is called a secret.
    """
    stack: list[tuple[Steps, str, Any]] = [(steps, steps[-1] if steps else "", root)]
    while stack:
        where, name, node = stack.pop()
        if isinstance(node, dict | str | int) and not isinstance(node, bool):
            yield where, name, node
        if isinstance(node, dict):
            beside = next((node[key] for key in node if key.lower() in _NAMING), None)
            named = beside if isinstance(beside, str) else name
            for member, child in node.items():
                is_value = member.lower() in _VALUES
                stack.append(((*where, member), named if is_value else member, child))
        elif isinstance(node, list):
            stack.extend(((*where, str(index)), name, child) for index, child in enumerate(node))


def _pointer(steps: Steps) -> str:
    """Return a JSON Pointer, with "…" for each name that may itself be a secret."""
    return "".join(
        f"/{step if _PLAIN_STEP.fullmatch(step) and not _kinds_in_name(step) else '…'}"
        for step in steps
    )


# ---- one value -------------------------------------------------------------------------------


def _find_in_value(where: Steps, name: str, value: str | int) -> Iterator[str]:
    if where[-2:-1] in _BODIES and where[-1] == "text":
        return
    if isinstance(value, str):
        may_be_random = not any(map(secret_names.is_random, (name, *where)))
        find = _find_in_text if len(value) < _SHORT else _find_in_text.__wrapped__
        yield from find(value, may_be_random)
    list_name = where[-3] if len(where) > 2 and where[-1] == "value" else ""
    if list_name not in ("headers", "cookies"):
        yield from _find_by_name(name, value)
    elif isinstance(value, str):
        yield from _find_in_list_item(list_name, name, value)


@lru_cache(maxsize=10_000)
def _find_in_text(text: str, may_be_random: bool) -> tuple[str, ...]:  # noqa: FBT001 - cached
    """Return the kinds of the secrets in *text*. Headers repeat: what was found is kept."""
    nested = _find_in_json(text, 1) if text.startswith(("{", "[")) else None
    random = text_search.find_random(text) if may_be_random else ()
    return (*(nested or ()), *text_search.find(text), *random)


def _kinds_in_name(name: str) -> tuple[str, ...]:
    return (*secret_patterns.find_shapes(name), *text_search.find_random(name))


def _find_by_name(name: str, value: str | int) -> Iterator[str]:
    if isinstance(value, int):
        if value and secret_names.is_password(name):
            yield "secret member"
    elif secret_names.is_secret_parameter(name):
        if not (secret_patterns.is_harmless(value) or secret_names.is_label(name, value)):
            yield "secret member"
    elif secret_patterns.PERSON_MEMBER.fullmatch(name) and not secret_patterns.is_harmless(value):
        yield "name"


# ---- bodies ----------------------------------------------------------------------------------


def _find_in_body(node: JsonObject) -> Iterator[str]:
    """Yield the kinds of the secrets in the text of a `postData` or `content` object."""
    media_type = har_log.text_of(node.get("mimeType"))
    text = har_log.text_of(node.get("text"))
    encoding = har_log.text_of(node.get("encoding") or node.get("_encoding"))
    raw = har.decode_base64(text) if encoding.lower() == "base64" else None
    if raw is not None:
        attempts = (body_encoding.decompress(raw, coding) for coding in ("gzip", "deflate"))
        decoded = body_encoding.decode(next(filter(None, attempts), raw), media_type)
        if decoded is None:
            return
        text = decoded[0]
    nested = _find_in_json(text, _MAX_NESTING)
    reading = SENTENCES if nested is not None else _reading_of(media_type, text)
    yield from nested or ()
    yield from text_search.find(text, reading)
    if nested is None and reading is not CODE:
        boundary = _BOUNDARY.search(media_type)
        plain = text.replace(boundary[1], " ") if boundary else text
        yield from text_search.find_random(plain)


def _reading_of(media_type: str, text: str) -> Reading:
    if _CODE.search(media_type) or _PAGE.match(text):
        return CODE
    is_data = _DATA.search(media_type) or _MARKUP.match(text)
    return SENTENCES if is_data else LINES


def _find_in_json(text: str, depth: int) -> list[str] | None:
    """Return the kinds of the secrets in JSON by their names; None if *text* is not JSON."""
    if depth == 0 or text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kinds: list[str] = []
    for _, name, node in _walk(document, ()):
        if isinstance(node, dict):
            kinds.extend(kind for member in node for kind in text_search.find_random(member))
            continue
        kinds.extend(_find_by_name(name, node))
        if isinstance(node, str):
            kinds.extend(_find_in_json(node, depth - 1) or ())
            if "\n" in node:
                kinds.extend(text_search.find(node))
            if len(node) >= secret_patterns.MIN_CHARACTERS and not secret_names.is_random(name):
                kinds.extend(text_search.find_random(node))
    return kinds


# ---- lists -----------------------------------------------------------------------------------


def _find_in_list_item(list_name: str, name: str, value: str) -> Iterator[str]:
    header = name.strip().lower()
    kind, values = "cookie", [value]
    if header in ("cookie", "set-cookie") and list_name == "headers":
        pairs = value.split(";")[: None if header == "cookie" else 1]
        values = [pair[pair.find("=") + 1 :].strip() for pair in pairs]
    elif list_name == "headers":
        if not secret_names.is_secret_header(name):
            return
        kind, values = "credential", _credentials_in(value)
    if not all(map(secret_patterns.is_harmless, values)):
        yield kind


def _credentials_in(value: str) -> list[str]:
    """Return the value of a header without its scheme; of Basic, the user and the password."""
    scheme, _, rest = value.strip().partition(" ")
    credentials = rest.strip() if scheme.lower() in secret_names.SCHEMES else value
    if secret_patterns.is_harmless(credentials) or scheme.lower() != "basic":
        return [credentials]
    return list(pseudonyms.decode_basic(credentials) or (credentials,))
