"""Defects in responses: statuses, headers, errors."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core.verdicts import TurnedAway
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.calls import accept_is
from tests.contract.mutants.patching import (
    Mutation,
    Seeds,
    add_header,
    change_response,
    combine,
    refuse_when,
    remove_header,
    replace_object,
    replace_status,
    wrap_function,
)


def _add_null_body(response: Response, _: ApiRequest) -> Response:
    return msgspec.structs.replace(response, body=b"null")


def _change_turned_away(change: Callable[[Response], Response]) -> Mutation:
    def change_if_turned_away(response: Response, request: ApiRequest) -> Response:
        return change(response) if isinstance(request.exchange.verdict, TurnedAway) else response

    return change_response(change_if_turned_away)


def _add_stack_trace(render: Any, content: Any, media_type: str) -> Any:
    return render({**content, "Trace": "Traceback (most recent call last):"}, media_type)


def _header(request: ApiRequest, name: bytes) -> str:
    return request.headers.get(name) or ""


def _repeat_credential(response: Response, request: ApiRequest) -> Response:
    message = {"Message": f"{_header(request, b'authorization')} is not known"}
    return msgspec.structs.replace(response, body=msgspec.json.encode(message))


RESPONSE_DEFECTS: Final[Seeds] = {
    "answers 200": ("expected 204, got 200", replace_status(200, 204)),
    "answers 202": ("expected 204, got 202", replace_status(202, 204)),
    "answers 429": ("expected 204, got 429", replace_status(429, 204)),
    "a body on the 204": ("the 204 has a body", change_response(_add_null_body, 204)),
    "Content-Type on the 204": (
        "has the Content-Type application/json",
        add_header("Content-Type", "application/json", 204),
    ),
    **{
        f"{name} on the 204": (name.lower(), add_header(name, value, 204))
        for name, value in (
            *(("Content-Length", "0"), ("Transfer-Encoding", "chunked")),
            *(("Retry-After", "1"), ("Location", "/jobs/1"), ("Set-Cookie", "run=1")),
            *(("Server", "uvicorn"), ("Strict-Transport-Security", "max-age=1")),
        )
    },
    **{
        f"the 204 without {name}": (
            f"the header {name.lower()} is missing",
            remove_header(name, 204),
        )
        for name in ("Cache-Control", "Pragma", "Expires")
    },
    "429 for a turned-away call": (
        "turned away (429",
        _change_turned_away(lambda response: msgspec.structs.replace(response, status=429)),
    ),
    "Retry-After for a turned-away call": (
        "retry-after",
        _change_turned_away(lambda response: response.with_headers(((b"retry-after", b"1"),))),
    ),
    "a turned-away call gets no headers": (
        "turned away (204, [],",
        _change_turned_away(lambda response: msgspec.structs.replace(response, headers=())),
    ),
}

ERROR_DEFECTS: Final[Seeds] = {
    "401 without WWW-Authenticate": ("no WWW-Authenticate", remove_header("WWW-Authenticate", 401)),
    "403 for 401": ("nothing: expected 401, got 403", replace_status(403, 401)),
    "400 for 415": ("text/plain: expected 415, got 400", replace_status(400, 415)),
    "422 for 400": ("an array: expected 400", replace_status(422, 400)),
    "500 for 400": ("the answer is a 500", replace_status(500, 400)),
    "errors in an unknown envelope": (
        "in no envelope",
        replace_object("wire.error_body.envelope", lambda *_: {"title": "wrong"}),
    ),
    "errors always in JSON": (
        "asks for XML, the error is application/json",
        replace_object("webapi.response.choose_media_type", lambda *_: "application/json"),
    ),
    "406 for an error with an unsupported Accept": (
        "expected 400, got 406",
        refuse_when(406, accept_is("image/png")),
    ),
    "a stack trace in an error": (
        "shows a stack trace",
        wrap_function("wire.error_body.render", _add_stack_trace),
    ),
    "errors may be cached": (
        "the header cache-control is missing",
        remove_header("Cache-Control", 400),
    ),
    "errors are marked as public": (
        "invites caches to keep it, with public",
        combine(remove_header("Cache-Control", 400), add_header("Cache-Control", "public", 400)),
    ),
    "an error repeats the credential": (
        "repeats the ticket or token of the request",
        change_response(_repeat_credential, 401),
    ),
    "a long body gets a 500": (
        "the answer is a 500",
        refuse_when(500, lambda request: int(_header(request, b"content-length") or 0) > 2**21),
    ),
    "a long head gets a 500": (
        "the answer is a 500",
        refuse_when(500, lambda request: len(_header(request, b"x-long")) >= 2**15),
    ),
}
