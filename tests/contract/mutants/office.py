"""Defects in the calls about accounts, and in what syncs do to LastFetch."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from superoffice_mock.core import lease
from superoffice_mock.core.verdicts import TurnedAway
from superoffice_mock.webapi.operations.values import NEVER
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.patching import (
    Mutation,
    Seeds,
    change_response,
    refuse_when,
    replace_object,
    wrap_function,
)


def _is_call(request: ApiRequest, name: str) -> bool:
    return str(request.scope["path"]).endswith(f"/{name}")


def _change_answer(name: str, change: Callable[[Response], Response]) -> Mutation:
    return change_response(
        lambda response, request: change(response) if _is_call(request, name) else response, 200
    )


def _refuse_unknown_account(response: Response) -> Response:
    return Response(404) if response.body == b"null" else response


def _wrap_list(response: Response) -> Response:
    is_json = response.body.startswith(b"[")
    body = b'{"Items":%b}' % response.body if is_json else response.body
    return msgspec.structs.replace(response, body=body)


def _sync_what_is_turned_away(decide: Any, facts: Any, state: Any, call: Any, now: Any) -> Any:
    state, verdict = decide(facts, state, call, now)
    if isinstance(verdict, TurnedAway):
        state, _ = lease.decide_alone(facts, state, call, now)
    return state, verdict


def _without_accounts_in(media_type: str) -> Mutation:
    def read(read_call: Any, backend: Any, entry: Any, request: ApiRequest, *rest: Any) -> Any:
        call = read_call(backend, entry, request, *rest)
        is_affected = request.headers.content_type == media_type
        return msgspec.structs.replace(call, body=()) if is_affected else call

    return wrap_function("webapi.operations.pipeline.SimulationBackend.read_call", read)


def _has_body(body: bytes) -> Callable[[ApiRequest], bool]:
    return lambda request: _is_call(request, "GetEMailAccount") and request.exchange.body == body


OFFICE_DEFECTS: Final[Seeds] = {
    "LastFetch never advances": (
        "LastFetch of its account did not advance",
        replace_object("webapi.operations.values.moment_value", lambda _: NEVER),
    ),
    "a turned-away call advances LastFetch": (
        "a call that was turned away has advanced LastFetch",
        wrap_function("core.lease.decide", _sync_what_is_turned_away),
    ),
    "a body in XML syncs nothing": (
        "text/xml: a body in this media type is accepted, and LastFetch does not advance",
        _without_accounts_in("text/xml"),
    ),
    "SyncEmailAccount is turned away": (
        "SyncEmailAccount during a run is answered 204, and LastFetch does not",
        replace_object("core.lease.decide_alone", lease.decide),
    ),
    "a run has twelve tasks": (
        "12 accounts of a run were fetched at the same moment",
        replace_object("core.sync_run.MAX_TASKS", 12),
    ),
    "404 for an unknown account": (
        "GetEMailAccount of an unknown id: expected 200 and null, got 404",
        _change_answer("GetEMailAccount", _refuse_unknown_account),
    ),
    "the list of due accounts is in an object": (
        "GetReadySyncEmailAccounts: the answer is no array",
        _change_answer("GetReadySyncEmailAccounts", _wrap_list),
    ),
    "the body null is refused": (
        "GetEMailAccount with the body null: expected the account",
        refuse_when(400, _has_body(b"null")),
    ),
    "an empty body is refused": (
        "GetEMailAccount with an empty body: expected the account",
        refuse_when(400, _has_body(b"")),
    ),
    "query names are case-sensitive": (
        "with its query name in upper case: expected the account",
        refuse_when(400, lambda request: b"EMAILACCOUNTID" in request.scope["query_string"]),
    ),
    "$select leaves all members": (
        "members that $select leaves out are not null",
        replace_object("webapi.operations.pipeline.select_members", lambda value, _: value),
    ),
    "accounts are always in JSON": (
        "GetEMailAccount, Accept: application/xml: the answer is not the account in XML",
        replace_object("webapi.response.choose_media_type", lambda *_: "application/json"),
    ),
    "an id that is no number is taken": (
        "GetEMailAccount of an id that is no number: expected 400, got 200",
        change_response(
            lambda response, request: (
                Response(200, (), b"null") if _is_call(request, "GetEMailAccount") else response
            ),
            400,
        ),
    ),
}
