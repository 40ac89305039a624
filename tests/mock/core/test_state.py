"""A tenant's state is one value; every change makes another."""

import msgspec
import pytest

from superoffice_mock.core import clock, credentials, expiry, lease, readings, state, sync_run
from superoffice_mock.core.clock import FrozenClock, RealClock
from superoffice_mock.core.credentials import KnownCredentials, Session
from superoffice_mock.core.expiry import Credential, Kind, Lifetimes
from superoffice_mock.core.state import FIRST_RUN, TenantState
from superoffice_mock.core.sync_run import ExchangeId, Hold, RunId, SyncRun, seconds
from tests.mock.core.builders import at, durations, fresh, ids, tenant

RUN = SyncRun(RunId(7), ExchangeId(3), ids(507), durations(), at(0), at(5))
SESSIONS = {"a": Session("a", "x", "tje0"), "b": Session("b", "y", "tje0")}

VALUES = {
    value
    for module in (clock, credentials, lease, expiry, sync_run, readings, state)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, msgspec.Struct)
}


@pytest.mark.parametrize(
    "value", sorted(VALUES - {msgspec.Struct}, key=str), ids=lambda v: v.__name__
)
def test_every_value_of_the_rules_is_frozen(value: type[msgspec.Struct]) -> None:
    assert value.__struct_config__.frozen


def test_a_tenant_starts_without_lease_at_the_first_run() -> None:
    state = fresh()
    assert (state.lease, state.next_run) == (None, FIRST_RUN)
    assert state.sessions == tenant().sessions
    assert state.holder(at(0)) is None


@pytest.mark.claim("lease-end")
def test_a_run_holds_the_lease_until_its_end_and_not_at_it() -> None:
    state = fresh().leased_to(RUN)
    assert state.holder(at(0)) is RUN
    assert state.holder(at(4.999999999)) is RUN
    assert state.holder(at(5)) is None


def test_a_hold_has_no_end() -> None:
    held = Hold(at(0))
    assert fresh().with_lease(held).holder(at(10**6)) is held


def test_a_run_that_takes_the_lease_uses_its_number_up() -> None:
    state = fresh().leased_to(RUN)
    assert (state.lease, state.next_run) == (RUN, 8)
    assert state.with_lease(None).next_run == 8


def test_a_change_leaves_everything_else_and_the_old_state() -> None:
    old = TenantState(RealClock(), SESSIONS, RUN, RunId(8))
    new = old.with_clock(FrozenClock(at(1)))
    assert new == TenantState(FrozenClock(at(1)), SESSIONS, RUN, RunId(8))
    assert old.clock == RealClock()


def test_an_ended_session_is_gone_and_the_others_stay() -> None:
    old = TenantState(RealClock(), SESSIONS)
    assert list(old.without_session("a").sessions) == ["b"]
    assert list(old.sessions) == ["a", "b"]


def test_a_session_that_nobody_knows_cannot_be_ended() -> None:
    with pytest.raises(KeyError, match="c"):
        TenantState(RealClock(), SESSIONS).without_session("c")


def test_credentials_end_when_a_state_says_so_and_a_run_that_starts_leaves_that_alone() -> None:
    ends = {Credential(Kind.TICKET, "7T:ticket"): at(5)}
    state = fresh().with_ends(ends)
    assert fresh().ends == {}
    assert state.ends == state.leased_to(RUN).ends == ends


def test_a_tenant_with_lifetimes_starts_with_the_ends_of_all_that_it_knows() -> None:
    known = KnownCredentials(tickets=frozenset({"7T:ticket"}))
    lasting = Lifetimes(ticket=seconds(5), session=seconds(7))
    facts = msgspec.structs.replace(tenant(), known=known, sessions=SESSIONS, lifetimes=lasting)
    assert facts.fresh(FrozenClock(at(1)), at(1)).ends == {
        Credential(Kind.TICKET, "7T:ticket"): at(6),
        Credential(Kind.SESSION, "a"): at(8),
        Credential(Kind.SESSION, "b"): at(8),
    }
