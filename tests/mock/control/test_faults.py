"""The control surface: arming faults, looking at them, and what can't be armed."""

import json
from typing import Any

import pytest

from superoffice_mock.webapi.fault_injection import BREAKAGES
from tests.support.in_process import Local

BUSY = {"status": 503}


@pytest.fixture
def local() -> Local:
    return Local()


async def problem(local: Local, method: str, sent: object, status: int = 400) -> str:
    """Ask wrongly; return what the problem says. Nothing changes."""
    before = local.tenant().state.faults
    answered = await local.call(method, "/_mock/faults", json.dumps(sent).encode(), {})
    assert answered.status == status, answered.body
    assert answered.headers["content-type"] == "application/problem+json"
    assert local.tenant().state.faults is before
    return str(answered.json()["detail"])


async def faults(local: Local) -> list[Any]:
    """The faults as `GET /_mock/faults` tells them."""
    told: list[Any] = (await local.control("GET", "faults"))["faults"]
    return told


# ---- arming ----------------------------------------------------------------------------------


async def test_at_first_there_are_none(local: Local) -> None:
    assert await faults(local) == []


async def test_a_fault_is_shown_by_what_armed_it_and_what_became_of_it(local: Local) -> None:
    sent = {"operation": "syncemailaccounts", "every": 2, "status": 429, "retry_after": 7}
    told = await local.control("POST", "faults", sent)
    armed = {
        "id": 1,
        "operation": "SyncEmailAccounts",
        "times": None,
        "every": 2,
        "status": 429,
        "message": None,
        "headers": {"Retry-After": "7"},
        "fired": 0,
        "armed": True,
    }
    assert told == {"faults": [armed]}
    await local.call()
    await local.call()
    assert await faults(local) == [armed | {"fired": 1}]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (BUSY, {"times": 1, "status": 503, "message": None, "headers": {}}),
        (BUSY | {"times": 2, "message": "x"}, {"times": 2, "status": 503, "message": "x"}),
        (BUSY | {"headers": {"X-A": "b"}}, {"headers": {"X-A": "b"}}),
        (BUSY | {"every": 3, "times": 0}, {"times": None, "every": 3}),
        (BUSY | {"probability": 0.5}, {"times": None, "probability": 0.5, "seed": 0}),
        (BUSY | {"probability": 1, "seed": 2**53 - 1, "times": 4}, {"times": 4, "seed": 2**53 - 1}),
        ({"expired_credential": True}, {"expired_credential": True}),
        ({"delay": 1.25}, {"delay": 1.25}),
        ({"status": 503, "retry_after": 0}, {"headers": {"Retry-After": "0"}}),
        ({"status": 599}, {"status": 599}),
        ({"status": 400}, {"status": 400}),
    ],
)
async def test_what_was_not_said_has_a_default(
    sent: dict[str, Any], shown: dict[str, Any], local: Local
) -> None:
    (fault,) = (await local.control("POST", "faults", sent))["faults"]
    assert fault | shown == fault
    assert (fault["operation"], fault["fired"], fault["armed"]) == (None, 0, True)


async def test_put_replaces_all_and_post_adds_one_and_delete_clears(local: Local) -> None:
    await local.control("POST", "faults", BUSY)
    await local.control("PUT", "faults", {"faults": [BUSY, {"delay": 1}]})
    await local.control("POST", "faults", {"expired_credential": True})
    assert [one["id"] for one in await faults(local)] == [2, 3, 4]
    assert await local.control("DELETE", "faults") == {"faults": []}
    assert (await local.call()).status == 204


async def test_an_empty_list_clears_too(local: Local) -> None:
    await local.control("POST", "faults", BUSY)
    assert await local.control("PUT", "faults", {"faults": []}) == {"faults": []}


async def test_a_fault_that_has_fired_stays_to_be_seen(local: Local) -> None:
    await local.control("POST", "faults", BUSY)
    await local.call()
    (fault,) = await faults(local)
    assert (fault["fired"], fault["armed"]) == (1, False)


async def test_faults_are_the_tenants_own(local: Local) -> None:
    await local.control("POST", "faults?tenant=Cust12345", BUSY)
    assert await faults(local) == []
    assert (await local.call()).status == 204
    assert len((await local.control("GET", "faults?tenant=Cust12345"))["faults"]) == 1


async def test_a_reset_clears_the_faults_and_numbers_them_from_one(local: Local) -> None:
    await local.control("POST", "faults", BUSY)
    await local.control("POST", "reset")
    assert await faults(local) == []
    assert [one["id"] for one in (await local.control("POST", "faults", BUSY))["faults"]] == [1]


# ---- what can't be armed ---------------------------------------------------------------------

WRONG: list[tuple[Any, str]] = [
    ({}, "nothing happens; name one of status, expired_credential, delay, connection"),
    ({"times": 2}, "nothing happens"),
    ({"statsu": 503}, "did you mean `status`"),
    ({"expired_credentials": True}, "did you mean `expired_credential`"),
    ({"status": 503, "delay": 1}, "status and delay can't happen at once"),
    (
        {"status": 401, "expired_credential": True, "delay": 1, "connection": "stall"},
        "status and expired_credential and delay and connection",
    ),
    ({"expired_credential": False}, "expired_credential is true or left out"),
    ({"status": 204}, "`int` >= 400"),
    ({"status": 200}, "`int` >= 400"),
    ({"status": 99}, "`int` >= 400"),
    ({"status": 600}, "`int` <= 599"),
    ({"status": "503"}, "Expected `int"),
    ({"status": True}, "Expected `int"),
    ({"status": 500, "retry_after": 1}, "retry_after goes with status 429 or 503"),
    ({"retry_after": 1}, "give its status, too"),
    ({"delay": 1, "retry_after": 1}, "give its status, too"),
    ({"status": 503, "retry_after": -1}, "`int` >= 0"),
    ({"status": 503, "retry_after": 1, "headers": {"retry-after": "2"}}, "stands there twice"),
    ({"status": 503, "retry_after": 0, "headers": {"retry-after": "2"}}, "stands there twice"),
    ({"delay": 0}, "> 0"),
    ({"delay": -1}, "> 0"),
    ({"delay": 1e300}, "<= 1000000000"),
    ({"delay": "1"}, "Expected `float"),
    (BUSY | {"times": -1}, "`int` >= 0"),
    (BUSY | {"times": 0}, "0 means until it is cleared"),
    (BUSY | {"times": 1.5}, "Expected `int"),
    (BUSY | {"every": 0}, "`int` >= 1"),
    (BUSY | {"every": 2, "probability": 0.5}, "exclude each other"),
    (BUSY | {"probability": 0}, "> 0"),
    (BUSY | {"probability": 1.1}, "<= 1"),
    (BUSY | {"probability": 0.5, "seed": -1}, "`int` >= 0"),
    (BUSY | {"probability": 0.5, "seed": 2**53}, "<= 9007199254740991"),
    (BUSY | {"seed": 1}, "seed belongs to probability or to random-data-then-close"),
    ({"connection": "stall", "seed": 1}, "seed belongs to"),
    ({"connection": "emtpy-response"}, "did you mean 'empty-response'"),
    ({"connection": "RESET-BY-PEER"}, "did you mean 'reset-by-peer'"),
    ({"connection": "?"}, ", ".join(BREAKAGES)),
    (BUSY | {"operation": "SyncEmailAccount"}, "did you mean 'SyncEmailAccounts'"),
    (BUSY | {"operation": ""}, "known are SyncEmailAccounts"),
    ({"delay": 1, "message": "x"}, "message belongs to an answer"),
    ({"delay": 1, "headers": {}}, "headers belongs to an answer"),
    (BUSY | {"message": ""}, "length >= 1"),
    (BUSY | {"message": "x" * 1001}, "length <= 1000"),
    (BUSY | {"message": "a\u0000b"}, "can't be printed"),
    (BUSY | {"headers": {"X-A": "b\r\nX-C: d"}}, "X-A: its value has characters"),
    (BUSY | {"headers": {"X-A": "b\u0142"}}, "X-A: its value has characters"),
    (BUSY | {"headers": {"X-A": "b" * 1001}}, "X-A: its value has characters"),
    (BUSY | {"headers": {"X-A\r\n": "b"}}, "is no name of a header"),
    (BUSY | {"headers": {"X A": "b"}}, "is no name of a header"),
    (BUSY | {"headers": {"": "b"}}, "is no name of a header"),
    (BUSY | {"headers": {"X-A": "b", "x-a": "c"}}, "x-a stands there twice"),
    (BUSY | {"headers": {"Content-Length": "1"}}, "belongs to the connection"),
    (BUSY | {"headers": {"transfer-encoding": "x"}}, "belongs to the connection"),
    (BUSY | {"headers": {"Connection": "close"}}, "belongs to the connection"),
    (BUSY | {"headers": {"Date": "today"}}, "belongs to the connection"),
    (BUSY | {"headers": {f"X-{n}": "" for n in range(21)}}, "length <= 20"),
    (BUSY | {"headers": [["X-A", "b"]]}, "Expected `object"),
    ([], "Expected `object`"),
]


@pytest.mark.parametrize(("sent", "told"), WRONG, ids=lambda one: str(one)[:50])
async def test_what_can_not_be_meant_is_refused_with_what_to_send(
    sent: Any, told: str, local: Local
) -> None:
    await local.control("POST", "faults", BUSY)
    detail = await problem(local, "POST", sent)
    assert told in detail
    assert '{"status": 503, "retry_after": 2, "times": 2}' in detail


async def test_one_wrong_fault_among_right_ones_arms_none_of_them(local: Local) -> None:
    await local.control("POST", "faults", BUSY)
    detail = await problem(local, "PUT", {"faults": [BUSY, {"delay": 1}, {"times": 3}]})
    assert detail.startswith("the body: faults[2]: nothing happens")
    assert "[1].status" in await problem(local, "PUT", {"faults": [BUSY, {"status": 1}]})


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"faults": {}}', b"{", b"\xff"])
async def test_put_takes_a_list_of_faults(body: bytes, local: Local) -> None:
    answered = await local.call("PUT", "/_mock/faults", body, {})
    assert answered.status == 400
    assert '{"faults": [' in answered.json()["detail"]


@pytest.mark.parametrize("kind", BREAKAGES)
async def test_without_a_server_no_connection_fault_can_be_armed(kind: str, local: Local) -> None:
    assert "run a real server" in await problem(local, "POST", {"connection": kind}, 409)
    sent = {"faults": [BUSY, {"connection": kind}]}
    assert (await problem(local, "PUT", sent, 409)).startswith(f"faults[1]: {kind}: ")


async def test_a_hundred_faults_can_be_armed_and_spent_ones_make_room(local: Local) -> None:
    hundred = {"faults": [BUSY] * 100}
    assert "length <= 100" in await problem(local, "PUT", {"faults": [BUSY] * 101})
    await local.control("PUT", "faults", hundred)
    assert "DELETE /_mock/faults" in await problem(local, "POST", BUSY, 409)
    await local.call()
    told = await local.control("POST", "faults", BUSY)
    assert [one["id"] for one in told["faults"]] == list(range(2, 102))
