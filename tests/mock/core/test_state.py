"""A tenant's state is one immutable value; every change returns another."""

import msgspec
import pytest
from msgspec.structs import replace

from superoffice_contract.openapi import readings
from superoffice_mock.core import (
    accounts,
    clock,
    credentials,
    expiry,
    state,
    sync_history,
    sync_run,
    verdicts,
)
from superoffice_mock.core.clock import FrozenClock, RealClock
from superoffice_mock.core.credentials import KnownCredentials, Session
from superoffice_mock.core.expiry import CredentialKind, ExpiringCredential, Lifetimes
from superoffice_mock.core.state import FIRST_RUN, TenantState, TenantStatus, tenant_status
from superoffice_mock.core.sync_run import ExchangeId, RunId, SyncRun, seconds
from tests.mock.core.builders import at, durations, ids, initial_state, tenant

RUN = SyncRun(RunId(7), ExchangeId(3), ids(507), durations(), at(0), at(5))
MODULES = (
    *(accounts, clock, credentials, expiry, readings, state, sync_history, sync_run, verdicts),
)
SESSIONS = {"a": Session("a", "x", "tje0"), "b": Session("b", "y", "tje0")}


def test_every_struct_of_the_rules_is_frozen() -> None:
    structs = {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    mutable = [struct for struct in structs if not struct.__struct_config__.frozen]
    assert (mutable, len(structs) > 20) == ([], True)


def test_a_new_tenant_has_a_free_lease_and_no_runs() -> None:
    state = initial_state()
    assert (state.lease_holder, state.next_run) == (None, FIRST_RUN)
    assert state.sessions == tenant().sessions
    assert state.holder(at(0)) is None


@pytest.mark.claim("lease-end")
def test_a_run_holds_the_lease_before_its_end_and_not_at_its_end() -> None:
    state = replace(initial_state(), lease_holder=RUN)
    assert state.holder(at(0)) is RUN
    assert state.holder(at(4.999999999)) is RUN
    assert state.holder(at(5)) is None


def test_a_state_of_a_tenant_has_the_name_of_the_vendor_and_one_for_settings() -> None:
    online = tenant_status("online-maintenance")
    assert (online.text, online.is_running, int(online)) == ("OnlineMaintenance", True, 5)
    running = [status.setting for status in TenantStatus if status.is_running]
    assert running == ["running", "online-maintenance"]
    assert all(tenant_status(status.setting) is status for status in TenantStatus)
    with pytest.raises(ValueError, match="suspended"):
        tenant_status("suspendet")


def test_ending_a_session_leaves_the_others() -> None:
    old = TenantState(RealClock(), SESSIONS)
    assert list(old.without_session("a").sessions) == ["b"]
    assert list(old.sessions) == ["a", "b"]


def test_a_tenant_with_lifetimes_starts_with_expiry_times_for_all_its_credentials() -> None:
    facts = replace(
        tenant(),
        known_credentials=KnownCredentials(tickets=frozenset({"7T:ticket"})),
        sessions=SESSIONS,
        lifetimes=Lifetimes(ticket=seconds(5), session=seconds(7)),
    )
    assert facts.initial_state(FrozenClock(at(1)), at(1)).expiry_times == {
        ExpiringCredential(CredentialKind.TICKET, "7T:ticket"): at(6),
        ExpiringCredential(CredentialKind.SESSION, "a"): at(8),
        ExpiringCredential(CredentialKind.SESSION, "b"): at(8),
    }
