"""Every control call with invalid input: a problem that says what to send, and no change."""

import json
import sys
from collections.abc import Iterator
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.access_log import make_logger
from superoffice_mock.config.settings import Settings
from superoffice_mock.control.endpoints.clock import Advance
from superoffice_mock.control.endpoints.credentials import EndSession
from superoffice_mock.control.endpoints.requests import WaitCondition
from superoffice_mock.control.request import MAX_BODY, ControlMethod, RequestBody
from superoffice_mock.control.router import CALLS as METHODS
from tests.mock.control.problems import expect_problem, read_problem, snapshot
from tests.support.in_process import InProcessMock

Call = tuple[str, str, ControlMethod]
CALLS: Final[list[Call]] = [
    (name, path.replace("{id}", "1"), method)
    for call, method in METHODS.items()
    for name, _, path in [call.partition(" /")]
]
ENDLESS: Final = ("events",)
"""Calls whose answers end with their clients; see test_events.py."""
NO_BODY: Final = "this call takes no body; leave it out"
NO_OBJECTS: Final = (
    *(b"sync!", b"[]", b'"x"', b"null", b"1", b"{", b"\xff", b"\xff\xfe", b"\0", b"[" * 60_000),
)
Input = tuple[str, bytes, int, str, str]
"""Path with query, body, and the status, start and end of the problem."""


@pytest.fixture
async def local() -> InProcessMock:
    """A mock with a run, a journal, a fault and a frozen clock: all that could change."""
    local = InProcessMock()
    await local.call()
    await local.control("POST", "faults", {"status": 503})
    await local.control("POST", "clock/freeze")
    return local


def invalid_inputs(
    path: str, kind: type[RequestBody] | None, query: tuple[str, ...]
) -> Iterator[Input]:
    """Yield what is wrong for a call at *path* with a body of *kind* and parameters *query*."""
    for text in ("tennant=onsite", "x", "Tenant=onsite", "tenant=onsite&%0A=1"):
        known = f"known parameters: {', '.join(('tenant', *query))}"
        yield f"{path}?{text}", b"", 400, "?", known
    twice = "?tenant occurs 2 times; send it once"
    yield f"{path}?tenant=onsite&tenant=Cust12345", b"", 400, twice, twice
    for tenant in ("nobody", "", "on%20site", "%00", "%1b[31m%00", "Cust99999"):
        known = "the tenants are: onsite, Cust12345, Cust54321"
        yield f"{path}?tenant={tenant}", b"", 404, "?tenant=", known
    yield path, b" " * (MAX_BODY + 1), 413, "the body is too long; send at most", " bytes"
    fields = () if kind is None else msgspec.structs.fields(kind)
    names = [field.encode_name for field in fields] or ["second"]
    near_miss, far_miss = f"{names[-1]}_", "\x1b[31m" + "q" * 5000
    bodies = (*NO_OBJECTS, *(json.dumps({name: 1}).encode() for name in (near_miss, far_miss)))
    if kind is None:
        for body in bodies:
            yield path, body, 400, NO_BODY, NO_BODY
        return
    near = f"; did you mean {names[-1]!r}? Send "
    hints = (
        *["; send "] * len(NO_OBJECTS),
        near,
        f"the members are: {', '.join(sorted(names))}; send ",
    )
    for body, hint in zip(bodies, hints, strict=True):
        yield path, body, 400, "the body: ", f"{hint}{kind.example}"
    if any(field.required for field in fields):
        yield path, b"", 400, "the body is missing", f"; send {kind.example}"
        yield path, b"{}", 400, "the body: ", f"; send {kind.example}"


async def test_wrong_input_gets_a_short_problem_that_says_what_to_do(local: InProcessMock) -> None:
    for name, path, method in CALLS:
        for target, body, status, start, end in invalid_inputs(path, method.body, method.query):
            detail = await expect_problem(local, name, target, status, body)
            assert detail.startswith(start), (name, target, body[:80], detail)
            assert detail.endswith(end), (name, target, body[:80], detail)
            assert len(detail) < 1000, (name, target)


async def test_a_wrong_method_gets_a_405_with_the_right_ones(local: InProcessMock) -> None:
    for path in {path for _, path, _ in CALLS}:
        allowed = {name for name, other_path, _ in CALLS if other_path == path}
        for wrong in ("PATCH", "TRACE", "OPTIONS", "get"):
            detail = await expect_problem(local, wrong, path, 405)
            assert all(f" {name} /_mock/" in detail for name in allowed), (wrong, path)
            response = await local.call(wrong, f"/_mock/{path}", b"", {})
            with_head = allowed | ({"HEAD"} if "GET" in allowed else set())
            assert set(response.headers["allow"].split(", ")) == with_head, (wrong, path)


INVALID_BODIES: Final[dict[tuple[str, type[RequestBody]], list[tuple[bytes, str]]]] = {
    ("clock/advance", Advance): [
        *((b"", "send either"), (b"{}", "send either"), (b'{"seconds": null}', "send either")),
        (b'{"seconds": 1, "until": "idle"}', "send either"),
        (b'{"seconds": -1}', "seconds: expected at least 0"),
        (b'{"seconds": 1e10}', "seconds: expected at most 1000000000"),
        (b'{"seconds": "1"}', "seconds: expected a number, got text"),
        (b'{"seconds": true}', "seconds: expected a number, got true or false"),
        *((b'{"seconds": NaN}', "malformed"), (b'{"seconds": 1', "the JSON ends too early")),
        (b'{"until": "tomorrow"}', "until: expected one of idle"),
    ],
    ("requests/wait", WaitCondition): [
        (b'{"outcome":"lost"}', "expected one of crashed, faulted, pending"),
        *((b'{"count":0}', "count: expected at least 1"), (b'{"since":-1}', "at least 0")),
        (b'{"count":1.5}', "count: expected a whole number"),
        *((b'{"timeout":61}', "at most 60"), (b'{"timeout":-1}', "timeout: expected at least 0")),
        (b'{"never":"yes"}', "never: expected true or false"),
    ],
    ("sessions/end", EndSession): [
        (b'{"session": 1}', "session: expected text, got a whole number"),
        (b'{"session": "x", "all": true}', "unknown member; "),
    ],
}


async def test_an_invalid_body_gets_a_400_with_reason_and_example(local: InProcessMock) -> None:
    for (path, kind), bodies in INVALID_BODIES.items():
        for body, expected in bodies:
            detail = await expect_problem(local, "POST", path, 400, body)
            assert expected in detail, body
            assert detail.endswith(kind.example), body


async def test_a_reset_is_of_one_tenant_or_of_all(local: InProcessMock) -> None:
    detail = await expect_problem(local, "POST", "reset?tenant=onsite&all=true", 400)
    assert "resets every tenant and ?tenant=ID one; send one of them" in detail


async def test_a_call_without_body_accepts_an_empty_object() -> None:
    for name, path, method in CALLS:
        if method.body is None and path not in ENDLESS:
            without_body = await InProcessMock().call(name, f"/_mock/{path}", b"", {})
            empty = await InProcessMock().call(name, f"/_mock/{path}", b" {}\n", {})
            assert (empty.status, empty.body) == (without_body.status, without_body.body), path


@given(junk=st.text(), call=st.sampled_from([call for call in CALLS if call[1] not in ENDLESS]))
async def test_no_input_crashes_a_control_call_or_its_problem(junk: str, call: Call) -> None:
    body = json.dumps({junk: junk}).encode()
    response = await InProcessMock().call(call[0], f"/_mock/{call[1]}", body, {})
    assert response.status < 500
    if response.status >= 400:
        read_problem(response, response.status)


async def test_a_crash_is_a_problem_and_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
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


async def test_a_disconnect_within_the_body_changes_nothing(local: InProcessMock) -> None:
    before, logged = snapshot(local), list(local.log)
    part = {"type": "http.request", "body": b"{", "more_body": True}
    messages = (part, {"type": "http.disconnect"})
    response = await local.call("POST", "/_mock/lease/release", headers={}, messages=messages)
    assert (response.status, snapshot(local), local.log) == (400, before, logged)
