"""Finds secrets in a HAR of any tool; reports their places and kinds, never their values."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from superoffice_contract import har
from superoffice_contract.errors import TrafficError
from superoffice_contract.har import MAX_BYTES, HarLog, JsonObject
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import body_encoding
from superoffice_mock.redaction import pseudonyms, secret_patterns
from superoffice_mock.redaction.headers import SCHEMES

ENDINGS: Final = (".har", ".part")
_PLAIN_STEP: Final = re.compile(r"[\w$@. -]{1,40}")
_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")
_LISTS: Final = ("headers", "cookies", "queryString", "params")

RelativePlace = tuple[str, tuple[str, ...]]
"""A kind of secret, and the steps of a JSON Pointer from the object to the secret."""


class FoundSecret(msgspec.Struct, frozen=True):
    """A secret: its file, its JSON Pointer (in a `.part` file within a line), and its kind."""

    file: str
    place: str
    kind: str


def recording_files(path: str) -> tuple[str, ...]:
    """Return the recordings at *path*, a file or a folder. Raise SetupError if there are none."""
    folder = Path(path)
    if not folder.is_dir():
        return (path,)
    candidates = (file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS)
    files = sorted(str(file) for file in candidates if not file.is_dir())
    if not files:
        msg = f"{path}: no file in this folder ends with {' or '.join(ENDINGS)}"
        raise SetupError(msg)
    return tuple(files)


def scan_all(
    paths: Iterable[str], max_bytes: int
) -> Iterator[tuple[FoundSecret, ...] | SetupError]:
    """Yield the secrets of each recording at *paths*, or the error of a file or folder."""
    for path in paths:
        try:
            files = recording_files(path)
        except SetupError as error:
            yield error
            continue
        for file in files:
            try:
                yield scan_file(file, max_bytes)
            except SetupError as error:
                yield error


def scan_file(path: str, max_bytes: int = MAX_BYTES) -> tuple[FoundSecret, ...]:
    """Return the likely secrets in the file at *path*. Raise SetupError if it is not a HAR."""
    try:
        log = har.load(path, lambda log: log, max_bytes)
    except TrafficError as error:
        raise SetupError(str(error)) from None
    secrets = {
        FoundSecret(path, f"{line}{pointer}", kind)
        for line, root, steps in _roots(log)
        for pointer, kind in _find_secrets(root, steps)
    }
    return tuple(sorted(secrets, key=lambda secret: (_place_key(secret.place), secret.kind)))


def _place_key(place: str) -> list[tuple[int, str]]:
    """Return a key that sorts places as in the file: entry 10 after entry 2."""
    steps = place.replace("line ", "/").split("/")
    return [(int(step), "") if step.isdecimal() else (-1, step) for step in steps]


def _roots(log: HarLog) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Yield the log and the entries, each with its line and the steps that lead to it."""
    if log.is_part_file:
        for number, value in enumerate((log.log, *log.entries), 1):
            yield f"line {number} ", value, ()
        return
    yield "", log.log, ("log",)
    for index, entry in enumerate(log.entries):
        yield "", entry, ("log", "entries", str(index))


def _find_secrets(root: Any, steps: tuple[str, ...]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Yield pointer and kind of every secret below *root*, without recursion: it may be deep."""
    stack = [(root, steps)]
    while stack:
        node, where = stack.pop()
        if isinstance(node, dict):
            for kind, step in _find_in_object(node, where):
                yield _pointer((*where, *step)), kind
            children = ((name, child) for name, child in node.items() if not isinstance(child, str))
            stack.extend((child, (*where, name)) for name, child in children)
        elif isinstance(node, str):
            yield from ((_pointer(where), kind) for kind in _find_in_text(node))
        elif isinstance(node, list):
            stack.extend((child, (*where, str(index))) for index, child in enumerate(node))


def _pointer(steps: tuple[str, ...]) -> str:
    return "".join(f"/{_format_step(step)}" for step in steps)


def _format_step(step: str) -> str:
    """Return a step of a pointer, or "…" for a name that may itself be a secret."""
    may_be_secret = not _PLAIN_STEP.fullmatch(step) or any(secret_patterns.find_secrets(step))
    return "…" if may_be_secret else step


# ---- one object ------------------------------------------------------------------------------


def _find_in_object(node: JsonObject, where: tuple[str, ...]) -> Iterator[RelativePlace]:
    """Yield the secrets in the names and texts of one object."""
    is_list_item = len(where) > 1 and where[-2] in _LISTS
    name = har.text_of(node.get("name"))
    for member, value in node.items():
        for kind, _ in secret_patterns.find_secrets(member):
            yield f"{kind} (the name of a member)", ()
        if isinstance(value, str):
            for kind in _find_in_member(node, member, value):
                yield kind, (member,)
            if is_list_item and member == "value":
                for kind in _find_in_list_item(where[-2], name, value):
                    yield kind, (member,)


def _find_in_member(node: JsonObject, member: str, value: str) -> Iterator[str]:
    yield from _find_by_name(member, value)
    encoding = har.text_of(node.get("encoding") or node.get("_encoding"))
    is_base64 = member == "text" and encoding.lower() == "base64"
    raw = har.decode_base64(value) if is_base64 else None
    if raw is None:
        yield from _find_in_text(value)
        return
    attempts = (body_encoding.decompress(raw, coding) for coding in ("gzip", "deflate"))
    plain = next(filter(None, attempts), raw)
    decoded = body_encoding.decode(plain, har.text_of(node.get("mimeType")))
    yield from _find_in_text(decoded[0]) if decoded is not None else ()


def _find_in_text(text: str) -> Iterator[str]:
    """Yield the kinds of the secrets in *text*, also when read as JSON, a form or a query."""
    for reading in dict.fromkeys((text, unquote_plus(text), _ESCAPED.sub(_unescape, text))):
        yield from (kind for kind, _ in secret_patterns.find_secrets(reading))


def _unescape(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _find_by_name(name: str, value: str) -> Iterator[str]:
    """Yield the kind of *value* according to the name of its member, field or cookie."""
    if secret_patterns.is_harmless(value):
        return
    if secret_patterns.SECRET_MEMBER.search(name):
        yield "secret member"
    if secret_patterns.PERSON_MEMBER.fullmatch(name):
        yield "name"


def _find_in_list_item(list_name: str, name: str, value: str) -> Iterator[str]:
    """Yield the kinds of a *value* in a list of headers, cookies or fields."""
    lower = name.strip().lower()
    if list_name == "cookies":
        yield from () if secret_patterns.is_harmless(value) else ("cookie",)
    elif list_name == "headers" and lower in ("cookie", "set-cookie"):
        yield from _find_in_cookies(lower, value)
    elif list_name == "headers" and lower in secret_patterns.SECRET_HEADERS:
        yield from _find_in_credentials(value)
    elif list_name != "headers":
        yield from _find_by_name(name, value)


def _find_in_cookies(header: str, value: str) -> Iterator[str]:
    parts = [part.strip() for part in value.split(";")]
    for pair in parts if header == "cookie" else parts[:1]:
        name, equals, cookie = pair.partition("=")
        if not secret_patterns.is_harmless(cookie if equals else name):
            yield "cookie"


def _find_in_credentials(value: str) -> Iterator[str]:
    scheme, _, rest = value.strip().partition(" ")
    credentials = rest.strip() if scheme.lower() in SCHEMES else value
    pair = pseudonyms.decode_basic(credentials) if scheme.lower() == "basic" else None
    if not (
        secret_patterns.is_harmless(credentials)
        or (pair and all(map(secret_patterns.is_harmless, pair)))
    ):
        yield "credential"
