"""Redacts bodies that are JSON, XML or a form, and leaves the others out."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from superoffice_contract.openapi.operations import NO_BODY
from superoffice_mock.recordings import body_encoding
from superoffice_mock.recordings.model import Message
from superoffice_mock.redaction import tokenizers
from superoffice_mock.redaction.rules import Rules

MAX_BYTES: Final = 8 * 1024 * 1024
NOT_TEXT: Final = "the {} body was left out: it is not text in its charset"
TOO_LONG: Final = "the {} body was left out: it is longer than 8 MiB"
OTHER_TYPE: Final = "the {} body was left out: its type is neither JSON, XML nor a form"
PACKED: Final = "the {} body was left out: it can't be decompressed, or is too long then"
DECOMPRESSED: Final = "the {} body is kept without its Content-Encoding"
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = re.compile(r"(?:application|text)/(?:[a-z0-9.-]+\+|x-)?(?:nd)?json")
_XML: Final = re.compile(r"(?:application|text)/(?!xhtml)(?:[a-z0-9.-]+\+)?xml")

TextRedactor = Callable[[str, Rules], str]
_BY_FIRST_CHARACTER: Final[Mapping[str, TextRedactor]] = {
    "{": tokenizers.redact_json,
    "[": tokenizers.redact_json,
    "<": tokenizers.redact_xml,
}
"""A body that was sent with the wrong one of the three types keeps its structure, too."""


class RedactedBody(msgspec.Struct, frozen=True):
    """A redacted body, None if it was left out; *length* is its length then.

    *note* says what was changed beyond the values.
    """

    body: bytes | None
    length: int | None = None
    note: str | None = None


def redact_request(message: Message, rules: Rules) -> RedactedBody:
    """Return the redacted and decompressed body of a request."""
    coding = ",".join(message.get_all("content-encoding"))
    plain = body_encoding.decompress(message.body, coding) if message.body and coding else None
    is_plain = plain is None or plain == message.body
    redacted = _redact(message, message.body if is_plain else plain, rules, "request")
    note = redacted.note
    if not is_plain:
        note = note or DECOMPRESSED.format("request")
    elif coding and redacted.body is None:
        note = note and PACKED.format("request")
    return msgspec.structs.replace(redacted, note=note)


def redact_response(message: Message, rules: Rules) -> RedactedBody:
    """Return the redacted body of a response, which is decompressed; a description stays."""
    if message.body and message.body in rules.allowed.descriptions:
        return RedactedBody(message.body)
    return _redact(message, message.body, rules, "response")


def _redact(message: Message, body: bytes | None, rules: Rules, kind: str) -> RedactedBody:
    if not body or body.strip() in NO_BODY:  # whatever the media type says
        return RedactedBody(body, message.length)
    redacted = redact_text(body, message.media_type, rules)
    if isinstance(redacted, bytes):
        return RedactedBody(redacted)
    return RedactedBody(None, len(message.body or b""), redacted.format(kind))


def redact_text(body: bytes, media_type: str, rules: Rules) -> bytes | str:
    """Return *body* redacted, or the note that says why it is left out."""
    by_type = _text_redactor(media_type) if media_type else _text_redactor_without_type(body)
    if by_type is None:
        return OTHER_TYPE
    if len(body) > MAX_BYTES:
        return TOO_LONG
    decoded = body_encoding.decode(body, media_type)
    if decoded is None or "\0" in decoded[0]:
        return NOT_TEXT
    text, encoding = decoded
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    redact = _BY_FIRST_CHARACTER.get(text.lstrip()[:1], by_type)
    return (mark + redact(text, rules)).encode(encoding, "replace")


def _text_redactor_without_type(body: bytes) -> TextRedactor | None:
    """Return the function for a body whose type is nowhere stated, if it is a JSON document."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return tokenizers.redact_json if isinstance(document, dict | list) else None


def _text_redactor(media_type: str) -> TextRedactor | None:
    name = media_type.partition(";")[0].strip().lower()
    if _JSON.fullmatch(name):
        return tokenizers.redact_json
    if _XML.fullmatch(name):
        return tokenizers.redact_xml
    if name == _FORM:
        encoding = "latin-1" if body_encoding.encoding_of(media_type) == "latin-1" else "utf-8"
        return lambda form, rules: tokenizers.redact_form(form, rules, encoding)
    return None
