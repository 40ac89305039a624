"""What the tests of the rules start from: a tenant, its state, and calls."""

from collections.abc import Mapping, Sequence

from superoffice_mock.core.clock import RealClock
from superoffice_mock.core.credentials import KnownCredentials
from superoffice_mock.core.lease import Call
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import (
    SECOND,
    AccountId,
    Duration,
    Durations,
    ExchangeId,
    Installation,
    Instant,
    TenantId,
)

START = 1_800_000_000 * SECOND


def at(seconds: float) -> Instant:
    """Return the moment *seconds* after the start."""
    return Instant(START + round(seconds * SECOND))


def ids(*accounts: int) -> list[AccountId]:
    """Return *accounts* as ids."""
    return [AccountId(account) for account in accounts]


def durations(each: float = 5.0, own: Mapping[int, float] | None = None) -> Durations:
    """Return durations given in seconds."""
    return Durations(
        Duration(round(each * SECOND)),
        {AccountId(id_): Duration(round(s * SECOND)) for id_, s in (own or {}).items()},
    )


def tenant(readings: Readings | None = None, taking: Durations | None = None) -> TenantFacts:
    """Return an onsite tenant that knows nobody."""
    return TenantFacts(
        TenantId("onsite"),
        Installation.ONSITE,
        KnownCredentials(),
        taking or durations(),
        readings or Readings(),
    )


def fresh(facts: TenantFacts | None = None) -> TenantState:
    """Return the state that a tenant starts with."""
    return (facts or tenant()).fresh(RealClock(), at(0))


def call(exchange: int, arrived: float, accounts: Sequence[int] = (507,)) -> Call:
    """Return a call that arrived *arrived* seconds after the start."""
    return Call(ExchangeId(exchange), ids(*accounts), at(arrived))
