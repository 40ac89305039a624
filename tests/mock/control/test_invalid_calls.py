"""Every control call with wrong input: a problem that says what to send, and nothing changed."""

import json
import sys
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from superoffice_mock.access_log import logger
from superoffice_mock.config.settings import Settings
from superoffice_mock.control.request import MAX_BODY, ControlMethod
from superoffice_mock.control.router import VERBS
from tests.support.in_process import Answered, Local

Call = tuple[str, str, ControlMethod]
CALLS: Final[list[Call]] = [
    (method, f"/_mock{path.replace('{id}', '1')}", verb)
    for path, verbs in VERBS.items()
    for method, verb in verbs.items()
]
every_call = pytest.mark.parametrize(
    "call", CALLS, ids=lambda call: f"{call[0]} {call[1].removeprefix('/_mock')}"
)


@pytest.fixture
def local() -> Local:
    return Local()


async def world(local: Local) -> None:
    """A mock with a run, a journal, a fault and a clock that stands: all that could change."""
    await local.call()
    await local.control("POST", "faults", {"status": 503})
    await local.control("POST", "clock/freeze")


def all_of(local: Local) -> list[Any]:
    """Everything that a control call may change."""
    return [
        (tenant.facts, tenant.state, [id(one) for one in local.exchanges(tenant.facts.id)])
        for tenant in local.mock.tenants
    ]


async def refused(
    local: Local, call: Call, status: int, *, query: str = "", body: bytes = b"", method: str = ""
) -> str:
    """Call wrongly; check that it changes nothing; return what the problem says."""
    await world(local)
    before = all_of(local)
    answered = await local.call(method or call[0], call[1] + query, body, {})
    assert all_of(local) == before
    return told(answered, status)


def told(answered: Answered, status: int) -> str:
    assert answered.status == status, answered.body
    assert answered.headers["content-type"] == "application/problem+json"
    problem = answered.json()
    assert set(problem) == {"title", "status", "detail"}
    assert problem["status"] == status
    assert problem["detail"].isprintable()
    return str(problem["detail"])


@every_call
@pytest.mark.parametrize("method", ["PATCH", "TRACE", "get"])
async def test_a_wrong_method_is_answered_with_the_right_ones(
    call: Call, method: str, local: Local
) -> None:
    detail = await refused(local, call, 405, method=method)
    assert f"send {call[0]} /_mock" in detail or f", {call[0]} /_mock" in detail


@every_call
@pytest.mark.parametrize("query", ["tennant=onsite", "x", "Tenant=onsite", "tenant=onsite&%0A=1"])
async def test_a_wrong_query_name_is_answered_with_the_known_ones(
    call: Call, query: str, local: Local
) -> None:
    detail = await refused(local, call, 400, query=f"?{query}")
    assert f"known are: {', '.join(('tenant', *call[2].query))}" in detail


@every_call
async def test_a_query_that_says_two_things_is_not_answered_for_one_of_them(
    call: Call, local: Local
) -> None:
    detail = await refused(local, call, 400, query="?tenant=onsite&tenant=Cust12345")
    assert detail == "?tenant is there 2 times; send it once"


async def test_a_reset_is_of_one_tenant_or_of_all(local: Local) -> None:
    call = next(one for one in CALLS if one[1] == "/_mock/reset")
    detail = await refused(local, call, 400, query="?tenant=onsite&all=true")
    assert "resets every tenant and ?tenant=ID one; send one of them" in detail


@every_call
@pytest.mark.parametrize("tenant", ["nobody", "", "%1b[31m%00", "Cust99999"])
async def test_an_unknown_tenant_is_answered_with_the_known_ones(
    call: Call, tenant: str, local: Local
) -> None:
    detail = await refused(local, call, 404, query=f"?tenant={tenant}")
    assert "the tenants are: onsite, Cust12345, Cust54321" in detail


@every_call
@pytest.mark.parametrize("body", [b"sync!", b"[]", b'"x"', b"null", b"1", b"{", b"\xff", b"\0"])
async def test_a_body_that_is_no_object_is_answered_with_what_to_send(
    call: Call, body: bytes, local: Local
) -> None:
    detail = await refused(local, call, 400, body=body)
    assert detail.startswith("the body: ")
    assert f"; send {call[2].takes.example if call[2].takes else 'none'}" in detail


@every_call
async def test_an_unknown_member_is_answered_with_the_one_that_was_meant(
    call: Call, local: Local
) -> None:
    kind = call[2].takes
    members = [] if kind is None else [one.encode_name for one in msgspec.structs.fields(kind)]
    near = members[-1] if members else "second"
    detail = await refused(local, call, 400, body=json.dumps({f"{near}_": 1}).encode())
    assert f"unknown member `{near}_`" in detail
    assert (f"did you mean `{near}`?" if members else "none is taken here") in detail


@every_call
async def test_a_member_like_no_other_is_answered_with_the_known_ones(
    call: Call, local: Local
) -> None:
    body = json.dumps({"\x1b[31m" + "q" * 5000: 1}).encode()
    detail = await refused(local, call, 400, body=body)
    assert "known are" in detail or "none is taken here" in detail
    assert len(detail) < 1000


@pytest.mark.parametrize(
    "call",
    [
        one
        for one in CALLS
        if one[2].takes and any(field.required for field in msgspec.structs.fields(one[2].takes))
    ],
    ids=lambda call: f"{call[0]} {call[1].removeprefix('/_mock')}",
)
async def test_no_body_where_one_is_needed_is_answered_with_what_to_send(
    call: Call, local: Local
) -> None:
    detail = await refused(local, call, 400)
    assert detail == f"no body; send {call[2].takes.example if call[2].takes else ''}"


@every_call
async def test_a_body_that_is_too_long_is_answered_with_how_long_it_may_be(
    call: Call, local: Local
) -> None:
    detail = await refused(local, call, 413, body=b" " * (MAX_BODY + 1))
    assert f"at most {MAX_BODY} bytes" in detail


@pytest.mark.parametrize(
    "call", [one for one in CALLS if one[2].takes is None], ids=lambda call: f"{call[0]} {call[1]}"
)
async def test_a_call_that_takes_no_body_does_not_mind_an_empty_object(call: Call) -> None:
    without, with_one = Local(), Local()
    path = call[1]
    first = await without.call(call[0], path, b"", {})
    second = await with_one.call(call[0], path, b" {}\n", {})
    assert (first.status, first.body) == (second.status, second.body)


@given(junk=st.text(), call=st.sampled_from(CALLS))
async def test_whatever_is_sent_the_answer_can_be_shown_on_a_terminal(
    junk: str, call: Call
) -> None:
    body = json.dumps({junk: junk}).encode()
    answered = await Local().call(call[0], call[1], body, {})
    assert answered.status < 500
    if answered.status >= 400:
        told(answered, answered.status)


# ---- crashes ---------------------------------------------------------------------------------


async def test_a_crash_is_a_problem_and_its_traceback_is_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    local = Local(Settings(max_tenants="many"))  # type: ignore[arg-type]
    answered = await local.call("POST", "/_mock/tenants", b"{}", {})
    assert "its log has the traceback" in told(answered, 500)
    assert b"TypeError" not in answered.body
    (crash,) = local.logged
    assert local.exchanges() == []
    assert (crash.path, crash.status, crash.outcome) == ("/_mock/tenants", 500, "crashed")
    logger("auto", sys.stdout)(crash)
    written = capsys.readouterr().out
    assert "POST /_mock/tenants -> 500" in written
    assert "Traceback" in written
    assert "TypeError" in written


async def test_a_caller_that_leaves_before_its_body_is_complete_changes_nothing() -> None:
    local = Local()
    before = all_of(local)
    sent: list[Message] = []

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    parts: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/_mock/lease/hold",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
    }
    await local.mock.app(scope, receive, send)
    assert (all_of(local), local.logged) == (before, [])
    assert sent[0]["status"] == 400
