"""Findings that show an exchange with the server, without the secrets of its tenants."""

import re
import shlex
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from superoffice_contract.report import CleanExchange, Finding
from superoffice_contract.target.hiding import (
    MARK,
    hide_in_answer,
    hide_in_headers,
    hide_in_request,
)
from superoffice_contract.target.http import Request, Response

MAX_BODY: Final = 100_000
"""How long a body may be, in bytes, that a finding keeps to be sent again."""
MAX_BODY_SHOWN: Final = 400
"""How many characters of a body a command shows."""


class Exchange(msgspec.Struct, frozen=True):
    """A request to the server at *base*, and its response if there was one; hides *secrets*."""

    base: str
    request: Request
    response: Response | None
    secrets: Collection[str]

    def show(self, where: str, what: str, claim: str) -> Finding:
        """Return the finding of *what* is wrong, with a command that shows it.

        It keeps the exchange, unless a body is long or there was no response.
        """
        command = curl_command(self.base, self.request, self.secrets)
        return Finding(where, what, (claim,), command, exchange=self._clean())

    def _clean(self) -> CleanExchange | None:
        response = self.response
        if response is None or max(len(self.request.body), len(response.body)) > MAX_BODY:
            return None
        request = hide_in_request(self.request, self.secrets)
        headers = tuple(
            (name, _hide_cookie(value) if name.lower() == "set-cookie" else value)
            for name, value in hide_in_headers(response.headers, self.secrets)
        )
        return CleanExchange(
            request.method,
            f"{self.base}{request.path}",
            request.headers,
            request.body,
            response.status,
            headers,
            hide_in_answer(response.body, self.secrets),
        )


def _hide_cookie(value: str) -> str:
    """Return the *value* of a Set-Cookie with a mark in place of that of the server's cookie."""
    pair, semicolon, attributes = value.partition(";")
    name, equals, _ = pair.partition("=")
    return f"{name}{equals}{MARK}{semicolon}{attributes}" if equals else MARK


# ---- the command ----------------------------------------------------------------------------


def curl_command(base: str, request: Request, secrets: Collection[str]) -> str:
    """Return a shell command in one line that sends *request*, with a long body cut.

    Only *secrets*, those of the tenants, are replaced; what is invented stays.
    """
    request = hide_in_request(request, secrets)
    body, url = request.body, f"{base}{request.path}"
    words = ["curl", "-i", *_method_and_flags(request)]
    for name, value in request.headers:
        words += ["-H", f"{name}: {value}" if value.strip() else f"{name};"]
    if not body:
        return shlex.join([*words, url])
    if "content-type" not in {name.lower() for name, _ in request.headers}:
        words += ["-H", "Content-Type:"]  # else curl sends the type of a form
    text = _quotable_text(body)
    argument = "@-" if text is None else _truncate(text, body)
    command = shlex.join([*words, "--data-binary", argument, url])
    return command if text is not None else f"printf {_printf_format(body)} | {command}"


def _method_and_flags(request: Request) -> list[str]:
    """Return the method, and the flags that keep curl from changing the path."""
    # With -X HEAD curl waits for content that never comes; but --head can send no body.
    method = ["--head"] if request.method == "HEAD" and not request.body else ["-X", request.method]
    flags = ((r"[\[\]{}]", "--globoff"), (r"/\.", "--path-as-is"))
    return method + [flag for pattern, flag in flags if re.search(pattern, request.path)]


def _quotable_text(body: bytes) -> str | None:
    """Return *body* as text that can be quoted in a shell, in one line, or None."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    # Curl reads a value that begins with @ as the name of a file.
    is_unsafe = text.startswith("@") or not text.isprintable()
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
