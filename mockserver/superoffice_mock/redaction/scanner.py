"""Secrets in a HAR, whoever wrote it: where they stand and of what kind they are, never what."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from superoffice_contract import har
from superoffice_contract.errors import TrafficError
from superoffice_contract.har import MAX_BYTES, HarLog, Member
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import body_encoding
from superoffice_mock.redaction import pseudonyms, secret_patterns
from superoffice_mock.redaction.headers import SCHEMES

ENDINGS: Final = (".har", ".part")
_SHOWN_STEP: Final = re.compile(r"[\w$@. -]{1,40}")
_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")
_LISTS: Final = ("headers", "cookies", "queryString", "params")


class Found(msgspec.Struct, frozen=True):
    """A secret: the file, a JSON Pointer (in a `.part` file below a line), and the kind."""

    file: str
    place: str
    kind: str


def files(path: str) -> tuple[str, ...]:
    """Return the recordings at *path*, a file or a folder. Raise SetupError if there are none."""
    folder = Path(path)
    if not folder.is_dir():
        return (path,)
    ours = (one for one in folder.rglob("*") if one.suffix.lower() in ENDINGS)
    found = sorted(str(one) for one in ours if not one.is_dir())
    if not found:
        msg = f"{path}: no file in this folder ends with {' or '.join(ENDINGS)}"
        raise SetupError(msg)
    return tuple(found)


def scanned(paths: Iterable[str], max_bytes: int) -> Iterator[tuple[Found, ...] | SetupError]:
    """Yield what is found in each recording at *paths*, or why it, or a folder, can't be read."""
    for path in paths:
        try:
            inside = files(path)
        except SetupError as error:
            yield error
            continue
        for file in inside:
            try:
                yield scan(file, max_bytes)
            except SetupError as error:
                yield error


def scan(path: str, max_bytes: int = MAX_BYTES) -> tuple[Found, ...]:
    """Return what looks like a secret in the file at *path*. Raise SetupError if it is no HAR."""
    try:
        found = har.load_log(path, max_bytes)
    except TrafficError as error:
        raise SetupError(str(error)) from None
    places = {
        Found(path, f"{line}{pointer}", kind)
        for line, root, steps in _roots(found)
        for pointer, kind in _secrets(root, steps)
    }
    return tuple(sorted(places, key=lambda one: (_in_order(one.place), one.kind)))


def _in_order(place: str) -> list[tuple[int, str]]:
    """Return what sorts places as the file has them: its tenth entry after its second."""
    steps = place.replace("line ", "/").split("/")
    return [(int(one), "") if one.isdecimal() else (-1, one) for one in steps]


def _roots(found: HarLog) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Yield the log and the entries: the line, the value, and the steps that lead to it."""
    if found.in_parts:
        for number, value in enumerate((found.log, *found.entries), 1):
            yield f"line {number} ", value, ()
        return
    yield "", found.log, ("log",)
    for index, entry in enumerate(found.entries):
        yield "", entry, ("log", "entries", str(index))


def _secrets(root: Any, steps: tuple[str, ...]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Yield pointer and kind of every secret below *root*, without recursion: it may be deep."""
    left = [(root, steps)]
    while left:
        node, where = left.pop()
        if isinstance(node, dict):
            for kind, step in _in_object(node, where):
                yield _pointer((*where, *step)), kind
            inner = ((name, child) for name, child in node.items() if not isinstance(child, str))
            left.extend((child, (*where, name)) for name, child in inner)
        elif isinstance(node, str):
            yield from ((_pointer(where), kind) for kind in _in_text(node))
        elif isinstance(node, list):
            left.extend((child, (*where, str(index))) for index, child in enumerate(node))


def _pointer(steps: tuple[str, ...]) -> str:
    return "".join(f"/{_shown(one)}" for one in steps)


def _shown(step: str) -> str:
    """Return a step of a pointer; a name that may be a secret is not repeated."""
    tells = not _SHOWN_STEP.fullmatch(step) or any(secret_patterns.found(step))
    return "…" if tells else step


# ---- one object ------------------------------------------------------------------------------

Spot = tuple[str, tuple[str, ...]]
"""A kind, and the steps from the object to where the secret is."""


def _in_object(node: Member, where: tuple[str, ...]) -> Iterator[Spot]:
    """Yield the secrets in the names and texts of one object."""
    listed = len(where) > 1 and where[-2] in _LISTS
    name = har.text_of(node.get("name"))
    for member, value in node.items():
        for kind, _ in secret_patterns.found(member):
            yield f"{kind} (the name of a member)", ()
        if isinstance(value, str):
            for kind in _in_member(node, member, value):
                yield kind, (member,)
            if listed and member == "value":
                for kind in _in_listed(where[-2], name, value):
                    yield kind, (member,)


def _in_member(node: Member, member: str, value: str) -> Iterator[str]:
    yield from _by_name(member, value)
    encoding = har.text_of(node.get("encoding") or node.get("_encoding"))
    raw = har.decoded(value) if member == "text" and encoding.lower() == "base64" else None
    if raw is None:
        yield from _in_text(value)
        return
    plain = next(filter(None, (body_encoding.undone(raw, one) for one in ("gzip", "deflate"))), raw)
    read = body_encoding.read(plain, har.text_of(node.get("mimeType")))
    yield from _in_text(read[0]) if read is not None else ()


def _in_text(text: str) -> Iterator[str]:
    """Yield what *text* gives away, also when read as JSON, a form or a query."""
    for one in dict.fromkeys((text, unquote_plus(text), _ESCAPED.sub(_unescaped, text))):
        yield from (kind for kind, _ in secret_patterns.found(one))


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _by_name(name: str, value: str) -> Iterator[str]:
    """Yield the kind of *value* by the name of its member, field or cookie."""
    if secret_patterns.is_harmless(value):
        return
    if secret_patterns.MEMBERS.search(name):
        yield "secret member"
    if secret_patterns.NAMES.fullmatch(name):
        yield "name"


def _in_listed(where: str, name: str, value: str) -> Iterator[str]:
    """Yield the kinds of a *value* in a list of headers, cookies or fields."""
    lower = name.strip().lower()
    if where == "cookies":
        yield from () if secret_patterns.is_harmless(value) else ("cookie",)
    elif where == "headers" and lower in ("cookie", "set-cookie"):
        yield from _in_cookies(lower, value)
    elif where == "headers" and lower in secret_patterns.HEADERS:
        yield from _in_authorization(value)
    elif where != "headers":
        yield from _by_name(name, value)


def _in_cookies(header: str, value: str) -> Iterator[str]:
    pairs = [one.strip() for one in value.split(";")]
    for pair in pairs if header == "cookie" else pairs[:1]:
        name, equals, said = pair.partition("=")
        if not secret_patterns.is_harmless(said if equals else name):
            yield "cookie"


def _in_authorization(value: str) -> Iterator[str]:
    scheme, _, rest = value.strip().partition(" ")
    said = rest.strip() if scheme.lower() in SCHEMES else value
    pair = pseudonyms.basic_pair(said) if scheme.lower() == "basic" else None
    if not (
        secret_patterns.is_harmless(said) or (pair and all(map(secret_patterns.is_harmless, pair)))
    ):
        yield "credential"
