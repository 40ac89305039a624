"""Defects in what is answered: statuses, headers, errors."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core.lease import TurnedAway
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.calls import wants
from tests.contract.mutants.patching import (
    Defect,
    Vary,
    answering,
    changing,
    header,
    refusing,
    setting,
    status,
    without_header,
)


def _body(found: Response, _: ApiRequest) -> Response:
    return msgspec.structs.replace(found, body=b"null")


def _turned_away(change: Callable[[Response], Response]) -> Vary:
    def changed(found: Response, incoming: ApiRequest) -> Response:
        return change(found) if isinstance(incoming.exchange.verdict, TurnedAway) else found

    return answering(changed)


def _traced(render: Callable[[Any, str], bytes]) -> Callable[[Any, str], bytes]:
    return lambda content, kind: render(
        {**content, "Trace": "Traceback (most recent call last):"}, kind
    )


ANSWERS: Final = (
    Defect("answers 200", "media-types", "no-content", "expected 204, got 200", status(200, 204)),
    Defect("answers 202", "media-types", "no-content", "expected 204, got 202", status(202, 204)),
    Defect("answers 429", "media-types", "no-content", "expected 204, got 429", status(429, 204)),
    Defect("a body on the 204", "media-types", "no-body", "has a body of 4", answering(_body, 204)),
    Defect(
        "Content-Length on the 204",
        "media-types",
        "no-body",
        "has a Content-Length",
        header("Content-Length", "0", 204),
    ),
    Defect(
        "Content-Type on the 204",
        "media-types",
        "no-content-type",
        "has the Content-Type application/json",
        header("Content-Type", "application/json", 204),
    ),
    *(
        Defect(f"{name} on the 204", "media-types", claim, name.lower(), header(name, value, 204))
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
            f"no right {name.lower()}",
            without_header(name, 204),
        )
        for name in ("Cache-Control", "Pragma", "Expires")
    ),
    Defect(
        "429 for a turned-away call",
        "same-answer",
        "silent-drop",
        "turned away (429",
        _turned_away(lambda found: msgspec.structs.replace(found, status=429)),
    ),
    Defect(
        "Retry-After for a turned-away call",
        "same-answer",
        "same-answer",
        "retry-after",
        _turned_away(lambda found: found.with_headers(((b"retry-after", b"1"),))),
    ),
    Defect(
        "a turned-away call has a header less",
        "same-answer",
        "same-answer",
        "turned away (204, [],",
        _turned_away(lambda found: msgspec.structs.replace(found, headers=())),
    ),
)


ERRORS: Final = (
    Defect(
        "401 without WWW-Authenticate",
        "credentials-refused",
        "www-authenticate",
        "no WWW-Authenticate",
        without_header("WWW-Authenticate", 401),
    ),
    Defect(
        "403 for 401",
        "credentials-refused",
        "unauthorized",
        "nothing: expected 401, got 403",
        status(403, 401),
    ),
    Defect(
        "400 for 415",
        "other-media-types",
        "media-type-other",
        "text/plain: expected 415, got 400",
        status(400, 415),
    ),
    Defect(
        "422 for 400", "broken-bodies", "body-shape", "an array: expected 400", status(422, 400)
    ),
    Defect(
        "500 for 400",
        "broken-bodies",
        "body-syntax",
        "half an object: expected 400, got 500",
        status(500, 400),
    ),
    Defect(
        "errors in an envelope of its own",
        "errors",
        "error-webapi",
        "in no envelope",
        setting("wire.error_body.envelope", lambda *_: {"title": "wrong"}),
    ),
    Defect(
        "errors always in JSON",
        "errors",
        "error-format",
        "asks for XML, the error is application/json",
        setting("webapi.response.preferred", lambda *_: "application/json"),
    ),
    Defect(
        "406 for an error that Accept does not want",
        "errors",
        "never-406",
        "expected 400, got 406",
        refusing(406, wants("image/png")),
    ),
    Defect(
        "a stack trace in an error",
        "errors",
        "error-no-trace",
        "shows a stack trace",
        changing("wire.error_body.render", _traced),
    ),
    Defect(
        "errors may be cached",
        "errors",
        "cache-headers",
        "no right cache-control",
        without_header("Cache-Control", 400),
    ),
)
