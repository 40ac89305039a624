"""Handlers of any operation at a tenant: calls that are decided again, and that are taken back."""

import asyncio

import pytest
from msgspec.structs import replace

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.core import lease
from superoffice_mock.core.clock import FrozenClock
from superoffice_mock.core.credentials import Session
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import SECOND, ExchangeId, Instant
from superoffice_mock.core.verdicts import (
    Call,
    Handler,
    RejectedAfterDelay,
    Served,
    Started,
    Undecided,
    Verdict,
)
from superoffice_mock.errors import Rejected
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.tenants.waiting_room import Waiter
from tests.mock.core.builders import at, call, tenant


def with_sessions(state: TenantState, *names: str) -> TenantState:
    return replace(state, sessions={name: Session(name, "", "") for name in names})


def add_session(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    return with_sessions(state, *state.sessions, call.body), Served(now)


def add_session_again(
    _: TenantFacts, state: TenantState, __: Call, ___: Verdict, now: Instant
) -> tuple[TenantState, Verdict]:
    """Add the session `a` when a call is taken back."""
    return with_sessions(state, *state.sessions, "a"), Served(now, "taken back")


def free_lease(
    _: TenantFacts, state: TenantState, __: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    return replace(state, lease_holder=None), Served(now)


class Sessions:
    """A tenant whose clock stands still, and calls that rename its sessions."""

    def __init__(self) -> None:
        journal = Journal(9, 1 << 20)
        self.tenant = Tenant(tenant(), journal, Settings(), lambda: 0, FrozenClock(at(0)))
        self.decided: list[int] = []
        self.last_call = 0

    @property
    def names(self) -> list[str]:
        return list(self.tenant.state.sessions)

    def add(self, name: str) -> Verdict:
        return self.tenant.admit(Handler(add_session), self._call(name))

    def rename(self, old: str, new: str, handler: Handler | None = None) -> Waiter:
        """Let a call wait that renames the session *old* to *new* as soon as there is one."""
        handler, call = handler or Handler(self.decide), self._call((old, new))
        return self.tenant.enter(handler, call, self.tenant.admit(handler, call))

    def decide(
        self, _: TenantFacts, state: TenantState, call: Call, now: Instant
    ) -> tuple[TenantState, Verdict]:
        self.decided.append(call.exchange)
        old, new = call.body
        others = [name for name in state.sessions if name != old]
        if old in state.sessions:
            return with_sessions(state, *others, new), Served(now, new)
        deadline = Instant(call.arrived_at + SECOND)
        return with_sessions(state), Undecided(Served(deadline, "none"), deadline)

    def decide_once(
        self, facts: TenantFacts, state: TenantState, call: Call, now: Instant
    ) -> tuple[TenantState, Verdict]:
        if call.exchange in self.decided:
            raise Rejected(400, "", "decided again")
        return self.decide(facts, state, call, now)

    def _call(self, body: object) -> Call:
        self.last_call += 1
        return Call(ExchangeId(self.last_call), self.tenant.now(), body)


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


async def test_a_change_of_the_state_decides_the_oldest_call_first(sessions: Sessions) -> None:
    first, second = sessions.rename("a", "b"), sessions.rename("a", "c")
    sessions.add("z")
    assert sessions.decided == [1, 2] * 2
    assert sessions.add("a") == Served(at(0))
    assert sessions.names == ["z", "b"]
    assert sessions.decided[4:6] == [1, 2]
    assert (first.verdict, first.answered.done()) == (Served(at(0), "b"), True)
    assert not second.answered.done()
    sessions.add("a")
    assert (second.verdict, sessions.names) == (Served(at(0), "c"), ["z", "b", "c"])
    assert sessions.tenant.waiting == 0


async def test_a_call_that_waited_may_change_the_state_for_an_older_one(sessions: Sessions) -> None:
    waiters = [sessions.rename(old, new) for old, new in ("cd", "bc", "ab")]
    sessions.add("a")
    assert sessions.names == ["d"]
    assert [waiter.verdict for waiter in waiters] == [Served(at(0), name) for name in "dcb"]
    assert all(waiter.answered.done() for waiter in waiters)


async def test_an_undecided_call_changes_nothing_until_it_is_due(sessions: Sessions) -> None:
    sessions.add("z")
    state = sessions.tenant.state
    waiter = sessions.rename("a", "b")
    assert sessions.tenant.state is state
    sessions.tenant.advance(at(0.5))
    assert not waiter.answered.done()
    events = sessions.tenant.advance(at(3))
    assert (waiter.verdict, waiter.answered.done()) == (Served(at(1), "none"), True)
    assert [event.at for event in events] == [at(1)]
    assert sessions.names == ["z"]


def test_an_undecided_call_that_is_due_at_once_gets_its_other_verdict(sessions: Sessions) -> None:
    handler = Handler(lambda _, state, __, now: (state, Undecided(Served(at(9), "none"), now)))
    verdict = sessions.tenant.admit(handler, Call(ExchangeId(1), at(0)))
    assert verdict == Served(at(0), "none")


async def test_a_handler_may_take_a_call_back_and_change_the_state(sessions: Sessions) -> None:
    oldest = sessions.rename("a", "b")
    kept = sessions.rename("x", "y")
    withdrawn = sessions.rename("x", "y", Handler(sessions.decide, add_session_again))
    for waiter in (kept, withdrawn, withdrawn):
        sessions.tenant.handle_disconnect(waiter)
    assert isinstance(kept.verdict, Undecided)
    assert (withdrawn.verdict, withdrawn.answered.done()) == (Served(at(0), "taken back"), True)
    assert withdrawn.reason == "the client disconnected; its call was withdrawn"
    assert (oldest.verdict, sessions.names) == (Served(at(0), "b"), ["b"])
    assert (oldest.reason, sessions.tenant.waiting) == (None, 1)


async def test_an_error_in_a_later_decision_rejects_that_call_alone(sessions: Sessions) -> None:
    waiter = sessions.rename("a", "b", Handler(sessions.decide_once))
    other = sessions.rename("z", "y")
    assert sessions.add("z") == Served(at(0))
    assert isinstance(waiter.verdict, RejectedAfterDelay)
    assert (str(waiter.verdict.error), waiter.answered.done()) == ("decided again", True)
    assert (other.verdict, sessions.names) == (Served(at(0), "y"), ["y"])


async def test_a_stop_answers_an_undecided_call_with_its_other_verdict(sessions: Sessions) -> None:
    waiter = sessions.rename("a", "b")
    sessions.tenant.close("the test ends")
    await asyncio.wait_for(waiter.answered, 5)
    assert (waiter.verdict, waiter.reason) == (Served(at(0), "none"), "the test ends")


async def test_a_control_call_that_changes_the_state_has_calls_decided(sessions: Sessions) -> None:
    waiter = sessions.rename("a", "b")
    sessions.tenant.change_state(with_sessions(sessions.tenant.state, "a"))
    assert (waiter.verdict, waiter.answered.done()) == (Served(at(0), "b"), True)


async def test_a_call_that_frees_the_lease_ends_the_run_that_another_waits_for() -> None:
    facts = tenant(Readings(run="blocking"))
    office = Tenant(facts, Journal(9, 1 << 20), Settings(), lambda: 0, FrozenClock(at(0)))
    sync, free = Handler(lease.decide), Handler(free_lease)
    blocking = call(1, 0)
    waiter = office.enter(sync, blocking, office.admit(sync, blocking))
    assert office.admit(free, call(2, 0)) == Served(at(0))
    assert (waiter.answered.done(), waiter.verdict.answer_at) == (True, at(0))


async def test_the_oldest_call_comes_first_also_before_the_timer_fires() -> None:
    now = [at(0)]
    facts = tenant(Readings(busy="try-for-1s"))
    office = Tenant(facts, Journal(9, 1 << 20), Settings(), lambda: now[0])
    sync = Handler(lease.decide)
    assert isinstance(office.admit(sync, call(1, 0)), Started)
    second, third = call(2, 4.5), call(3, 5.25)
    now[0] = second.arrived_at
    waiter = office.enter(sync, second, office.admit(sync, second))
    now[0] = third.arrived_at
    assert isinstance(office.admit(sync, third), Undecided)
    assert isinstance(waiter.verdict, Started)
