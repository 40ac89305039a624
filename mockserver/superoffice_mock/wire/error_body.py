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

CRASHED: Final = "An error has occurred."

_MESSAGES: Final[Mapping[int, str]] = {
    400: "The request is invalid.",
    401: "Authorization has been denied for this request.",
    403: "Authorization has been denied for this request.",
    404: "No HTTP resource was found that matches the request URI.",
    405: "The requested resource does not support this HTTP method.",
    413: "The request is too large.",
    415: "The request entity's media type is not supported for this resource.",
    500: CRASHED,
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


def message_of(status: int) -> str:
    """Return what the vendor's envelope says of *status*; of an unknown one, the same as of 500."""
    known = _MESSAGES.get(status)
    if known is not None:
        return known
    return f"{HTTPStatus(status).phrase}." if status in _STATUSES else CRASHED


def envelope(error: Rejected, family: str) -> Envelope:
    """Return *error* in the *family* that reading `errors` names."""
    return _FAMILIES[family](error)


def _webapi(error: Rejected) -> Envelope:
    message = error.told if isinstance(error, Faulted) else message_of(error.status)
    if error.told == message:
        return {"Message": message}
    return {"Message": message, "MessageDetail": error.told}


def _netserver(error: Rejected) -> Envelope:
    return {
        "Error": True,
        "ErrorType": _TYPES.get(error.status, "ArgumentException"),
        "Message": error.told,
        "ErrorSource": "SuperOffice.Services.Implementation",
    }


_FAMILIES: Final[Mapping[str, Callable[[Rejected], Envelope]]] = {
    "webapi": _webapi,
    "netserver": _netserver,
}


def render(content: Envelope, media_type: str) -> bytes:
    """Return *content* as JSON, or as XML with the root Error."""
    return _xml(content) if media_type in XML_TYPES else msgspec.json.encode(content)


def _xml(content: Envelope) -> bytes:
    members = "".join(f"<{name}>{_xml_text(value)}</{name}>" for name, value in content.items())
    return f'<?xml version="1.0" encoding="utf-8"?><Error>{members}</Error>'.encode()


def _xml_text(value: object) -> str:
    return escape(value if isinstance(value, str) else str(value).lower(), quote=False)
