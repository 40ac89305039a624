"""The control surface: ending sessions, and starting again as configured."""

import asyncio
from typing import Any

import pytest

from tests.support.in_process import PATH, Local, settled

SESSION = [
    ("cookie", "ASP.NET_SessionId=demo-session"),
    ("x-xsrf-token", "demo-xsrf"),
    ("content-type", "application/json"),
]


@pytest.fixture
def local() -> Local:
    return Local()


async def problem(local: Local, path: str, status: int, body: bytes = b"") -> str:
    """Ask wrongly; return what the problem says."""
    answered = await local.call("POST", f"/_mock/{path}", body, {})
    assert answered.status == status, answered.body
    assert answered.headers["content-type"] == "application/problem+json"
    told = answered.json()
    assert told["status"] == status
    assert told["title"]
    return str(told["detail"])


# ---- sessions --------------------------------------------------------------------------------


@pytest.mark.claim("xsrf-session")
async def test_a_session_that_was_ended_is_a_401_until_a_reset(local: Local) -> None:
    assert (await local.call(headers=SESSION)).status == 204
    ended = await local.control("POST", "sessions/end", {"session": "demo-session"})
    assert ended == {"sessions": 0}
    assert (await local.call(headers=SESSION)).status == 401
    assert (await local.call(path=f"/Cust12345{PATH}", headers=SESSION)).status == 204
    await local.control("POST", "reset")
    assert (await local.call(headers=SESSION)).status == 204


async def test_a_session_can_be_ended_once(local: Local) -> None:
    await local.control("POST", "sessions/end", {"session": "demo-session"})
    detail = await problem(local, "sessions/end", 404, b'{"session": "demo-session"}')
    assert "no open session" in detail


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"session": 1}', b'{"session": "x", "all": true}', b"\xff", b"{"]
)
async def test_which_session_ends_must_be_said(body: bytes, local: Local) -> None:
    detail = await problem(local, "sessions/end", 400, body)
    assert 'send {"session": "demo-session"}' in detail
    assert len(local.tenant().state.sessions) == 1


async def test_a_body_of_a_control_call_is_limited(local: Local) -> None:
    detail = await problem(local, "sessions/end", 413, b" " * 70_000)
    assert "65536" in detail


# ---- reset -----------------------------------------------------------------------------------


@pytest.fixture
def used() -> Any:
    async def use(local: Local) -> None:
        for tenant in ("onsite", "Cust12345"):
            await local.control("POST", f"clock/freeze?tenant={tenant}")
            await local.control("POST", f"lease/hold?tenant={tenant}")
            await local.call("GET", PATH if tenant == "onsite" else f"/{tenant}{PATH}")

    return use


async def state(local: Local, tenant: str) -> tuple[str, bool, int]:
    """Clock, lease and journal of *tenant*."""
    clock = (await local.control("GET", f"clock?tenant={tenant}"))["clock"]
    held = (await local.control("GET", f"lease?tenant={tenant}"))["held"]
    return clock, held, (await local.control("GET", f"requests?tenant={tenant}"))["total"]


async def test_a_reset_is_for_one_tenant(local: Local, used: Any) -> None:
    await used(local)
    assert await local.control("POST", "reset?tenant=cust12345") == {"reset": ["Cust12345"]}
    assert await state(local, "Cust12345") == ("real", False, 0)
    assert await state(local, "onsite") == ("freeze", True, 1)


async def test_a_reset_of_all_is_for_all(local: Local, used: Any) -> None:
    await used(local)
    told = await local.control("POST", "reset?all=true")
    assert told == {"reset": ["onsite", "Cust12345", "Cust54321"], "removed": []}
    assert await state(local, "onsite") == await state(local, "Cust12345") == ("real", False, 0)


async def test_all_is_true_or_false(local: Local, used: Any) -> None:
    await used(local)
    for wrong in ("yes", "", "TRUE", "1"):
        assert "true or false" in await problem(local, f"reset?all={wrong}", 400)
    assert await state(local, "onsite") == ("freeze", True, 1)
    assert await local.control("POST", "reset?all=false") == {"reset": ["onsite"]}


async def test_runs_are_numbered_from_one_again_after_a_reset(local: Local) -> None:
    await local.call()
    await local.control("POST", "reset")
    await local.call()
    assert [run["run"] for run in (await local.control("GET", "runs"))["runs"]] == [1]


async def test_who_waits_at_a_reset_gets_the_same_204(local: Local) -> None:
    await local.control("POST", "clock/freeze")
    started = await local.call()
    call = asyncio.create_task(local.call())
    await settled(local, 1)
    await local.control("POST", "reset")
    answered = await call
    assert (answered.status, answered.headers) == (204, started.headers)
