"""Requests as commands to type: what curl needs to be told to send the same again."""

import re
import shlex
from collections.abc import Sequence
from typing import Final

from superoffice_contract.messages import SECRETS
from superoffice_contract.target.http import Request

LONGEST: Final = 400
"""So much of a body is shown."""


_GLOBS: Final = re.compile(r"[\[\]{}]")


_DOTS: Final = re.compile(r"/\.")


_BLANKS: Final = str.maketrans("", "", "\n\t")


def curl(base: str, ask: Request) -> str:
    """Return a command that sends *ask* again, secrets replaced and a long body cut."""
    words = ["curl", "-i", *_how(ask)]
    for name, value in ask.headers:
        words += ["-H", _header(name, value)]
    if not ask.body:
        return shlex.join([*words, f"{base}{ask.path}"])
    if "content-type" not in {name.lower() for name, _ in ask.headers}:
        words += ["-H", "Content-Type:"]  # or curl would call it a form
    text = _text(ask.body)
    body = "@-" if text is None else _cut(text, ask.body)
    command = shlex.join([*words, "--data-binary", body, f"{base}{ask.path}"])
    return command if text is not None else f"printf {_escaped(ask.body)} | {command}"


def _how(ask: Request) -> list[str]:
    """Return the method and what keeps curl from changing the path."""
    # With -X HEAD curl waits for the content that never comes; --head takes no body.
    method = ["--head"] if ask.method == "HEAD" and not ask.body else ["-X", ask.method]
    flags = ((_GLOBS, "--globoff"), (_DOTS, "--path-as-is"))
    return method + [flag for found, flag in flags if found.search(ask.path)]


def _header(name: str, value: str) -> str:
    shown = _redacted(name, value) if name.lower() in SECRETS else value
    return f"{name}: {shown}" if shown.strip() else f"{name};"


def _redacted(name: str, value: str) -> str:
    """Return *value* without its secret; the scheme of an Authorization is none."""
    if not value.strip():
        return value
    scheme, blank, _ = value.strip().partition(" ")
    known = name.lower() == "authorization" and blank
    return f"{scheme} [redacted]" if known else "[redacted]"


def _text(body: bytes) -> str | None:
    """Return *body* as text that can stand in quotes, or None."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    # Curl takes what begins with @ for the name of a file.
    odd = text.startswith("@") or not text.translate(_BLANKS).isprintable()
    return None if odd else text


def _escaped(body: bytes) -> str:
    """Return *body* as the format of a printf: odd bytes in octal, as every shell knows them."""
    return f"'{_cut([_octal(one) for one in body], body)}'"


def _octal(byte: int) -> str:
    plain = 0x20 <= byte < 0x7F and byte not in b"\\%'"
    return chr(byte) if plain else f"\\{byte:03o}"


def _cut(letters: Sequence[str], body: bytes) -> str:
    """Return *letters*, which *body* is shown as, up to the longest that is."""
    rest = "" if len(letters) <= LONGEST else f"… ({len(body)} bytes in all)"
    return "".join(letters[:LONGEST]) + rest
