"""Any sequence of arrivals, compared with a simple model of the throttle that counts ticks."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.core.lease import decide
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import (
    SECOND,
    AccountId,
    Duration,
    Durations,
    ExchangeId,
    Instant,
)
from superoffice_mock.core.verdicts import (
    Call,
    Delayed,
    RejectedAfterDelay,
    Replayed,
    Served,
    Started,
    TurnedAway,
    Undecided,
    Verdict,
)
from tests.mock.core.builders import ids, initial_state, tenant

TICK = SECOND // 4
TICKS_PER_SECOND = SECOND // TICK
readings = st.builds(
    Readings,
    run=st.sampled_from(["detached", "blocking"]),
    busy=st.sampled_from(["wait-then-drop", "try-for-1s"]),
    tasks=st.sampled_from(["ten-at-a-time", "ten-in-all"]),
    empty=st.sampled_from(["no-run", "runs"]),
)
default_ticks = st.integers(1, 12)
ticks_by_account = st.dictionaries(st.integers(1, 4), st.integers(0, 9), max_size=3)


class Arrival(NamedTuple):
    """A call: when it arrives, in ticks, and its accounts."""

    at: int
    accounts: tuple[int, ...]


class Outcome(NamedTuple):
    """The outcome of a call; times are in ticks."""

    name: str
    answered_at: int
    run_ends_at: int | None = None


arrivals = st.lists(
    st.builds(Arrival, st.integers(0, 60), st.lists(st.integers(1, 4), max_size=23).map(tuple)),
    max_size=12,
).map(sorted)


def run_length(accounts: tuple[int, ...], by_account: dict[int, int], default: int) -> int:
    """Return the ticks that ten workers need if each takes the next account when it is free."""
    workers = [0] * 10
    for account in accounts:
        first = workers.index(min(workers))
        workers[first] += by_account.get(account, default)
    return max(workers)


def model_outcomes(
    calls: list[Arrival], rules: Readings, by_account: dict[int, int], default: int
) -> list[Outcome]:
    """Return the outcome of every call; at every tick, calls are decided in order of arrival."""
    outcomes: dict[int, Outcome] = {}
    busy_until = 0
    patience = TICKS_PER_SECOND if rules.busy == "try-for-1s" else 0
    for tick in range(60 + TICKS_PER_SECOND + 1):
        for number, (arrived_at, accounts) in enumerate(calls):
            if number in outcomes or not arrived_at <= tick <= arrived_at + patience:
                continue
            if busy_until > tick:
                if tick == arrived_at + patience:
                    outcomes[number] = Outcome("turned away", arrived_at + TICKS_PER_SECOND)
            elif not accounts and rules.empty == "no-run":
                outcomes[number] = Outcome("served", tick)
            else:
                synced = accounts[:10] if rules.tasks == "ten-in-all" else accounts
                busy_until = tick + run_length(synced, by_account, default)
                answered_at = busy_until if rules.run == "blocking" else tick
                outcomes[number] = Outcome("started", answered_at, busy_until)
    return [outcomes[number] for number in range(len(calls))]


def real_outcomes(arrivals: list[Arrival], facts: TenantFacts) -> list[Outcome]:
    """Decide every call at its arrival, and again when an undecided verdict is due."""
    state = initial_state(facts)
    calls = [build_call(number, arrival) for number, arrival in enumerate(arrivals)]
    waiting = [(call.arrived_at, call) for call in calls]
    verdicts: dict[int, Verdict] = {}
    while waiting:
        now = min(due for due, _ in waiting)
        for due, call in [pair for pair in waiting if pair[0] == now]:
            waiting.remove((due, call))
            state, verdict = decide(facts, state, call, now)
            if isinstance(verdict, Undecided):
                waiting.append((verdict.answer_at, call))
                waiting.sort(key=lambda pair: pair[1].exchange)
            verdicts[call.exchange] = verdict
    return [to_outcome(verdicts[number]) for number in range(len(arrivals))]


def build_call(number: int, arrival: Arrival) -> Call:
    return Call(ExchangeId(number), Instant(arrival.at * TICK), ids(*arrival.accounts))


def to_outcome(verdict: Verdict) -> Outcome:
    match verdict:
        case Started(run, answer_at):
            return Outcome("started", answer_at // TICK, run.ends_at // TICK)
        case TurnedAway(_, answer_at):
            return Outcome("turned away", answer_at // TICK)
        case Served(answer_at):
            return Outcome("served", answer_at // TICK)
        case Undecided() | Delayed() | RejectedAfterDelay() | Replayed():
            message = f"not a final verdict of the throttle: {verdict}"
            raise AssertionError(message)


def build_tenant(rules: Readings, by_account: dict[int, int], default: int) -> TenantFacts:
    own = {AccountId(id_): Duration(ticks * TICK) for id_, ticks in by_account.items()}
    return tenant(rules, Durations(Duration(default * TICK), own))


@pytest.mark.claim("single-run", "busy-second", "busy-drop", "lease-end", "task-cap")
@given(arrivals, readings, ticks_by_account, default_ticks)
def test_every_call_has_the_outcome_that_the_model_predicts(
    calls: list[Arrival], rules: Readings, by_account: dict[int, int], default: int
) -> None:
    facts = build_tenant(rules, by_account, default)
    assert real_outcomes(calls, facts) == model_outcomes(calls, rules, by_account, default)
