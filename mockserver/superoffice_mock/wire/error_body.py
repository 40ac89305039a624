"""The vendor's error envelopes, as JSON or XML."""

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Final

import msgspec

from superoffice_contract.bodies.writers import write_text
from superoffice_mock.errors import Faulted, Rejected

Envelope = Mapping[str, str | bool]

JSON_TYPES: Final = ("application/json", "text/json")
XML_TYPES: Final = ("application/xml", "text/xml")
ERROR_TYPES: Final = JSON_TYPES + XML_TYPES

XML_DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8"?>'
CRASH_MESSAGE: Final = "An error has occurred."
WRONG_SUBDOMAIN: Final = "Wrong subdomain used to access tenant"

_MESSAGES: Final[Mapping[int, str]] = {
    400: "The request is invalid.",
    401: "Authorization has been denied for this request.",
    403: "Authorization has been denied for this request.",
    404: "No HTTP resource was found that matches the request URI.",
    405: "The requested resource does not support this HTTP method.",
    413: "The request is too large.",
    415: "The request entity's media type is not supported for this resource.",
    421: WRONG_SUBDOMAIN,
    500: CRASH_MESSAGE,
    501: "This call is not emulated.",
    503: "The service is unavailable.",
}
_STATUSES: Final = frozenset(HTTPStatus)
_TYPES: Final[Mapping[int, str]] = {
    401: "UnauthorizedAccessException",
    403: "UnauthorizedAccessException",
    404: "SoNotFoundException",
    405: "NotSupportedException",
    415: "NotSupportedException",
    501: "NotImplementedException",
}
_ARGUMENT_ERROR: Final = "ArgumentException"
_SOURCE: Final = "SuperOffice.Services.Implementation"
FIXED_TEXTS: Final = frozenset({*_MESSAGES.values(), *_TYPES.values(), _ARGUMENT_ERROR, _SOURCE})
"""The texts in error answers that say nothing of the request."""


def status_message(status: int) -> str:
    """Return the vendor's message for *status*; for an unknown status, that of 500."""
    if status in _MESSAGES:
        return _MESSAGES[status]
    return f"{HTTPStatus(status).phrase}." if status in _STATUSES else CRASH_MESSAGE


def envelope(error: Rejected, family: str) -> Envelope:
    """Return the envelope of *error* in *family*, a value of the reading `errors`."""
    if family == "netserver":
        return {
            "Error": True,
            "ErrorType": _TYPES.get(error.status, _ARGUMENT_ERROR),
            "Message": error.message,
            "ErrorSource": _SOURCE,
        }
    message = error.message if isinstance(error, Faulted) else status_message(error.status)
    if error.message == message:
        return {"Message": message}
    return {"Message": message, "MessageDetail": error.message}


def render(content: Envelope, media_type: str) -> bytes:
    """Return *content* as JSON, or as XML with the root Error."""
    if media_type not in XML_TYPES:
        return msgspec.json.encode(content)
    members = "".join(
        f"<{name}>{escape(write_text(value), quote=False)}</{name}>"
        for name, value in content.items()
    )
    return XML_DECLARATION + f"<Error>{members}</Error>".encode()
