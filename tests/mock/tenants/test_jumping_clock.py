"""A jumping clock moves for a client that reads what the runs do, and only then."""

import asyncio
from typing import Final

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core import lease
from superoffice_mock.core.clock import Clock, FrozenClock, JumpingClock, RealClock
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import ExchangeId, Instant
from superoffice_mock.core.verdicts import Call, Delayed, Handler, Served, Started, Verdict
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.tenants.waiting_room import Waiter
from tests.mock.core.builders import START, at, durations, ids, tenant

SYNC: Final = Handler(lease.decide)
SYNC_ALONE: Final = Handler(lease.decide_alone)


def read_state(
    _: TenantFacts, state: TenantState, __: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    state = state.with_counted_history(now)
    return state, Served(now, next_change=state.history.next_end(now))


class Office:
    """A tenant in which account 1 takes 1 s, 2 half a second, 3 takes 3 s, and others 5 s."""

    def __init__(self, clock: Clock) -> None:
        settings = Settings(jump_settle=0)
        facts = tenant(None, durations(5, {1: 1, 2: 0.5, 3: 3}))
        self.tenant = Tenant(facts, Journal(99, 1 << 20), settings, lambda: START, clock)
        self.last_call = 0

    def build_call(self, *accounts: int) -> Call:
        self.last_call += 1
        return Call(ExchangeId(self.last_call), self.tenant.now(), ids(*accounts))

    def call(self, handler: Handler, *accounts: int) -> Verdict:
        """Make a call that is answered at once."""
        self.tenant.begin_call()
        verdict = self.tenant.admit(handler, self.build_call(*accounts))
        self.tenant.end_call()
        return verdict

    def enter(self, handler: Handler, *accounts: int) -> Waiter:
        """Make a call that waits, and ends when it is answered."""
        self.tenant.begin_call()
        call = self.build_call(*accounts)
        waiter = self.tenant.enter(handler, call, self.tenant.admit(handler, call))
        waiter.answered.add_done_callback(lambda _: self.tenant.end_call())
        return waiter

    def read(self) -> None:
        self.call(Handler(read_state))

    async def moments(self) -> list[float]:
        """Return the seconds at which the clock stands while the event loop does all it can."""
        moments = []
        for _ in range(20):
            moments.append((self.tenant.now() - START) / 10**9)
            await asyncio.sleep(0)
        return list(dict.fromkeys(moments))

    async def seconds(self) -> float:
        """Return the seconds since the start after the event loop has done all it can."""
        return (await self.moments())[-1]


def jumping() -> Office:
    return Office(JumpingClock(at(0)))


@pytest.mark.claim("lease-end")
async def test_after_every_read_during_a_run_the_clock_moves_to_the_end_of_the_next_task() -> None:
    office = jumping()
    office.call(SYNC, 1, 3, 5)
    assert await office.seconds() == 0
    for seconds in (1, 3, 5, 5):
        office.read()
        assert await office.seconds() == seconds
        assert await office.seconds() == seconds


async def test_runs_without_the_lease_move_it_too() -> None:
    office = jumping()
    for account in (3, 5, 1):
        office.call(SYNC_ALONE, account)
    for seconds in (1, 3, 5, 5):
        office.read()
        assert await office.seconds() == seconds


async def test_no_clock_moves_without_a_run_or_by_another_call() -> None:
    office = jumping()
    office.read()
    assert await office.seconds() == 0
    office.call(SYNC, 5)
    office.call(Handler(lambda _, state, __, now: (state, Served(now))))
    assert await office.seconds() == 0


async def test_a_frozen_or_real_clock_never_moves_by_a_read() -> None:
    for clock in (FrozenClock(at(0)), RealClock()):
        office = Office(clock)
        office.call(SYNC, 1)
        office.read()
        assert await office.seconds() == 0, clock


async def test_it_stands_while_a_call_is_in_flight_that_does_not_wait() -> None:
    office = jumping()
    office.call(SYNC, 1)
    office.tenant.begin_call()
    office.read()
    assert await office.seconds() == 0
    office.tenant.end_call()
    assert await office.seconds() == 1


async def test_a_call_that_begins_before_the_jump_postpones_it() -> None:
    office = jumping()
    office.call(SYNC, 1)
    office.read()
    office.tenant.begin_call()
    assert await office.seconds() == 0
    office.tenant.end_call()
    assert await office.seconds() == 1


async def test_with_waiting_calls_it_moves_to_the_earlier_of_the_two() -> None:
    """A call that is turned away waits until 1 s; the sync ends before, then, or after."""
    for account, moments in ((2, [0, 0.5, 1]), (1, [0, 1]), (3, [0, 1])):
        office = jumping()
        office.call(SYNC, account)
        office.tenant.begin_call()
        waiter = office.enter(SYNC, 5)
        office.read()
        assert await office.moments() == [0]
        office.tenant.end_call()
        assert await office.moments() == moments
        assert waiter.answered.done()


async def test_a_delayed_read_moves_the_clock_too() -> None:
    office = jumping()
    office.call(SYNC, 1, 5)
    read = Handler(read_state)

    def arrive(now: Instant) -> tuple[Call, Verdict]:
        call = office.build_call()
        return call, office.tenant.decide_at(read, call, now)

    delay = Handler(lambda _, state, __, now: (state, Delayed(Instant(now + 10**9 * 2), arrive)))
    waiter = office.enter(delay)
    assert await office.seconds() == 5
    assert waiter.verdict == Served(at(2), next_change=at(5))


def release(office: Office) -> None:
    office.tenant.release()


def close(office: Office) -> None:
    office.tenant.close("the test ends")
    office.read()


def remove(office: Office) -> None:
    office.tenant.remove("the tenant was removed")
    office.read()


def freeze_and_go_on(office: Office) -> None:
    office.tenant.set_clock(FrozenClock)
    office.tenant.set_clock(JumpingClock)


def advance(office: Office) -> None:
    office.tenant.advance(at(0))


async def test_a_change_after_a_read_leaves_nothing_behind() -> None:
    for change in (release, close, remove, freeze_and_go_on, advance):
        office = jumping()
        office.call(SYNC, 3)
        office.read()
        change(office)
        assert await office.seconds() == 0, change


async def test_a_reset_after_a_read_leaves_nothing_behind() -> None:
    office = jumping()
    office.call(SYNC, 3)
    office.read()
    await office.tenant.reset()
    office.last_call = 9
    assert isinstance(office.call(SYNC, 3), Started)
    assert await office.seconds() == 0


async def test_a_released_run_leaves_the_syncs_of_others_to_move_to() -> None:
    office = jumping()
    office.call(SYNC, 1)
    office.call(SYNC_ALONE, 3)
    office.read()
    office.tenant.release()
    assert await office.seconds() == 3
