"""Builders for the tests of the rules: a tenant, its state, and calls."""

from collections.abc import Mapping, Sequence
from typing import Final

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.core.clock import RealClock
from superoffice_mock.core.credentials import KnownCredentials
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import (
    SECOND,
    AccountId,
    Durations,
    ExchangeId,
    Installation,
    Instant,
    TenantId,
    seconds,
)
from superoffice_mock.core.verdicts import Call

START: Final = 1_800_000_000 * SECOND


def at(seconds: float) -> Instant:
    """Return the moment *seconds* after the start."""
    return Instant(START + round(seconds * SECOND))


def ids(*accounts: int) -> list[AccountId]:
    return [AccountId(account) for account in accounts]


def durations(default: float = 5.0, by_account: Mapping[int, float] | None = None) -> Durations:
    """Return durations; the arguments are in seconds."""
    own = {AccountId(id_): seconds(time) for id_, time in (by_account or {}).items()}
    return Durations(seconds(default), own)


def tenant(
    readings: Readings | None = None, account_durations: Durations | None = None
) -> TenantFacts:
    """Return an onsite tenant without credentials."""
    return TenantFacts(
        TenantId("onsite"),
        Installation.ONSITE,
        KnownCredentials(),
        account_durations or durations(),
        readings or Readings(),
    )


def initial_state(facts: TenantFacts | None = None) -> TenantState:
    return (facts or tenant()).initial_state(RealClock(), at(0))


def call(exchange: int, arrived_at: float, accounts: Sequence[int] = (507,)) -> Call:
    """Return a call that arrives *arrived_at* seconds after the start."""
    return Call(ExchangeId(exchange), at(arrived_at), ids(*accounts))
