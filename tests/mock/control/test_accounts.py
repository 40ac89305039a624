"""`GET /_mock/accounts`: the accounts of a tenant, and when they were synced."""

from typing import Any

import pytest

from superoffice_contract.local_server import demo_tables
from tests.support.in_process import InProcessMock


@pytest.fixture
async def local() -> InProcessMock:
    """Onsite on a frozen clock; an account takes five seconds, account 3 two."""
    onsite = demo_tables()[0] | {"accounts": [{"id": 3, "seconds": 2}]}
    local = InProcessMock(tables=[onsite])
    await local.control("POST", "clock/freeze")
    return local


async def sync(local: InProcessMock, *accounts: int) -> None:
    items = ",".join(f'{{"AccountId":{account}}}' for account in accounts)
    response = await local.call(body=b'{"SyncUserAccounts":[%s]}' % items.encode())
    assert response.status == 204


async def get_accounts(local: InProcessMock) -> dict[int, Any]:
    """The accounts of `GET /_mock/accounts` by their id."""
    content = await local.control("GET", "accounts")
    assert content["seconds_per_account"] == 5.0
    accounts = {item.pop("AccountId"): item for item in content["accounts"]}
    assert list(accounts) == sorted(accounts)
    return accounts


def account(
    seconds: float, at: str | None = None, by: int | None = None, now: int | None = None
) -> Any:
    """The expected item of an account; *at*: the second at which it was last synced."""
    synced_at = None if at is None else f"2027-01-15T08:00:{at}.000000Z"
    return {"seconds": seconds, "synced_at": synced_at, "synced_by": by, "syncing_by": now}


async def advance(local: InProcessMock, seconds: float) -> None:
    await local.control("POST", "clock/advance", {"seconds": seconds})


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


async def test_the_active_run_counts_without_its_call_in_the_journal(local: InProcessMock) -> None:
    await sync(local, 7)
    await local.control("DELETE", "requests")
    assert (await get_accounts(local))[7] == account(5.0, now=1)
    await advance(local, 5)
    assert await get_accounts(local) == {3: account(2.0)}
