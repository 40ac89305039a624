"""Defects in readings, limits, `$select`, and CORS."""

from itertools import count
from typing import Any, Final

import msgspec

from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.patching import (
    Change,
    Mutation,
    Seeds,
    add_header,
    change_response,
    refuse_when,
    replace_object,
    wrap_function,
)
from tests.contract.mutants.patching_bodies import ACCEPTED, change_bytes

VALID_BODY: Final = b'{"SyncUserAccounts":[{"AccountId":507}]}'
NETSERVER_ERROR: Final = b'{"Error":true,"ErrorType":"x","Message":"no","ErrorSource":"here"}'


def _change_one_of(number: int, change: Change) -> Change:
    """Apply *change* to the first of every *number* responses."""
    indices = count()

    def change_some(response: Response, request: ApiRequest) -> Response:
        return change(response, request) if next(indices) % number == 0 else response

    return change_some


def _add_content_type(response: Response, _: ApiRequest) -> Response:
    return response.with_headers(((b"content-type", b"application/json"),))


def _use_netserver_envelope(response: Response, _: ApiRequest) -> Response:
    is_json = (b"content-type", b"application/json; charset=utf-8") in response.headers
    return msgspec.structs.replace(response, body=NETSERVER_ERROR) if is_json else response


def _forbid_ticket_without_grant(response: Response, request: ApiRequest) -> Response:
    has_ticket = (request.headers.get(b"authorization") or "").lower().startswith("soticket")
    has_no_grant = request.headers.get(b"so-apptoken") == "closed-token"
    is_forbidden = has_ticket and has_no_grant
    return msgspec.structs.replace(response, status=403) if is_forbidden else response


async def _replace_empty_form(read_body: Any, *arguments: Any) -> Any:
    return await read_body(*arguments) or b"SyncUserAccounts[0].AccountId=1"


def _multiply_limit(name: str) -> Mutation:
    """Multiply the last argument of the function *name*, which is a limit."""
    return wrap_function(
        name,
        lambda function, *arguments, **options: function(
            *arguments[:-1], arguments[-1] * 4, **options
        ),
    )


def _without_header(name: str, header: bytes) -> Mutation:
    """Leave *header* out of those that the function *name* returns."""
    return wrap_function(
        name,
        lambda function, *arguments: tuple(
            pair for pair in function(*arguments) if pair[0] != header
        ),
    )


READING_DEFECTS: Final[Seeds] = {
    "one 204 of three has a Content-Type": (
        "has the Content-Type application/json",
        change_response(_change_one_of(3, _add_content_type), 204),
    ),
    "one 400 of two is in the other envelope": (
        "the envelope netserver, expected webapi",
        change_response(_change_one_of(2, _use_netserver_envelope), 400),
    ),
    "a ticket of a closed app gets a 403, its token a 401": (
        "a ticket of an app without the EMail agent: expected 401, got 403",
        change_response(_forbid_ticket_without_grant, 401),
    ),
    "the page's sample is refused for its Accept-Language": (
        "the sample of the page: expected 204, got 400",
        refuse_when(400, lambda request: request.headers.get(b"accept-language") == "*"),
    ),
    "an unrelated cookie gets a 401": (
        "other cookies: expected 204, got 401",
        refuse_when(401, lambda request: "theme=" in (request.headers.get(b"cookie") or "")),
    ),
    "a body may have four times the size": (
        "a body over the limit: expected 413, got 204",
        _multiply_limit("webapi.operations.pipeline.read_body"),
    ),
    "a list may have four times the accounts": (
        "a list over the limit: expected 413, got 204",
        _multiply_limit("webapi.operations.pipeline.decode"),
    ),
    "a form without fields is accepted": (
        f"a form without fields: {ACCEPTED}",
        wrap_function("webapi.operations.pipeline.read_body", _replace_empty_form),
    ),
    "a JSON patch is accepted as a call": (
        "a patch: expected 400 or 415, got 204",
        change_bytes(
            lambda raw: VALID_BODY if raw.startswith(b'[{"op"') else raw,
            "application/json-patch+json",
        ),
    ),
    "blanks in $select are kept": (
        "was read as",
        replace_object("wire.query.parse_select", lambda text: tuple(text.split(","))),
    ),
    "a listed origin gets no CORS headers": (
        "access-control-allow-origin is None",
        replace_object("wire.cors.AllowedOrigins.may_read", lambda *_: False),
    ),
    "every origin may read answers": (
        "an origin that is not listed may send credentials",
        replace_object("wire.cors.AllowedOrigins.may_read", lambda *_: True),
    ),
    "every origin gets Access-Control-Allow-Origin: *": (
        "an origin that is not listed gets",
        add_header("Access-Control-Allow-Origin", "*"),
    ),
    "no Vary for an origin": (
        "has no Vary: Origin",
        _without_header("wire.cors.response_headers", b"vary"),
    ),
    "a preflight allows no headers": (
        "does not allow the header authorization",
        _without_header("wire.cors.preflight_headers", b"access-control-allow-headers"),
    ),
}
