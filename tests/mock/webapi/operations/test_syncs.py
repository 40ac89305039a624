"""The accounts that are due, the sync of one account, and what LastFetch shows of syncs."""

import asyncio
from typing import Any

import pytest

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from tests.mock.webapi.operations.agent_calls import (
    account_mock,
    advance,
    ask,
    due_ids,
    post,
    sync,
)
from tests.support.in_process import BASIC, PATH, InProcessMock, run_until_waiting

NEVER = "0001-01-01T00:00:00"
AT_ONCE = "2027-01-15T08:00:05.000Z"
SOON = "2027-01-15T08:00:10.000Z"


async def frozen(*accounts: dict[str, Any], **settings: Any) -> InProcessMock:
    """Return a mock whose clock stands still."""
    local = account_mock(*accounts, settings=Settings(**settings))
    await local.control("POST", "clock/freeze")
    return local


async def last_fetch(local: InProcessMock, id_: int) -> str:
    return str((await ask(local, f"GetEMailAccount?EMailAccountId={id_}"))["LastFetch"])


@pytest.mark.claim("ready-list")
async def test_the_accounts_that_are_due_are_taken_by_the_sync_as_they_are() -> None:
    local = await frozen()
    rights = {"TableRight": {"Mask": "FULL", "Reason": ""}, "FieldProperties": {}}
    due = await ask(local, "GetReadySyncEmailAccounts")
    assert due == [
        {"AccountId": 507, "AssociateName": "tje0", "AssociateId": 7, **rights},
        {"AccountId": 508, "AssociateName": "bob", "AssociateId": 8, **rights},
    ]
    assert (await post(local, "SyncEmailAccounts", {"syncUserAccounts": due})).status == 204
    exchange = await local.last_request()
    assert (exchange["outcome"], exchange["account_count"]) == ("started", 2)
    assert exchange["violations"] == []
    assert await due_ids(local) == []


@pytest.mark.claim("ready-due")
async def test_an_account_is_due_until_it_is_in_a_run_and_again_when_its_fetch_is_old() -> None:
    local = await frozen(
        {"id": 1},
        {"id": 2, "last-fetch": 250},
        {"id": 3, "last-fetch": 299.9},
        {"id": 4, "last-fetch": 300},
    )
    assert await due_ids(local) == [1, 4]
    await sync(local, 1)
    assert await due_ids(local) == [4]
    await advance(local, 5)
    assert await due_ids(local) == [3, 4]
    await advance(local, 299)
    assert await due_ids(local) == [2, 3, 4]
    await advance(local, 1)
    assert await due_ids(local) == [1, 2, 3, 4]


@pytest.mark.claim("ready-due", "account-failing")
async def test_an_account_that_fails_stays_due_until_it_is_failed() -> None:
    local = await frozen({"id": 1, "fails": "quota"}, {"id": 2, "fails": "gone", "failed-after": 1})
    await sync(local, 1, 2)
    await advance(local, 5)
    assert await due_ids(local) == [1]


@pytest.mark.claim("ready-due")
async def test_other_readings_list_all_accounts_or_all_that_are_in_no_run() -> None:
    failing = {"id": 3, "fails": "gone", "failed-after": 1}
    accounts = ({"id": 1}, {"id": 2, "last-fetch": 1}, failing)
    for value, ids in (("all", [1, 2, 3]), ("all-but-running", [2, 3])):
        local = await frozen(*accounts, readings=Readings().with_value("ready", value))
        await sync(local, 3)
        await advance(local, 5)
        await sync(local, 1)
        assert await due_ids(local) == ids, value


async def test_the_age_at_which_accounts_are_due_is_a_setting() -> None:
    local = await frozen({"id": 1, "last-fetch": 9}, {"id": 2, "last-fetch": 11}, due_after=10)
    assert await due_ids(local) == [2]


@pytest.mark.claim("last-fetch", "last-fetch-task", "never-fetched", "dates-utc")
async def test_last_fetch_advances_as_each_account_of_a_run_is_synced() -> None:
    local = await frozen(*({"id": id_} for id_ in range(1, 12)))
    assert await last_fetch(local, 1) == NEVER
    await sync(local, *range(1, 12))
    assert {await last_fetch(local, id_) for id_ in (1, 10, 11)} == {NEVER}
    await advance(local, 5)
    assert [await last_fetch(local, id_) for id_ in (1, 10, 11)] == [AT_ONCE, AT_ONCE, NEVER]
    await advance(local, 100)
    assert [await last_fetch(local, id_) for id_ in (1, 10, 11)] == [AT_ONCE, AT_ONCE, SOON]


@pytest.mark.claim("last-fetch-task", "silent-drop")
async def test_a_call_that_is_turned_away_advances_nothing() -> None:
    local = await frozen()
    await sync(local, 508)
    call = asyncio.create_task(sync(local, 507))
    await run_until_waiting(local, 1)
    await advance(local, 100)
    await call
    assert local.outcomes() == ["started", "turned_away"]
    assert await last_fetch(local, 508) == AT_ONCE
    assert await last_fetch(local, 507) == NEVER


@pytest.mark.claim("single-sync", "single-sync-no-throttle")
async def test_single_syncs_run_beside_a_run_and_beside_each_other() -> None:
    local = await frozen()
    await sync(local, 509)
    for id_ in (507, 508):
        response = await post(local, "SyncEmailAccount", {"syncUserAccount": {"accountId": id_}})
        assert (response.status, response.body) == (204, b"")
        assert (await local.last_request())["elapsed"] == 0
    assert local.outcomes() == ["started", "started", "started"]
    assert [exchange.run is not None for exchange in local.exchanges()] == [True] * 3
    assert (await local.last_request())["accounts"][0]["AccountId"] == 508
    await advance(local, 5)
    assert [await last_fetch(local, id_) for id_ in (507, 508)] == [AT_ONCE, AT_ONCE]


@pytest.mark.claim("single-sync-no-throttle")
async def test_a_single_sync_turns_no_call_away() -> None:
    local = await frozen()
    await post(local, "SyncEmailAccount", {"syncUserAccount": {"accountId": 507}})
    await sync(local, 508)
    assert local.outcomes() == ["started", "started"]


@pytest.mark.claim("body-optional")
async def test_a_single_sync_of_nothing_is_answered_and_starts_nothing() -> None:
    local = await frozen()
    for body in (b"null", b"", b"{}", b'{"syncUserAccount": null}'):
        assert (await post(local, "SyncEmailAccount", body)).status == 204, body
        assert (await local.last_request())["outcome"] == "served", body
    assert await due_ids(local) == [507, 508]


async def test_a_client_that_disconnects_ends_its_single_sync_if_that_withdraws_it() -> None:
    readings = Readings().with_value("run", "blocking").with_value("disconnect", "withdraws")
    local = account_mock(settings=Settings(readings=readings))
    headers = [("authorization", BASIC), ("content-type", "application/json")]
    path = PATH.removesuffix("s")
    body = b'{"syncUserAccount":{"accountId":507}}'
    gone: dict[str, Any] = {"type": "http.disconnect"}
    messages = [{"type": "http.request", "body": body, "more_body": False}, gone]
    await local.call("POST", path, headers=headers, messages=messages)
    await local.control("POST", "clock/advance", {"seconds": 60})
    assert await last_fetch(local, 507) == NEVER


@pytest.mark.claim("account-errors", "account-failing", "account-status")
async def test_a_failed_sync_leaves_last_fetch_and_the_next_good_one_resets_the_errors() -> None:
    local = await frozen({"id": 1, "fails": "quota", "fails-times": 2, "failed-after": 2})

    async def errors() -> list[Any]:
        account = await ask(local, "GetEMailAccount?EMailAccountId=1")
        names = ("AccountStatus", "ErrorCount", "ErrorReason", "LastFetch")
        return [account[name] for name in names]

    assert await errors() == [0, 0, "", NEVER]
    for expected in ([2, 1, "quota", NEVER], [3, 2, "quota", NEVER]):
        await sync(local, 1)
        await advance(local, 5)
        assert await errors() == expected
    await sync(local, 1)
    await advance(local, 5)
    assert await errors() == [4, 0, "", "2027-01-15T08:00:15.000Z"]


async def test_a_client_that_polls_without_a_pause_sees_one_account_after_the_other() -> None:
    local = account_mock(*({"id": id_, "seconds": id_} for id_ in range(1, 4)))
    await local.control("POST", "clock/jump")
    await sync(local, 1, 2, 3)
    for id_ in (1, 2, 3):
        assert await last_fetch(local, id_) == NEVER
        for _ in range(10_000):
            if await last_fetch(local, id_) != NEVER:
                break
        else:
            pytest.fail(f"account {id_} is never fetched")
