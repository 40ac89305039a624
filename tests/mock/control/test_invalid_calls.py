"""Every control call with invalid input: a problem that says what to send, and no change."""

import json
import sys
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from superoffice_mock.access_log import make_logger
from superoffice_mock.config.settings import Settings
from superoffice_mock.control.request import MAX_BODY, ControlMethod, RequestBody
from superoffice_mock.control.router import PATHS
from tests.mock.control.problems import expect_problem, read_problem, snapshot
from tests.support.in_process import InProcessMock

Call = tuple[str, str, ControlMethod]
CALLS: Final[list[Call]] = [
    (name, path.removeprefix("/").replace("{id}", "1"), method)
    for path, methods in PATHS.items()
    for name, method in methods.items()
]
NO_BODY: Final = "this call takes no body; leave it out"
NO_OBJECTS: Final = (b"sync!", b"[]", b'"x"', b"null", b"1", b"{", b"\xff", b"\0")


@pytest.fixture
async def local() -> InProcessMock:
    """A mock with a run, a journal, a fault and a frozen clock: all that could change."""
    local = InProcessMock()
    await local.call()
    await local.control("POST", "faults", {"status": 503})
    await local.control("POST", "clock/freeze")
    return local


def members_of(kind: type[RequestBody] | None) -> list[str]:
    return [] if kind is None else [field.encode_name for field in msgspec.structs.fields(kind)]


async def test_a_wrong_method_gets_a_405_with_the_right_ones(local: InProcessMock) -> None:
    for name, path, _ in CALLS:
        for wrong in ("PATCH", "TRACE", "get"):
            detail = await expect_problem(local, wrong, path, 405)
            assert f"send {name} /_mock" in detail or f", {name} /_mock" in detail, (wrong, path)


async def test_an_unknown_query_parameter_gets_a_400_with_the_known_ones(
    local: InProcessMock,
) -> None:
    for name, path, method in CALLS:
        known = f"known parameters: {', '.join(('tenant', *method.query))}"
        for query in ("tennant=onsite", "x", "Tenant=onsite", "tenant=onsite&%0A=1"):
            detail = await expect_problem(local, name, f"{path}?{query}", 400)
            assert detail.endswith(known), (name, path, query)


async def test_a_query_parameter_that_occurs_twice_gets_a_400(local: InProcessMock) -> None:
    for name, path, _ in CALLS:
        detail = await expect_problem(local, name, f"{path}?tenant=onsite&tenant=Cust12345", 400)
        assert detail == "?tenant occurs 2 times; send it once", (name, path)


async def test_a_reset_is_of_one_tenant_or_of_all(local: InProcessMock) -> None:
    detail = await expect_problem(local, "POST", "reset?tenant=onsite&all=true", 400)
    assert "resets every tenant and ?tenant=ID one; send one of them" in detail


async def test_an_unknown_tenant_gets_a_404_with_the_known_ones(local: InProcessMock) -> None:
    for name, path, _ in CALLS:
        for tenant in ("nobody", "", "on%20site", "%00", "%1b[31m%00", "Cust99999"):
            detail = await expect_problem(local, name, f"{path}?tenant={tenant}", 404)
            known = "the tenants are: onsite, Cust12345, Cust54321"
            assert detail.endswith(known), (name, path, tenant)


async def test_a_body_that_is_not_an_object_gets_a_400_with_an_example(
    local: InProcessMock,
) -> None:
    for name, path, method in CALLS:
        for body in NO_OBJECTS:
            detail = await expect_problem(local, name, path, 400, body)
            if method.body is None:
                assert detail == NO_BODY, (name, path, body)
            else:
                assert detail.startswith("the body: "), (name, path, body)
                assert detail.endswith(f"; send {method.body.example}"), (name, path, body)


async def test_an_unknown_member_gets_a_400_with_the_nearest_one(local: InProcessMock) -> None:
    for name, path, method in CALLS:
        members = members_of(method.body)
        near = members[-1] if members else "second"
        body = json.dumps({f"{near}_": 1}).encode()
        detail = await expect_problem(local, name, path, 400, body)
        unknown = f"unknown member {near + '_'!r}; did you mean {near!r}?"
        assert (unknown if members else NO_BODY) in detail, (name, path)


async def test_a_member_unlike_any_other_gets_a_short_400_with_the_known_ones(
    local: InProcessMock,
) -> None:
    body = json.dumps({"\x1b[31m" + "q" * 5000: 1}).encode()
    for name, path, method in CALLS:
        detail = await expect_problem(local, name, path, 400, body)
        members = ", ".join(sorted(members_of(method.body)))
        hint = f"the members are: {members}" if members else NO_BODY
        assert hint in detail, (name, path)
        assert len(detail) < 1000, (name, path)


async def test_a_missing_body_gets_a_400_with_an_example(local: InProcessMock) -> None:
    for name, path, method in CALLS:
        if method.body and any(field.required for field in msgspec.structs.fields(method.body)):
            detail = await expect_problem(local, name, path, 400)
            assert detail == f"the body is missing; send {method.body.example}", (name, path)


async def test_a_body_that_is_too_long_gets_a_413_with_the_limit(local: InProcessMock) -> None:
    for name, path, _ in CALLS:
        detail = await expect_problem(local, name, path, 413, b" " * (MAX_BODY + 1))
        assert f"at most {MAX_BODY} bytes" in detail, (name, path)


async def test_a_call_without_body_accepts_an_empty_object() -> None:
    for name, path, method in CALLS:
        if method.body is None:
            without_body = await InProcessMock().call(name, f"/_mock/{path}", b"", {})
            empty = await InProcessMock().call(name, f"/_mock/{path}", b" {}\n", {})
            assert (empty.status, empty.body) == (without_body.status, without_body.body), path


@given(junk=st.text(), call=st.sampled_from(CALLS))
async def test_no_input_makes_a_control_call_crash_or_its_problem_unprintable(
    junk: str, call: Call
) -> None:
    body = json.dumps({junk: junk}).encode()
    response = await InProcessMock().call(call[0], f"/_mock/{call[1]}", body, {})
    assert response.status < 500
    if response.status >= 400:
        read_problem(response, response.status)


# ---- crashes ---------------------------------------------------------------------------------


async def test_a_crash_is_a_problem_and_its_traceback_is_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    local = InProcessMock(Settings(max_tenants="many"))  # type: ignore[arg-type]
    response = await local.call("POST", "/_mock/tenants", b"{}", {})
    assert "its log has the traceback" in read_problem(response, 500)
    assert b"TypeError" not in response.body
    (crash,) = local.log
    assert local.exchanges() == []
    assert (crash.path, crash.status, crash.outcome) == ("/_mock/tenants", 500, "crashed")
    make_logger("auto", sys.stdout)(crash)
    output = capsys.readouterr().out
    assert "POST /_mock/tenants -> 500" in output
    assert "Traceback" in output
    assert "TypeError" in output


async def test_a_client_that_disconnects_within_its_body_changes_nothing(
    local: InProcessMock,
) -> None:
    before, logged = snapshot(local), list(local.log)
    sent_messages: list[Message] = []
    received_messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return received_messages.pop(0)

    async def send(message: Message) -> None:
        sent_messages.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/_mock/lease/release",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
    }
    await local.mock.app(scope, receive, send)
    assert (snapshot(local), local.log) == (before, logged)
    assert sent_messages[0]["status"] == 400
