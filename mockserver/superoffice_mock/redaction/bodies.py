"""Redacts bodies by their syntax, whatever their Content-Type says."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from superoffice_mock.recordings import body_encoding
from superoffice_mock.recordings.model import Message
from superoffice_mock.redaction import tokenizers
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.tokenizers import ResponseTextRules, TextRules

MAX_BYTES: Final = 8 * 1024 * 1024
NOT_TEXT: Final = "the {} body was left out: it is not text that can be redacted"
TOO_LONG: Final = "the {} body was left out: it is longer than 8 MiB"
DECOMPRESSED: Final = "the {} body is kept without its Content-Encoding"
NO_STRUCTURE: Final = "the {} body was left out: its names can't be distinguished from other words"

TextRedactor = Callable[[str, TextRules], str]

_BY_FIRST_CHARACTER: Final[Mapping[str, TextRedactor]] = {
    "{": tokenizers.redact_json,
    "[": tokenizers.redact_json,
    "<": tokenizers.redact_xml,
}


class RedactedBody(msgspec.Struct, frozen=True):
    """A redacted body, None if it was left out; *note* says what was changed beyond that."""

    body: bytes | None
    note: str | None = None


def redact_request(message: Message, pseudonyms: Pseudonyms) -> RedactedBody:
    """Return the redacted and decompressed body of a request."""
    rules = TextRules(pseudonyms)
    coding = ",".join(message.get_all("content-encoding"))
    plain = body_encoding.decompress(message.body, coding) if message.body and coding else None
    if plain is None or plain == message.body:
        return _redact(message.body, message.media_type, rules, "request")
    redacted = _redact(plain, message.media_type, rules, "request")
    return RedactedBody(redacted.body, redacted.note or DECOMPRESSED.format("request"))


def redact_response(message: Message, pseudonyms: Pseudonyms) -> RedactedBody:
    """Return the redacted body of a response, which is decompressed already."""
    return _redact(message.body, message.media_type, ResponseTextRules(pseudonyms), "response")


def _redact(body: bytes | None, media_type: str, rules: TextRules, kind: str) -> RedactedBody:
    if not body:
        return RedactedBody(body)
    if len(body) > MAX_BYTES:
        return RedactedBody(None, TOO_LONG.format(kind))
    decoded = body_encoding.decode(body, media_type)
    if decoded is None or "\0" in decoded[0]:
        return RedactedBody(None, NOT_TEXT.format(kind))
    text, encoding = decoded
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    redact = _text_redactor(text, media_type)
    if redact is None:
        return RedactedBody(None, NO_STRUCTURE.format(kind))
    return RedactedBody((mark + redact(text, rules)).encode(encoding, "replace"))


def _text_redactor(text: str, media_type: str) -> TextRedactor | None:
    """Return the function that redacts *text*; None for HTML and multipart bodies.

    Those may have names anywhere.
    """
    name = media_type.partition(";")[0].strip().lower()
    if name.startswith("multipart/") or name in ("text/html", "application/xhtml+xml"):
        return None
    by_syntax = _BY_FIRST_CHARACTER.get(text.lstrip()[:1])
    if by_syntax is not None:
        return by_syntax
    if name.endswith("json"):
        return tokenizers.redact_json
    if name == "application/x-www-form-urlencoded":
        encoding = "latin-1" if body_encoding.encoding_of(media_type) == "latin-1" else "utf-8"
        return lambda form, rules: tokenizers.redact_form(form, rules, encoding)
    return lambda plain, rules: rules.plain(plain)
