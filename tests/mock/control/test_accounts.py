"""`GET /_mock/accounts`: the accounts of a tenant, and what their syncs came to."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.accounts import SyncStatus
from superoffice_mock.core.sync_history import MAX_STATUSES, SyncHistory
from superoffice_mock.core.sync_run import SECOND, AccountId
from tests.support.in_process import InProcessMock

SYNC_MEMBERS = ("seconds", "synced_at", "synced_by", "syncing_by")


async def make_mock(*accounts: Any, settings: Settings | None = None) -> InProcessMock:
    """Return a mock whose onsite has *accounts* and a frozen clock; a sync takes five seconds."""
    local = InProcessMock(settings, [demo_tables()[0] | {"accounts": list(accounts)}])
    await local.control("POST", "clock/freeze")
    return local


@pytest.fixture
async def local() -> InProcessMock:
    """Onsite on a frozen clock; an account takes five seconds, account 3 two."""
    return await make_mock({"id": 3, "seconds": 2})


async def sync(local: InProcessMock, *accounts: int) -> None:
    items = ",".join(f'{{"AccountId":{account}}}' for account in accounts)
    response = await local.call(body=b'{"SyncUserAccounts":[%s]}' % items.encode())
    assert response.status == 204


async def get_all(local: InProcessMock) -> dict[int, Any]:
    """The accounts of `GET /_mock/accounts` by their id."""
    content = await local.control("GET", "accounts")
    assert content["seconds_per_account"] == 5.0
    accounts = {item.pop("AccountId"): item for item in content["accounts"]}
    assert list(accounts) == sorted(accounts)
    return accounts


async def get_accounts(local: InProcessMock) -> dict[int, Any]:
    """The same, with the members about time and runs only."""
    accounts = await get_all(local)
    return {id_: {name: item[name] for name in SYNC_MEMBERS} for id_, item in accounts.items()}


async def get_members(local: InProcessMock, *names: str) -> list[Any]:
    """The members called *names* of each account."""
    return [tuple(item[name] for name in names) for item in (await get_all(local)).values()]


def account(
    seconds: float, at: str | None = None, by: int | None = None, now: int | None = None
) -> Any:
    """The expected item of an account; *at*: the second at which it was last synced."""
    synced_at = None if at is None else f"2027-01-15T08:00:{at}.000000Z"
    return {"seconds": seconds, "synced_at": synced_at, "synced_by": by, "syncing_by": now}


async def advance(local: InProcessMock, seconds: float) -> None:
    await local.control("POST", "clock/advance", {"seconds": seconds})


@pytest.mark.claim("last-fetch-task")
async def test_an_account_has_the_run_that_syncs_it_and_the_last(local: InProcessMock) -> None:
    assert await get_accounts(local) == {3: account(2.0)}
    await sync(local, 7, 3)
    assert await get_accounts(local) == {3: account(2.0, now=1), 7: account(5.0, now=1)}
    await advance(local, 2)
    assert await get_accounts(local) == {3: account(2.0, "02", 1), 7: account(5.0, now=1)}
    await advance(local, 3)
    assert await get_accounts(local) == {3: account(2.0, "02", 1), 7: account(5.0, "05", 1)}
    await sync(local, 3)
    assert (await get_accounts(local))[3] == account(2.0, "02", 1, 2)
    await advance(local, 2)
    assert await get_accounts(local) == {3: account(2.0, "07", 2), 7: account(5.0, "05", 1)}


async def test_an_account_named_twice_has_the_time_of_its_last_sync(local: InProcessMock) -> None:
    await sync(local, *[3] * 11)
    await advance(local, 3)
    assert await get_accounts(local) == {3: account(2.0, "02", 1, 1)}
    await advance(local, 1)
    assert await get_accounts(local) == {3: account(2.0, "04", 1)}


async def test_a_released_run_synced_the_accounts_it_had_finished(local: InProcessMock) -> None:
    await sync(local, 3, 7)
    await advance(local, 2)
    await local.control("POST", "lease/release")
    assert await get_accounts(local) == {3: account(2.0, "02", 1)}


async def test_syncs_after_the_year_2262_are_listed_as_well(local: InProcessMock) -> None:
    """Their nanoseconds since 1970 do not fit into 64 bits."""
    for _ in range(9):
        await advance(local, 1e9)
    await sync(local, 7, 8)
    await advance(local, 5)
    accounts = await get_accounts(local)
    assert [str(accounts[id_]["synced_at"])[:5] for id_ in (7, 8)] == ["2312-"] * 2


async def test_what_an_account_was_synced_by_does_not_depend_on_the_journal() -> None:
    local = await make_mock({"id": 3, "seconds": 2})
    await sync(local, 7)
    await local.control("DELETE", "requests")
    assert (await get_accounts(local))[7] == account(5.0, now=1)
    await advance(local, 5)
    assert await get_accounts(local) == {3: account(2.0), 7: account(5.0, "05", 1)}


AGENT = "/api/v1/Agents/EMail"
CALLS = st.lists(
    st.one_of(
        st.lists(st.integers(1, 6), min_size=1, max_size=12),
        st.integers(1, 6).map(lambda account: {"SyncUserAccount": {"AccountId": account}}),
        st.sampled_from([1, 2, 5, 7, "lease/release", "lease/hold"]),
    ),
    max_size=12,
)


async def answers(calls: list[Any], exchanges: int) -> list[Any]:
    """Return what the control surface and the API say of accounts after each of *calls*."""
    accounts = [{"id": 1, "fails": "no"}, {"id": 2, "fails-times": 1}, {"id": 3, "seconds": 2}]
    local = await make_mock(*accounts, settings=Settings(journal_exchanges=exchanges, due_after=9))
    waiting, seen = [], []
    for call in calls:
        match call:
            case int():
                await advance(local, call)
            case str():
                await local.control("POST", call)
            case dict():
                body = json.dumps(call).encode()
                assert (await local.call(path=f"{AGENT}/SyncEmailAccount", body=body)).status == 204
            case _:
                waiting.append(asyncio.create_task(sync(local, *call)))
                for _ in range(20):
                    await asyncio.sleep(0)
        seen.append(await local.control("GET", "accounts"))
        names = (
            "GetReadySyncEmailAccounts",
            *(f"GetEMailAccount?eMailAccountId={n}" for n in (1, 3)),
        )
        seen += [(await local.call(path=f"{AGENT}/{name}", body=b"null")).json() for name in names]
    await local.control("POST", "reset")
    await asyncio.gather(*waiting)
    return seen


@settings(max_examples=30, deadline=None)
@given(CALLS)
def test_a_journal_of_one_exchange_changes_no_answer_about_accounts(calls: list[Any]) -> None:
    assert asyncio.run(answers(calls, 1)) == asyncio.run(answers(calls, 1000))


async def test_the_accounts_are_those_of_the_present_on_every_clock() -> None:
    for clock in ("real", "freeze", "jump"):
        local = await make_mock()
        await local.control("POST", f"clock/{clock}")
        await sync(local, 7, 7)
        for seconds, expected in ((4, account(5.0, now=1)), (1, account(5.0, "05", 1))):
            if clock == "real":
                local.real_time += seconds * SECOND
            else:
                await advance(local, seconds)
            assert await get_accounts(local) == {7: expected}, clock


async def test_an_account_has_what_was_configured_and_one_that_a_run_syncs_does_not_exist() -> None:
    ole = {"id": 3, "address": "ole@example.com", "associate": "ole", "associate-id": 9}
    local = await make_mock(ole, {"id": 4})
    await sync(local, 8)
    names = ("exists", "address", "associate", "associate_id", "status")
    assert await get_members(local, *names) == [
        (True, "ole@example.com", "ole", 9, "Unknown"),
        (True, "account4@example.com", "tje0", 2, "Unknown"),
        (False, None, None, None, None),
    ]


@pytest.mark.claim("account-status", "account-failing", "account-errors")
async def test_a_sync_that_fails_leaves_the_last_fetch_and_one_that_succeeds_ends_the_errors() -> (
    None
):
    fetched = datetime(2026, 12, 24, tzinfo=UTC)
    failing = {"id": 1, "fails": "full", "fails-times": 2, "failed-after": 2, "last-fetch": fetched}
    local = await make_mock(failing, {"id": 2, "last-fetch": 60}, {"id": 3})
    names = ("last_fetch", "status", "status_number", "error_count", "error_reason", "synced_by")
    before, unsynced = "2026-12-24T00:00:00.000000Z", (None, "Unknown", 0, 0, "", None)
    minute_ago = ("2027-01-15T07:59:00.000000Z", "Ok", 4, 0, "", None)
    steps = [
        (before, "Ok", 4, 0, "", None),
        (before, "Failing", 2, 1, "full", 1),
        (before, "Failed", 3, 2, "full", 2),
        ("2027-01-15T08:00:15.000000Z", "Ok", 4, 0, "", 3),
    ]
    for expected in steps:
        assert await get_members(local, *names) == [expected, minute_ago, unsynced]
        await sync(local, 1)
        assert await get_members(local, *names) == [expected, minute_ago, unsynced]
        await advance(local, 5)


@pytest.mark.claim("ready-due")
async def test_the_reading_ready_decides_which_accounts_are_due() -> None:
    accounts: list[Any] = [
        {"id": 1, "last-fetch": 95},
        {"id": 2, "last-fetch": 94},
        {"id": 3, "fails": "no", "failed-after": 1},
        {"id": 4, "fails": "no"},
        {"id": 5},
        {"id": 6, "seconds": 9},
    ]
    for value, due in (
        ("due-by-age", {1, 4, 5}),
        ("all", {1, 2, 3, 4, 5, 6}),
        ("all-but-running", {1, 2, 3, 4, 5}),
    ):
        options = Settings(due_after=100, readings=Readings().with_value("ready", value))
        local = await make_mock(*accounts, settings=options)
        await sync(local, 3, 4, 6)
        await advance(local, 5)
        assert {id_ for id_, item in (await get_all(local)).items() if item["due"]} == due, value


async def test_the_bound_of_what_is_kept_is_told(local: InProcessMock) -> None:
    content = await local.control("GET", "accounts")
    assert (content["limit"], content["forgotten"]) == (MAX_STATUSES, 0)
    statuses = {AccountId(id_): SyncStatus() for id_ in range(1000, 1000 + MAX_STATUSES + 1)}
    tenant = local.tenant()
    tenant.state = replace(tenant.state, history=SyncHistory(statuses))
    await sync(local, 7)
    await advance(local, 5)
    content = await local.control("GET", "accounts")
    assert content["forgotten"] == MAX_STATUSES // 2 + 1
    ids = {item["AccountId"] for item in content["accounts"]}
    assert len(ids) == MAX_STATUSES + 3 - content["forgotten"]
    assert 7 in ids


async def test_reading_the_accounts_is_no_poll_that_a_jumping_clock_follows() -> None:
    local = await make_mock(settings=Settings(jump_settle=0))
    await local.control("POST", "clock/jump")
    await sync(local, 7)
    for _ in range(20):
        assert await get_accounts(local) == {7: account(5.0, now=1)}
        await asyncio.sleep(0)
