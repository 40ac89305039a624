"""Bodies made harmless: by what they look like, whatever their Content-Type says."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from superoffice_mock.recordings import body_encoding
from superoffice_mock.recordings.model import Message
from superoffice_mock.redaction import tokenizers
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.tokenizers import AnswerWords, Words

LONGEST: Final = 8 * 1024 * 1024
NOT_TEXT: Final = "the {} body was left out: it is no text that can be cleaned"
TOO_LONG: Final = "the {} body was left out: it is longer than 8 MiB"
UNCODED: Final = "the {} body is kept without its Content-Encoding"
NO_NAMES: Final = "the {} body was left out: nobody knows which words of it are names"

Clean = Callable[[str, Words], str]


class Cleaned(msgspec.Struct, frozen=True):
    """A body that may be written, None if it was left out; *note* says what was done to it."""

    body: bytes | None
    note: str | None = None


def request(message: Message, names: Pseudonyms) -> Cleaned:
    """Return the body of a request; its Content-Encoding is undone."""
    coding = ",".join(message.all("content-encoding"))
    plain = body_encoding.undone(message.body, coding) if message.body and coding else None
    if plain is None or plain == message.body:
        return _cleaned(message.body, message.media_type, Words(names), "request")
    cleaned = _cleaned(plain, message.media_type, Words(names), "request")
    return Cleaned(cleaned.body, cleaned.note or UNCODED.format("request"))


def response(message: Message, names: Pseudonyms) -> Cleaned:
    """Return the body of an answer."""
    return _cleaned(message.body, message.media_type, AnswerWords(names), "answer's")


def _cleaned(body: bytes | None, media_type: str, words: Words, whose: str) -> Cleaned:
    if not body:
        return Cleaned(body)
    if len(body) > LONGEST:
        return Cleaned(None, TOO_LONG.format(whose))
    read = body_encoding.read(body, media_type)
    if read is None or "\0" in read[0]:
        return Cleaned(None, NOT_TEXT.format(whose))
    text, encoding = read
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    clean = _reader(text, media_type)
    if clean is None:
        return Cleaned(None, NO_NAMES.format(whose))
    return Cleaned((mark + clean(text, words)).encode(encoding, "replace"))


_STARTS: Final[Mapping[str, Clean]] = {
    "{": tokenizers.redact_json,
    "[": tokenizers.redact_json,
    "<": tokenizers.redact_xml,
}


def _reader(text: str, media_type: str) -> Clean | None:
    """Return who cleans *text*; nobody does pages and parts, which have names anywhere."""
    name = media_type.partition(";")[0].strip().lower()
    if name.startswith("multipart/") or name in ("text/html", "application/xhtml+xml"):
        return None
    looks = _STARTS.get(text.lstrip()[:1])
    if looks is not None:
        return looks
    if name.endswith("json"):
        return tokenizers.redact_json
    if name == "application/x-www-form-urlencoded":
        encoding = "latin-1" if body_encoding.encoding_of(media_type) == "latin-1" else "utf-8"
        return lambda form, by: tokenizers.redact_form(form, by, encoding)
    return lambda plain, by: by.plain(plain)
