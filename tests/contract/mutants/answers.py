"""Defects in responses: statuses, headers, errors."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core.lease import TurnedAway
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.calls import accept_is
from tests.contract.mutants.patching import (
    Defect,
    Mutation,
    add_header,
    change_object,
    change_response,
    refuse_when,
    remove_header,
    replace_object,
    replace_status,
)


def _add_null_body(response: Response, _: ApiRequest) -> Response:
    return msgspec.structs.replace(response, body=b"null")


def _change_turned_away(change: Callable[[Response], Response]) -> Mutation:
    def change_if_turned_away(response: Response, request: ApiRequest) -> Response:
        return change(response) if isinstance(request.exchange.verdict, TurnedAway) else response

    return change_response(change_if_turned_away)


def _add_stack_trace(render: Callable[[Any, str], bytes]) -> Callable[[Any, str], bytes]:
    return lambda content, media_type: render(
        {**content, "Trace": "Traceback (most recent call last):"}, media_type
    )


RESPONSE_DEFECTS: Final = (
    Defect(
        "answers 200",
        "media-types",
        "no-content",
        "expected 204, got 200",
        replace_status(200, 204),
    ),
    Defect(
        "answers 202",
        "media-types",
        "no-content",
        "expected 204, got 202",
        replace_status(202, 204),
    ),
    Defect(
        "answers 429",
        "media-types",
        "no-content",
        "expected 204, got 429",
        replace_status(429, 204),
    ),
    Defect(
        "a body on the 204",
        "media-types",
        "no-body",
        "has a body of 4",
        change_response(_add_null_body, 204),
    ),
    Defect(
        "Content-Length on the 204",
        "media-types",
        "no-body",
        "has a Content-Length",
        add_header("Content-Length", "0", 204),
    ),
    Defect(
        "Content-Type on the 204",
        "media-types",
        "no-content-type",
        "has the Content-Type application/json",
        add_header("Content-Type", "application/json", 204),
    ),
    *(
        Defect(
            f"{name} on the 204", "media-types", claim, name.lower(), add_header(name, value, 204)
        )
        for name, value, claim in (
            ("Retry-After", "1", "no-hints"),
            ("Location", "/jobs/1", "no-hints"),
            ("Set-Cookie", "run=1", "no-hints"),
            ("Transfer-Encoding", "chunked", "no-hints"),
            ("Server", "uvicorn", "no-banner"),
            ("Strict-Transport-Security", "max-age=1", "no-banner"),
        )
    ),
    *(
        Defect(
            f"the 204 without {name}",
            "media-types",
            "cache-headers",
            f"the header {name.lower()} is missing",
            remove_header(name, 204),
        )
        for name in ("Cache-Control", "Pragma", "Expires")
    ),
    Defect(
        "429 for a turned-away call",
        "same-answer",
        "silent-drop",
        "turned away (429",
        _change_turned_away(lambda response: msgspec.structs.replace(response, status=429)),
    ),
    Defect(
        "Retry-After for a turned-away call",
        "same-answer",
        "same-answer",
        "retry-after",
        _change_turned_away(lambda response: response.with_headers(((b"retry-after", b"1"),))),
    ),
    Defect(
        "a turned-away call gets no headers",
        "same-answer",
        "same-answer",
        "turned away (204, [],",
        _change_turned_away(lambda response: msgspec.structs.replace(response, headers=())),
    ),
)

ERROR_DEFECTS: Final = (
    Defect(
        "401 without WWW-Authenticate",
        "credentials-refused",
        "www-authenticate",
        "no WWW-Authenticate",
        remove_header("WWW-Authenticate", 401),
    ),
    Defect(
        "403 for 401",
        "credentials-refused",
        "unauthorized",
        "nothing: expected 401, got 403",
        replace_status(403, 401),
    ),
    Defect(
        "400 for 415",
        "other-media-types",
        "media-type-other",
        "text/plain: expected 415, got 400",
        replace_status(400, 415),
    ),
    Defect(
        "422 for 400",
        "broken-bodies",
        "body-shape",
        "an array: expected 400",
        replace_status(422, 400),
    ),
    Defect(
        "500 for 400",
        "broken-bodies",
        "body-syntax",
        "half an object: expected 400, got 500",
        replace_status(500, 400),
    ),
    Defect(
        "errors in an unknown envelope",
        "errors",
        "error-webapi",
        "in no envelope",
        replace_object("wire.error_body.envelope", lambda *_: {"title": "wrong"}),
    ),
    Defect(
        "errors always in JSON",
        "errors",
        "error-format",
        "asks for XML, the error is application/json",
        replace_object("webapi.response.choose_media_type", lambda *_: "application/json"),
    ),
    Defect(
        "406 for an error with an unsupported Accept",
        "errors",
        "never-406",
        "expected 400, got 406",
        refuse_when(406, accept_is("image/png")),
    ),
    Defect(
        "a stack trace in an error",
        "errors",
        "error-no-trace",
        "shows a stack trace",
        change_object("wire.error_body.render", _add_stack_trace),
    ),
    Defect(
        "errors may be cached",
        "errors",
        "cache-headers",
        "the header cache-control is missing",
        remove_header("Cache-Control", 400),
    ),
)
