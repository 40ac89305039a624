"""Defects in what holds for all answers together, in limits, and in what browsers are told."""

from collections.abc import Callable
from itertools import count
from typing import Any, Final

import msgspec

from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from superoffice_mock.wire import cors
from tests.contract.mutants.patching import (
    Change,
    Defect,
    Vary,
    answering,
    changing,
    header,
    refusing,
    setting,
)
from tests.contract.mutants.patching_bodies import TAKEN, before

WHOLE: Final = b'{"SyncUserAccounts":[{"AccountId":507}]}'
OTHER: Final = b'{"Error":true,"ErrorType":"x","Message":"no","ErrorSource":"here"}'


def _each(number: int, change: Change) -> Change:
    """Change one answer of *number*."""
    numbers = count()

    def changed(found: Response, incoming: ApiRequest) -> Response:
        return change(found, incoming) if next(numbers) % number == 0 else found

    return changed


def _typed(found: Response, _: ApiRequest) -> Response:
    return found.with_headers(((b"content-type", b"application/json"),))


def _in_the_other(found: Response, _: ApiRequest) -> Response:
    is_json = (b"content-type", b"application/json; charset=utf-8") in found.headers
    return msgspec.structs.replace(found, body=OTHER) if is_json else found


def _closed_to_tickets(found: Response, incoming: ApiRequest) -> Response:
    ticket = (incoming.headers.get(b"authorization") or "").lower().startswith("soticket")
    ungranted = incoming.headers.get(b"so-apptoken") == "closed-token"
    return msgspec.structs.replace(found, status=403) if ticket and ungranted else found


def _nothing_is_an_account(decode: Callable[..., Any]) -> Callable[..., Any]:
    def decoded(operation: Any, content_type: Any, raw: bytes, most: int) -> Any:
        return decode(operation, content_type, raw or b"SyncUserAccounts[0].AccountId=1", most)

    return decoded


def _taking_more(*places: str) -> Vary:
    """Multiply the limit, which comes last."""

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: function(*given[:-1], given[-1] * 4)

    def vary(patch: Any) -> None:
        for place in places:
            changing(place, wrapped)(patch)

    return vary


def _without(name: bytes, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: tuple(one for one in function(*given) if one[0] != name)


READING_DEFECTS: Final = (
    Defect(
        "one 204 of three has a Content-Type",
        "readings",
        "no-content-type",
        "no-content-type=as-sampled at",
        answering(_each(3, _typed), 204),
    ),
    Defect(
        "one 400 of two is in the other envelope",
        "readings",
        "error-netserver",
        "errors=netserver at",
        answering(_each(2, _in_the_other), 400),
    ),
    Defect(
        "a ticket of a closed app is a 403, its token a 401",
        "readings",
        "restricted-status",
        "restricted=403 at",
        answering(_closed_to_tickets, 401),
    ),
    Defect(
        "the page's sample is refused for its Accept-Language",
        "sample",
        "sample-language",
        "the sample of the page: expected 204, got 400",
        refusing(400, lambda incoming: incoming.headers.get(b"accept-language") == "*"),
    ),
    Defect(
        "a cookie that is no session's is a 401",
        "sample",
        "cookies-ignored",
        "other cookies: expected 204, got 401",
        refusing(401, lambda incoming: "theme=" in (incoming.headers.get(b"cookie") or "")),
    ),
    Defect(
        "a body may have four times the size",
        "limits",
        "body-limit",
        "a body over the limit: expected 413, got 204",
        _taking_more("webapi.operations.pipeline.read"),
    ),
    Defect(
        "a list may have four times the accounts",
        "limits",
        "body-limit",
        "a list over the limit: expected 413, got 204",
        _taking_more("webapi.operations.pipeline.decode"),
    ),
    Defect(
        "a form without fields is taken",
        "limits",
        "form-limits",
        f"a form without fields: {TAKEN}",
        changing("webapi.operations.pipeline.decode", _nothing_is_an_account),
    ),
    Defect(
        "a JSON patch is taken for a call",
        "other-media-types",
        "patch-types-plain",
        f"a patch: {TAKEN}",
        before(
            lambda raw: WHOLE if raw.startswith(b'[{"op"') else raw, "application/json-patch+json"
        ),
    ),
    Defect(
        "blanks in $select are kept",
        "select-understood",
        "select-blanks",
        "was read as",
        setting("webapi.operations.pipeline.parse_select", lambda text: tuple(text.split(","))),
    ),
    Defect(
        "a listed origin is told nothing",
        "origins",
        "cors-origin",
        "access-control-allow-origin is None",
        setting("wire.cors.Origins.allow", lambda *_: False),
    ),
    Defect(
        "every origin may read answers",
        "origins",
        "cors-unlisted",
        "an origin that is not listed is told",
        setting("wire.cors.Origins.allow", lambda *_: True),
    ),
    Defect(
        "every origin is a star",
        "origins",
        "cors-unlisted",
        "an origin that is not listed is told",
        header("Access-Control-Allow-Origin", "*"),
    ),
    Defect(
        "no Vary for an origin",
        "origins",
        "cors-origin",
        "has no Vary: Origin",
        setting("wire.cors.headers_for", _without(b"vary", cors.headers_for)),
    ),
    Defect(
        "a preflight allows no headers",
        "origins",
        "cors-preflight",
        "does not allow the header authorization",
        setting(
            "wire.cors.preflight_headers",
            _without(b"access-control-allow-headers", cors.preflight_headers),
        ),
    ),
)
