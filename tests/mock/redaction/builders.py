"""Redacts single entries, headers and bodies with a fixed key."""

import json

from msgspec.structs import replace

from superoffice_mock.recordings.model import Entry
from superoffice_mock.redaction.redactor import Options, Redactor
from tests.support.recordings import BASIC, entry

KEY = b"a key for tests"
DEFAULTS = Options()
KEEP_MESSAGES = Options(keep_messages=True)


def redact(original: Entry, options: Options = DEFAULTS) -> Entry:
    return Redactor(KEY, options=options).redact_entry(original)


def redact_header(name: str, value: str) -> str:
    """Return the value of a request header after redaction."""
    (redacted,) = redact(entry(headers=((name, value),))).request.get_all(name)
    return redacted


def pseudonym(value: str) -> str:
    return redact_header("so-apptoken", value)


def question(body: str | bytes, media_type: str = "application/json") -> Entry:
    """Return an exchange whose request has *body*."""
    raw = body.encode() if isinstance(body, str) else body
    return entry(headers=(*BASIC, ("content-type", media_type)), body=raw)


def answer(body: str | bytes, media_type: str = "application/json", status: int = 400) -> Entry:
    """Return an exchange whose response has *body*."""
    raw = body.encode() if isinstance(body, str) else body
    headers = (("content-type", media_type),)
    return entry(status=status, response_headers=headers, response_body=raw)


def redact_body(body: str | bytes, media_type: str = "application/json") -> str:
    """Return the body of a request after redaction."""
    return (redact(question(body, media_type)).request.body or b"").decode()


def redact_answer(body: str, media_type: str = "application/json", status: int = 400) -> str:
    """Return the body of a response after redaction."""
    return (redact(answer(body, media_type, status)).response.body or b"").decode()


def keep_message(original: Entry, message: str) -> str:
    """Return what is kept of *message*, which the answer in *original* has."""
    exchange = replace(original, response=answer(json.dumps({"Message": message})).response)
    redacted = redact(exchange, KEEP_MESSAGES).response.body
    return str(json.loads(redacted or b"")["Message"])
