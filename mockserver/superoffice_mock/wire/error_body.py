"""The vendor's error envelopes, as JSON or XML."""

from collections.abc import Callable, Mapping
from html import escape
from http import HTTPStatus
from typing import Final

import msgspec

from superoffice_mock.errors import Faulted, Rejected

Envelope = Mapping[str, str | bool]

JSON_TYPES: Final = ("application/json", "text/json")
XML_TYPES: Final = ("application/xml", "text/xml")
ERROR_TYPES: Final = JSON_TYPES + XML_TYPES

CRASH_MESSAGE: Final = "An error has occurred."

_MESSAGES: Final[Mapping[int, str]] = {
    400: "The request is invalid.",
    401: "Authorization has been denied for this request.",
    403: "Authorization has been denied for this request.",
    404: "No HTTP resource was found that matches the request URI.",
    405: "The requested resource does not support this HTTP method.",
    413: "The request is too large.",
    415: "The request entity's media type is not supported for this resource.",
    500: CRASH_MESSAGE,
    503: "The service is unavailable.",
}
_STATUSES: Final = frozenset(HTTPStatus)
_TYPES: Final[Mapping[int, str]] = {
    401: "UnauthorizedAccessException",
    403: "UnauthorizedAccessException",
    404: "SoNotFoundException",
    405: "NotSupportedException",
    415: "NotSupportedException",
}


def status_message(status: int) -> str:
    """Return the vendor's message for *status*; for an unknown status, that of 500."""
    if status in _MESSAGES:
        return _MESSAGES[status]
    return f"{HTTPStatus(status).phrase}." if status in _STATUSES else CRASH_MESSAGE


def envelope(error: Rejected, family: str) -> Envelope:
    """Return the envelope of *error* in *family*, a value of the reading `errors`."""
    return _FAMILIES[family](error)


def _webapi_envelope(error: Rejected) -> Envelope:
    message = error.message if isinstance(error, Faulted) else status_message(error.status)
    if error.message == message:
        return {"Message": message}
    return {"Message": message, "MessageDetail": error.message}


def _netserver_envelope(error: Rejected) -> Envelope:
    return {
        "Error": True,
        "ErrorType": _TYPES.get(error.status, "ArgumentException"),
        "Message": error.message,
        "ErrorSource": "SuperOffice.Services.Implementation",
    }


_FAMILIES: Final[Mapping[str, Callable[[Rejected], Envelope]]] = {
    "webapi": _webapi_envelope,
    "netserver": _netserver_envelope,
}


def render(content: Envelope, media_type: str) -> bytes:
    """Return *content* as JSON, or as XML with the root Error."""
    return _render_xml(content) if media_type in XML_TYPES else msgspec.json.encode(content)


def _render_xml(content: Envelope) -> bytes:
    members = "".join(f"<{name}>{_escape_xml(value)}</{name}>" for name, value in content.items())
    return f'<?xml version="1.0" encoding="utf-8"?><Error>{members}</Error>'.encode()


def _escape_xml(value: object) -> str:
    return escape(value if isinstance(value, str) else str(value).lower(), quote=False)
