"""Takes the secrets of tenants out of texts, in whatever way they are written there.

What is invented stays, so that a command shows what was sent: of a real password with one more
letter, that letter.
"""

import base64
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.target.http import Request
from superoffice_contract.target.tenants import Header

MARK: Final = "[redacted]"
"""What stands in place of a secret; `messages.is_blanked` knows it."""
MIN_LENGTH: Final = 4
"""A shorter secret is hidden where it is the whole value of a header or a cookie, or the whole
password; anywhere else it stands by chance, and is as short as a guess."""
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")
_WORD: Final = re.compile(r"\S+")
_PASSWORD: Final = re.compile(
    rb'(?i)("[^"\\]*password"\s*:\s*")(?:[^"\\]|\\.)+|(<(?:\w+:)?\w*password(?:\s[^>]*)?>)[^<]+'
)
"""The value of a member of an answer that holds a password, in JSON or XML, behind its name."""
_COOKIE_VALUE: Final = re.compile(r"(?<==)[^;\s]+(?=\s*(?:;|\Z))")
_ENTITIES: Final = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_JSON_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "\n": "n", "\r": "r", "\t": "t"}


def hide_in_text(text: str, secrets: Collection[str]) -> str:
    """Return *text* with a mark in place of each of *secrets*.

    They may be percent-encoded, escaped as in JSON or XML, overlap, or be a part of base64.
    """
    pattern = _find_pattern(frozenset(secrets))
    if pattern is None:
        return text
    text = _BASE64.sub(lambda match: _hide_in_base64(match[0], pattern), text)
    return _replace(text, pattern)


def hide_in_header(name: str, value: str, secrets: Collection[str]) -> str:
    """Return the *value* of the header *name* with a mark in place of each of *secrets*."""
    if name.lower() in SECRET_HEADERS:
        short = frozenset(secret for secret in secrets if len(secret) < MIN_LENGTH)
        words = _COOKIE_VALUE if name.lower() == "cookie" else _WORD
        value = words.sub(lambda match: _hide_short(match[0], short), value) if short else value
    return hide_in_text(value, secrets)


def hide_in_request(request: Request, secrets: Collection[str]) -> Request:
    """Return *request* with a mark in place of each of *secrets*."""
    path, body = hide_in_text(request.path, secrets), hide_in_bytes(request.body, secrets)
    return Request(request.method, path, hide_in_headers(request.headers, secrets), body)


def hide_in_headers(headers: Iterable[Header], secrets: Collection[str]) -> tuple[Header, ...]:
    """Return *headers* with a mark in place of each of *secrets*."""
    return tuple(
        (hide_in_text(name, secrets), hide_in_header(name, value, secrets))
        for name, value in headers
    )


def hide_in_bytes(raw: bytes, secrets: Collection[str]) -> bytes:
    """Return *raw* with a mark in place of each of *secrets*, in UTF-8, UTF-16 or Latin-1."""
    try:
        return hide_in_text(raw.decode(), secrets).encode()
    except UnicodeDecodeError:
        pass
    for codec in ("utf-16-le", "utf-16-be", "utf-8", "latin-1"):
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= MIN_LENGTH:
                encoded = secret.encode(codec, "replace")
                raw = raw.replace(encoded, MARK.encode(codec))
    return raw


def hide_in_answer(raw: bytes, secrets: Collection[str]) -> bytes:
    """Return the body *raw* of an answer without *secrets* and without passwords of accounts.

    The vendor's service answers with those in plain text (claim account-members).
    """
    return _PASSWORD.sub(rb"\1\2" + MARK.encode(), hide_in_bytes(raw, secrets))


def _hide_in_base64(text: str, pattern: re.Pattern[str]) -> str:
    """Return *text*, perhaps base64, with the secrets in what it encodes replaced there.

    A whole one, or a user with one as the password, becomes a mark.
    """
    if _replace(text, pattern) == MARK:
        return MARK
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
    hidden = _replace(decoded, pattern)
    if hidden == decoded:
        return text
    is_whole = hidden.partition(":")[2] == MARK
    return MARK if is_whole else base64.b64encode(hidden.encode()).decode()


def _hide_short(word: str, secrets: Collection[str]) -> str:
    if word in secrets:
        return MARK
    try:
        user, colon, password = base64.b64decode(word, validate=True).decode().partition(":")
    except ValueError:
        return word
    return MARK if colon and user and password in secrets else word


# ---- patterns --------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _find_pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    """Return a pattern that finds where any of *secrets* begins, with its whole text in a group."""
    long = sorted((secret for secret in secrets if len(secret) >= MIN_LENGTH), key=len)
    if not long:
        return None
    alternatives = ("".join(map(_any_spelling, secret)) for secret in reversed(long))
    starts = "".join(sorted({re.escape(letter) for letter in (*"%\\&+", *(s[0] for s in long))}))
    return re.compile(f"(?=[{starts}])(?=({'|'.join(alternatives)}))")  # the first only for speed


@lru_cache(maxsize=1024)
def _any_spelling(letter: str) -> str:
    """Return a pattern of *letter* as it is, percent-encoded, or escaped as in JSON or XML."""
    percent = "".join(f"%{byte:02x}" for byte in letter.encode("utf-8", "replace"))
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(rf"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
    numeric = rf"&#(?:0*{ord(letter)}|x0*{ord(letter):x});"
    spellings = [re.escape(letter), f"(?i:{percent}|{escaped}|{numeric})"]
    if letter in _ENTITIES:
        spellings.append(f"&{_ENTITIES[letter]};")
    if letter in _JSON_ESCAPES:
        spellings.append(rf"\\{re.escape(_JSON_ESCAPES[letter])}")
    if letter == " ":
        spellings.append(r"\+")
    return f"(?:{'|'.join(spellings)})"


def _replace(text: str, pattern: re.Pattern[str]) -> str:
    """Return *text* with a mark in place of each row of matches that touch or overlap."""
    kept: list[str] = []
    end = 0
    for match in pattern.finditer(text):
        start, stop = match.span(1)
        if not kept or start > end:
            kept += (text[end:start], MARK)
        end = max(end, stop)
    return "".join((*kept, text[end:]))
