"""Formats a request as a curl command that sends it again."""

import re
import shlex
from collections.abc import Sequence
from typing import Final

from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.target.http import Request

MAX_BODY_SHOWN: Final = 400
"""How many characters of a body are shown."""
_REMOVE_BLANKS: Final = str.maketrans("", "", "\n\t")


def curl_command(base: str, request: Request) -> str:
    """Return a shell command that sends *request*, with secrets replaced and a long body cut."""
    words = ["curl", "-i", *_method_and_flags(request)]
    for name, value in request.headers:
        words += ["-H", _header(name, value)]
    if not request.body:
        return shlex.join([*words, f"{base}{request.path}"])
    if "content-type" not in {name.lower() for name, _ in request.headers}:
        words += ["-H", "Content-Type:"]  # else curl sends the type of a form
    text = _quotable_text(request.body)
    body = "@-" if text is None else _truncate(text, request.body)
    command = shlex.join([*words, "--data-binary", body, f"{base}{request.path}"])
    return command if text is not None else f"printf {_printf_format(request.body)} | {command}"


def _method_and_flags(request: Request) -> list[str]:
    """Return the method, and the flags that keep curl from changing the path."""
    # With -X HEAD curl waits for content that never comes; but --head can send no body.
    method = ["--head"] if request.method == "HEAD" and not request.body else ["-X", request.method]
    flags = ((r"[\[\]{}]", "--globoff"), (r"/\.", "--path-as-is"))
    return method + [flag for pattern, flag in flags if re.search(pattern, request.path)]


def _header(name: str, value: str) -> str:
    """Return the header without its secret; the scheme of an Authorization stays."""
    if not value.strip():
        return f"{name};"
    if name.lower() in SECRET_HEADERS:
        scheme, blank, _ = value.strip().partition(" ")
        has_scheme = name.lower() == "authorization" and blank
        value = f"{scheme} [redacted]" if has_scheme else "[redacted]"
    return f"{name}: {value}"


def _quotable_text(body: bytes) -> str | None:
    """Return *body* as text that can be quoted in a shell, or None."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    # Curl reads a value that begins with @ as the name of a file.
    is_unsafe = text.startswith("@") or not text.translate(_REMOVE_BLANKS).isprintable()
    return None if is_unsafe else text


def _printf_format(body: bytes) -> str:
    """Return *body* as the format of a printf: special bytes in octal, which all shells support."""
    plain_bytes = {*range(0x20, 0x7F)} - {*b"\\%'"}
    letters = [chr(byte) if byte in plain_bytes else f"\\{byte:03o}" for byte in body]
    return f"'{_truncate(letters, body)}'"


def _truncate(letters: Sequence[str], body: bytes) -> str:
    """Return at most `MAX_BODY_SHOWN` of *letters*, the text of *body*, and its length if cut."""
    suffix = "" if len(letters) <= MAX_BODY_SHOWN else f"… ({len(body)} bytes in all)"
    return "".join(letters[:MAX_BODY_SHOWN]) + suffix
