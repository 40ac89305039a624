"""Redacts single entries, headers and bodies with a fixed key."""

import json

from superoffice_contract.openapi import operations
from superoffice_mock.recordings.model import Entry
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.redactor import Redactor
from tests.mock.redaction.secret_places import basic, json_body
from tests.support.recordings import JSON, entry

KEY = b"a key for tests"
ALLOW_LIST = AllowList(operations.load())


def redact(original: Entry) -> Entry:
    return Redactor(KEY).redact_entry(original)


def redact_header(name: str, value: str) -> str:
    """Return the value of a request header after redaction."""
    (redacted,) = redact(entry(headers=((name, value),))).request.get_all(name)
    return redacted


def redact_body(body: str | bytes, media_type: str = "application/json") -> str:
    """Return the body of a request after redaction."""
    raw = body.encode() if isinstance(body, str) else body
    redacted = redact(entry(headers=(("content-type", media_type),), body=raw)).request.body
    return "" if redacted is None else redacted.decode()


def pseudonym(value: str) -> str:
    return redact_header("so-apptoken", value)


def entry_with_basic(user: str, password: str, name: str = "Walker") -> Entry:
    """Return a call that signs in with Basic and names an associate."""
    headers = (("authorization", basic(user, password)), *JSON)
    return entry(headers=headers, body=json_body(name).encode())


def error(body: str | bytes) -> Entry:
    """Return an exchange whose response has the JSON *body*."""
    raw = body.encode() if isinstance(body, str) else body
    return entry(headers=JSON, status=400, response_headers=JSON, response_body=raw)


def error_message(message: str) -> Entry:
    """Return an exchange whose response has *message*."""
    return error(json.dumps({"Message": message}))


def redact_message(*earlier: Entry, message: str) -> str:
    """Return *message* as redacted in a response that follows the *earlier* exchanges."""
    redactor = Redactor(KEY)
    for exchange in earlier:
        redactor.redact_entry(exchange)
    body = redactor.redact_entry(error_message(message)).response.body
    return str(json.loads(body or b"")["Message"])
