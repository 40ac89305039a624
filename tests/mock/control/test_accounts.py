"""The control surface: the accounts of a tenant, and when they were synced."""

from typing import Any

import pytest

from tests.support.in_process import Local

TEN = range(1, 11)


@pytest.fixture
async def local() -> Local:
    """Onsite on a frozen clock; an account takes five seconds, account 3 two."""
    tables = [
        {
            "id": "onsite",
            "installation": "onsite",
            "users": [{"name": "tje0", "password": "Tje0"}],
            "accounts": [{"id": 3, "seconds": 2}],
        }
    ]
    local = Local(tables=tables)
    await local.control("POST", "clock/freeze")
    return local


async def sync(local: Local, *accounts: int) -> None:
    items = ",".join(f'{{"AccountId":{one}}}' for one in accounts)
    answered = await local.call(body=b'{"SyncUserAccounts":[%s]}' % items.encode())
    assert answered.status == 204


async def accounts(local: Local) -> dict[int, Any]:
    told = await local.control("GET", "accounts")
    assert told["seconds_per_account"] == 5.0
    assert [one["AccountId"] for one in told["accounts"]] == sorted(
        one["AccountId"] for one in told["accounts"]
    )
    return {one.pop("AccountId"): one for one in told["accounts"]}


def seen(
    seconds: float, at: str | None = None, by: int | None = None, now: int | None = None
) -> Any:
    """What is told of an account: *at* is the second of the minute it was last synced."""
    at = None if at is None else f"2027-01-15T08:00:{at}.000000Z"
    return {"seconds": seconds, "synced_at": at, "synced_by": by, "syncing_by": now}


async def advance(local: Local, seconds: float) -> None:
    await local.control("POST", "clock/advance", {"seconds": seconds})


async def test_accounts_with_a_time_of_their_own_are_known_before_any_call(local: Local) -> None:
    assert await accounts(local) == {3: seen(2.0)}


async def test_an_account_says_which_run_syncs_it_and_which_did(local: Local) -> None:
    await sync(local, 7, 3)
    assert await accounts(local) == {3: seen(2.0, now=1), 7: seen(5.0, now=1)}
    await advance(local, 2)
    assert await accounts(local) == {3: seen(2.0, "02", 1), 7: seen(5.0, now=1)}
    await advance(local, 3)
    assert await accounts(local) == {3: seen(2.0, "02", 1), 7: seen(5.0, "05", 1)}
    await sync(local, 3)
    assert (await accounts(local))[3] == seen(2.0, "02", 1, 2)
    await advance(local, 2)
    assert await accounts(local) == {3: seen(2.0, "07", 2), 7: seen(5.0, "05", 1)}


async def test_an_account_that_waits_for_a_free_task_is_under_way(local: Local) -> None:
    await sync(local, *TEN, 11)
    assert (await accounts(local))[11] == seen(5.0, now=1)


async def test_an_account_that_is_listed_twice_was_synced_the_last_time(local: Local) -> None:
    await sync(local, *[3] * 11)
    await advance(local, 3)
    assert await accounts(local) == {3: seen(2.0, "02", 1, 1)}
    await advance(local, 1)
    assert await accounts(local) == {3: seen(2.0, "04", 1)}


async def test_a_run_that_was_cut_short_synced_what_it_had_done(local: Local) -> None:
    await sync(local, 3, 7)
    await advance(local, 2)
    await local.control("POST", "lease/release")
    assert await accounts(local) == {3: seen(2.0, "02", 1)}


async def test_the_active_run_is_known_even_if_the_journal_forgot_its_call(local: Local) -> None:
    await sync(local, 7)
    await local.control("DELETE", "requests")
    assert (await accounts(local))[7] == seen(5.0, now=1)
    await advance(local, 5)
    assert await accounts(local) == {3: seen(2.0)}
