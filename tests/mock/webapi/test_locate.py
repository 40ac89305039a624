"""Calls whose tenant is named by a token in their headers or body."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from starlette.types import Message

from superoffice_contract.openapi import operations
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.core.verdicts import NOTHING, Call, Handler, Served
from superoffice_mock.webapi.entry import Entry, Registry
from superoffice_mock.wire.headers import Headers
from tests.support.in_process import ClientResponse, InProcessMock

PATH: Final = "/notes"
MAX_BODY: Final = 1000
NOTE: Final = {"type": "object", "properties": {"Token": {"type": "string"}}}
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
DOCUMENT: Final = {
    "paths": {
        PATH: {
            "post": {
                "operationId": "AddNote",
                "requestBody": {"content": {JSON: {"schema": NOTE}, FORM: {"schema": NOTE}}},
                "responses": {"200": {"description": "", "content": {JSON: {"schema": NOTE}}}},
            }
        }
    }
}


def find_tenant(headers: Headers, body: Any) -> str | None:
    if headers.get(b"x-token") == "broken":
        raise LookupError("broken")
    token = headers.get(b"x-token") or (None if body is None else body.token)
    return None if token is None else str(token).partition(".")[0]


def echo_token(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Served]:
    return state, Served(now, {"Token": "" if call.body is None else call.body.token})


@pytest.fixture
def local() -> InProcessMock:
    description = operations.read_document(DOCUMENT)
    entry = Entry(description.by_name["AddNote"], Handler(echo_token), tenant=find_tenant)
    settings = Settings(max_body=MAX_BODY)
    return InProcessMock(settings, operations=Registry(description, [entry]))


def pieces_of(raw: bytes, size: int) -> Iterator[Message]:
    for start in range(0, len(raw) or 1, size):
        piece, more_body = raw[start : start + size], start + size < len(raw)
        yield {"type": "http.request", "body": piece, "more_body": more_body}


def note(token: str) -> bytes:
    return json.dumps({"Token": token}).encode()


async def send(
    local: InProcessMock, body: bytes, size: int = 9, media_type: str = JSON, token: str = ""
) -> ClientResponse:
    headers = {"content-type": media_type} | ({"x-token": token} if token else {})
    return await local.call("POST", PATH, headers=headers, messages=pieces_of(body, size))


def statuses(local: InProcessMock) -> dict[str, list[int | None]]:
    """The statuses in the journals, by tenant."""
    return {
        id_: [exchange.status for exchange in local.exchanges(id_)]
        for id_ in [tenant.facts.id for tenant in local.mock.tenants]
        if local.exchanges(id_)
    }


async def test_a_token_in_a_header_or_in_the_body_names_the_tenant(local: InProcessMock) -> None:
    for body, token in ((b"", "Cust12345.a"), (b"null", "cUST12345.b")):
        answer = await send(local, body, token=token)
        assert (answer.status, answer.json()) == (200, {"Token": ""})
    for token in ("Cust12345.c", "Cust54321.d", "onsite.e", ".f"):
        answer = await send(local, note(token))
        assert (answer.status, answer.json()) == (200, {"Token": token})
    assert (await send(local, b"Token=Cust54321.g", media_type=FORM)).status == 200
    assert statuses(local) == {"onsite": [200] * 2, "Cust12345": [200] * 3, "Cust54321": [200] * 2}


async def test_a_call_that_names_no_tenant_is_at_the_default_one(local: InProcessMock) -> None:
    for body, media_type, status in (
        (b"", JSON, 200),
        (b'{"Token":', JSON, 400),
        (b'{"Token":7}', JSON, 400),
        (note("Cust12345.a"), "text/plain", 415),
    ):
        assert (await send(local, body, media_type=media_type)).status == status, body
    assert statuses(local) == {"onsite": [200, 400, 400, 415]}


async def test_an_unknown_tenant_is_a_404_in_the_default_journal(local: InProcessMock) -> None:
    for token in ("Cust99999.a", "anything.b"):
        answer = await send(local, note(token))
        assert answer.status == 404
        text = answer.json()["MessageDetail"]
        assert "a tenant that is not known here; the tenants are: onsite, " in text
        assert token.partition(".")[0] not in text  # it may be part of a secret
    requests = (await local.control("GET", "requests"))["requests"]
    assert [(item["tenant"], item["operation"]) for item in requests] == [(None, "AddNote")] * 2
    assert statuses(local) == {"onsite": [404, 404]}


async def test_a_body_over_the_limit_is_a_413_in_the_default_journal(local: InProcessMock) -> None:
    for length, size in ((MAX_BODY + 1, 100), (10 * MAX_BODY, 100), (2 * MAX_BODY, 2 * MAX_BODY)):
        body = b"Token=Cust12345.".ljust(length, b"x")
        assert (await send(local, body, size, media_type=FORM)).status == 413, (length, size)
    body = b"Token=Cust12345.".ljust(MAX_BODY, b"x")
    assert (await send(local, body, media_type=FORM)).status == 200
    assert statuses(local) == {"onsite": [413] * 3, "Cust12345": [200]}


async def test_a_client_that_disconnects_within_the_body_names_none(local: InProcessMock) -> None:
    for headers in ({}, {"x-token": "Cust12345.a"}):
        messages = (
            {"type": "http.request", "body": b"Token=Cust543", "more_body": True},
            {"type": "http.disconnect"},
        )
        await local.call("POST", PATH, headers={"content-type": FORM} | headers, messages=messages)
    assert statuses(local) == {"onsite": [400], "Cust12345": [400]}
    for id_ in ("onsite", "Cust12345"):
        (exchange,) = local.exchanges(id_)
        assert exchange.hung_up
        assert exchange.reason == "the client disconnected before the body was complete"


async def test_an_error_in_what_finds_the_tenant_is_a_crash_there(local: InProcessMock) -> None:
    response = await local.call(path=PATH, headers={"X-Token": "broken"})
    assert (response.status, response.json()) == (500, {"Message": "An error has occurred."})
    (exchange,) = local.exchanges()
    assert (exchange.outcome, "LookupError: broken" in str(exchange.crash)) == ("crashed", True)


async def test_the_journal_does_not_keep_the_value_of_an_answer(local: InProcessMock) -> None:
    response = await local.call(path=PATH, body=b'{"Token":"onsite.secret"}')
    assert response.json() == {"Token": "onsite.secret"}
    (exchange,) = local.exchanges()
    assert exchange.verdict is not None
    assert (exchange.verdict.value, exchange.outcome) == (NOTHING, "served")
