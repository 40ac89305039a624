"""Control calls that arm, list and clear faults, and faults that can't be armed."""

import json
from typing import Any

from superoffice_mock.webapi.fault_injection import BREAKAGES
from tests.mock.control.problems import expect_problem
from tests.support.in_process import InProcessMock

BUSY = {"status": 503}


async def get_faults(local: InProcessMock) -> list[Any]:
    """The items of `GET /_mock/faults`."""
    items: list[Any] = (await local.control("GET", "faults"))["faults"]
    return items


async def expect_fault_problem(
    local: InProcessMock, method: str, content: object, status: int = 400
) -> str:
    return await expect_problem(local, method, "faults", status, json.dumps(content).encode())


async def test_a_fault_is_listed_with_how_often_it_fired(local: InProcessMock) -> None:
    body = {"operation": "syncemailaccounts", "every": 2, "status": 429, "retry_after": 7}
    fault = {
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
    assert await get_faults(local) == []
    assert await local.control("POST", "faults", body) == {"faults": [fault]}
    await local.call()
    await local.call()
    assert await get_faults(local) == [fault | {"fired": 1}]


async def test_members_that_are_left_out_get_a_default(local: InProcessMock) -> None:
    faults: list[tuple[Any, Any]] = [
        (BUSY, {"times": 1, "status": 503, "message": None, "headers": {}}),
        (BUSY | {"times": 2, "message": "x"}, {"times": 2, "status": 503, "message": "x"}),
        (BUSY | {"headers": {"X-A": "b"}}, {"headers": {"X-A": "b"}}),
        (BUSY | {"every": 3, "times": 0}, {"times": None, "every": 3}),
        (BUSY | {"probability": 0.5}, {"times": None, "probability": 0.5, "seed": 0}),
        (BUSY | {"probability": 1, "seed": 2**53 - 1, "times": 4}, {"times": 4, "seed": 2**53 - 1}),
        ({"expired_credential": True}, {"expired_credential": True}),
        ({"delay": 1.25}, {"delay": 1.25}),
        ({"status": 503, "retry_after": 0}, {"headers": {"Retry-After": "0"}}),
        *(({"status": status}, {"status": status}) for status in (400, 599)),
    ]
    for body, expected in faults:
        await local.control("DELETE", "faults")
        (fault,) = (await local.control("POST", "faults", body))["faults"]
        assert fault | expected == fault, body
        assert (fault["operation"], fault["fired"], fault["armed"]) == (None, 0, True), body


async def test_put_replaces_all_and_post_adds_one_and_delete_clears(local: InProcessMock) -> None:
    await local.control("POST", "faults", BUSY)
    await local.control("PUT", "faults", {"faults": [BUSY, {"delay": 1}]})
    await local.control("POST", "faults", {"expired_credential": True})
    assert [fault["id"] for fault in await get_faults(local)] == [2, 3, 4]
    assert await local.control("DELETE", "faults") == {"faults": []}
    assert (await local.call()).status == 204
    await local.control("POST", "faults", BUSY)
    assert await local.control("PUT", "faults", {"faults": []}) == {"faults": []}


async def test_one_fault_is_cleared_by_its_id_and_the_others_go_on(local: InProcessMock) -> None:
    await local.control("PUT", "faults", {"faults": [BUSY | {"times": 3}, BUSY]})
    await local.call()
    (left,) = (await local.control("DELETE", "faults/2"))["faults"]
    assert (left["id"], left["fired"], left["armed"]) == (1, 1, True)
    for id_ in ("2", "0", "x"):
        detail = await expect_problem(local, "DELETE", f"faults/{id_}", 404)
        assert (
            detail == f"fault {id_} is unknown or was removed; GET /_mock/faults lists the others"
        )


async def test_a_reset_clears_the_faults_and_numbers_them_from_one(local: InProcessMock) -> None:
    await local.control("POST", "faults", BUSY)
    await local.control("POST", "reset")
    assert await get_faults(local) == []
    assert [fault["id"] for fault in (await local.control("POST", "faults", BUSY))["faults"]] == [1]


INVALID: list[tuple[Any, str]] = [
    ({}, "the fault has no effect; name one of status, expired_credential, delay, connection"),
    ({"times": 2}, "the fault has no effect"),
    ({"statsu": 503}, "did you mean 'status'"),
    ({"expired_credentials": True}, "did you mean 'expired_credential'"),
    ({"status": 503, "delay": 1}, "status and delay exclude each other; arm one fault for each"),
    (
        {"status": 401, "expired_credential": True, "delay": 1, "connection": "stall"},
        "status and expired_credential and delay and connection",
    ),
    ({"expired_credential": False}, "expired_credential must be true or left out"),
    *(({"status": status}, "status: expected at least 400") for status in (99, 200, 204, 399)),
    ({"status": 600}, "status: expected at most 599"),
    *(({"status": status}, "expected a whole number, got ") for status in ("503", True)),
    ({"status": 500, "retry_after": 1}, "retry_after goes with status 429 or 503"),
    ({"retry_after": 1}, "retry_after needs a status; send both"),
    ({"delay": 1, "retry_after": 1}, "retry_after needs a status; send both"),
    ({"status": 503, "retry_after": -1}, "expected at least 0"),
    ({"status": 503, "retry_after": 1, "headers": {"retry-after": "2"}}, "is given twice"),
    ({"status": 503, "retry_after": 0, "headers": {"retry-after": "2"}}, "is given twice"),
    *(({"delay": delay}, "expected more than 0") for delay in (0, -1)),
    ({"delay": 1e300}, "expected at most 1000000000"),
    ({"delay": "1"}, "expected a number, got text"),
    (BUSY | {"times": -1}, "expected at least 0"),
    (BUSY | {"times": 0}, "times: 0 is only for a fault with every or probability; send 1 or more"),
    (BUSY | {"times": 1.5}, "expected a whole number, got "),
    (BUSY | {"every": 0}, "expected at least 1"),
    (BUSY | {"every": 2, "probability": 0.5}, "exclude each other"),
    (BUSY | {"probability": 0}, "expected more than 0"),
    (BUSY | {"probability": 1.1}, "expected at most 1"),
    (BUSY | {"probability": 0.5, "seed": -1}, "expected at least 0"),
    (BUSY | {"probability": 0.5, "seed": 2**53}, "expected at most 9007199254740991"),
    (BUSY | {"seed": 1}, "seed needs probability or connection random-data-then-close"),
    ({"connection": "stall", "seed": 1}, "seed needs probability"),
    ({"connection": "emtpy-response"}, "unknown connection 'emtpy-response'; did you mean 'empty-"),
    ({"connection": "RESET-BY-PEER"}, "did you mean 'reset-by-peer'"),
    ({"connection": "?"}, ", ".join(BREAKAGES)),
    (BUSY | {"operation": "SyncEmailAcounts"}, "operations are: SyncEmailAccounts, "),
    (BUSY | {"operation": ""}, "unknown operation ''; the nearest of the "),
    ({"delay": 1, "message": "x"}, "message needs a status"),
    ({"delay": 1, "headers": {}}, "headers needs a status"),
    (BUSY | {"message": ""}, "message: expected text that is not empty"),
    (BUSY | {"message": "x" * 1001}, "message: expected at most 1000 characters"),
    (BUSY | {"message": "a\u0000b"}, "cannot be printed"),
    *(
        (BUSY | {"headers": {"X-A": value}}, "X-A: the value has characters")
        for value in ("b\r\nX-C: d", "b\u0142", "b" * 1001)
    ),
    *(
        (BUSY | {"headers": {name: "b"}}, "is not a valid header name")
        for name in ("X-A\r\n", "X A", "")
    ),
    (BUSY | {"headers": {"X-A": "b", "x-a": "c"}}, "x-a is given twice"),
    *(
        (BUSY | {"headers": {name: "1"}}, f"the server writes {name} itself; leave it out")
        for name in ("Content-Length", "transfer-encoding", "Connection", "Date")
    ),
    (BUSY | {"headers": {f"X-{n}": "" for n in range(21)}}, "headers: expected at most 20 members"),
    (BUSY | {"headers": [["X-A", "b"]]}, "headers: expected an object, got a list"),
    ([], "the body: expected an object, got a list; send {"),
]


async def test_an_invalid_fault_gets_a_400_that_says_why(local: InProcessMock) -> None:
    await local.control("POST", "faults", BUSY)
    for body, expected in INVALID:
        detail = await expect_fault_problem(local, "POST", body)
        assert expected in detail, body


async def test_one_invalid_fault_in_a_list_arms_none_of_them(local: InProcessMock) -> None:
    await local.control("POST", "faults", BUSY)
    for body, expected in (
        (
            {"faults": [BUSY, {"delay": 1}, {"times": 3}]},
            "the body: faults[2]: the fault has no eff",
        ),
        ({"faults": [BUSY, {"status": 1}]}, "[1].status"),
        ({"faults": [{"stats": 503}]}, "faults[0]: unknown member 'stats'; did you mean 'status'"),
        ({"faults": {}}, 'faults: expected a list, got an object; send {"faults": ['),
        (BUSY, "unknown member 'status'; did you mean 'faults'?"),
    ):
        assert expected in await expect_fault_problem(local, "PUT", body), body


async def test_without_a_server_a_connection_fault_gets_a_409(local: InProcessMock) -> None:
    for kind in BREAKAGES:
        detail = await expect_fault_problem(local, "POST", {"connection": kind}, 409)
        assert "run a real server" in detail, kind
        body = {"faults": [BUSY, {"connection": kind}]}
        detail = await expect_fault_problem(local, "PUT", body, 409)
        assert detail.startswith(f"faults[1]: {kind}: ")


async def test_a_tenant_can_have_a_hundred_faults_that_are_armed(local: InProcessMock) -> None:
    assert "at most 100 items" in await expect_fault_problem(local, "PUT", {"faults": [BUSY] * 101})
    await local.control("PUT", "faults", {"faults": [BUSY] * 100})
    assert "DELETE /_mock/faults" in await expect_fault_problem(local, "POST", BUSY, 409)
    await local.call()
    faults = (await local.control("POST", "faults", BUSY))["faults"]
    assert [fault["id"] for fault in faults] == list(range(2, 102))
