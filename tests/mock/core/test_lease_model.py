"""Any sequence of arrivals, against a model of the throttle that knows no heaps and no values."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.lease import (
    Ask,
    Call,
    Delayed,
    Refused,
    Replayed,
    Served,
    Started,
    TurnedAway,
    Verdict,
    admit,
)
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import (
    SECOND,
    AccountId,
    Duration,
    Durations,
    ExchangeId,
    Instant,
)
from tests.mock.core.builders import fresh, tenant

TICK = SECOND // 4
SECONDS_TICKS = SECOND // TICK


class Arrival(NamedTuple):
    """A call: when, in ticks, and for which accounts."""

    at: int
    accounts: tuple[int, ...]


class Outcome(NamedTuple):
    """What became of a call, in ticks."""

    name: str
    answered: int
    run_ends: int | None = None


arrivals = st.lists(
    st.builds(Arrival, st.integers(0, 60), st.lists(st.integers(1, 4), max_size=23).map(tuple)),
    max_size=12,
).map(sorted)
readings = st.builds(
    Readings,
    run=st.sampled_from(["detached", "blocking"]),
    busy=st.sampled_from(["wait-then-drop", "try-for-1s"]),
    tasks=st.sampled_from(["ten-at-a-time", "ten-in-all"]),
    empty=st.sampled_from(["no-run", "runs"]),
)
own_times = st.dictionaries(st.integers(1, 4), st.integers(0, 9), max_size=3)


# ---- the model: one lease, looked at tick by tick --------------------------------------------


def length(accounts: tuple[int, ...], own: dict[int, int], each: int) -> int:
    """Return how many ticks ten workers need who take the next account when they are free."""
    workers = [0] * 10
    for account in accounts:
        first = workers.index(min(workers))
        workers[first] += own.get(account, each)
    return max(workers)


def modelled(
    calls: list[Arrival], rules: Readings, own: dict[int, int], each: int
) -> list[Outcome]:
    """Return the outcome of every call: whoever came first is asked first, at every tick."""
    outcomes: dict[int, Outcome] = {}
    busy_until = 0
    patience = SECONDS_TICKS if rules.busy == "try-for-1s" else 0
    for tick in range(60 + SECONDS_TICKS + 1):
        for number, (came, accounts) in enumerate(calls):
            if number in outcomes or not came <= tick <= came + patience:
                continue
            if busy_until > tick:
                if tick == came + patience:
                    outcomes[number] = Outcome("turned away", came + SECONDS_TICKS)
            elif not accounts and rules.empty == "no-run":
                outcomes[number] = Outcome("served", tick)
            else:
                kept = accounts[:10] if rules.tasks == "ten-in-all" else accounts
                busy_until = tick + length(kept, own, each)
                heard = busy_until if rules.run == "blocking" else tick
                outcomes[number] = Outcome("started", heard, busy_until)
    return [outcomes[number] for number in range(len(calls))]


# ---- the real rules, asked by an edge that only knows moments --------------------------------


def played(calls: list[Arrival], facts: TenantFacts) -> list[Outcome]:
    """Play *calls* as the edge does: ask, and ask again when the verdict says so."""
    state = fresh(facts)
    waiting = [
        (
            Instant(at * TICK),
            Call(ExchangeId(n), [AccountId(one) for one in ids], Instant(at * TICK)),
        )
        for n, (at, ids) in enumerate(calls)
    ]
    verdicts: dict[int, Verdict] = {}
    while waiting:
        now = min(due for due, _ in waiting)
        for due, call in [one for one in waiting if one[0] == now]:
            waiting.remove((due, call))
            state, verdict = admit(facts, state, call, now)
            if isinstance(verdict, Ask):
                waiting.append((verdict.answer_at, call))
                waiting.sort(key=lambda one: one[1].exchange)
            verdicts[call.exchange] = verdict
    return [outcome(verdicts[number]) for number in range(len(calls))]


def outcome(verdict: Verdict) -> Outcome:
    match verdict:
        case Started(run, answer_at):
            return Outcome("started", answer_at // TICK, run.ends_at // TICK)
        case TurnedAway(_, answer_at):
            return Outcome("turned away", answer_at // TICK)
        case Served(answer_at):
            return Outcome("served", answer_at // TICK)
        case Ask() | Delayed() | Refused() | Replayed():
            message = "nobody may be left without an answer"
            raise AssertionError(message)


def facts_of(rules: Readings, own: dict[int, int], each: int) -> TenantFacts:
    taking = Durations(
        Duration(each * TICK), {AccountId(id_): Duration(t * TICK) for id_, t in own.items()}
    )
    return tenant(rules, taking)


@pytest.mark.claim("single-run", "busy-second", "busy-drop", "lease-end", "task-cap")
@given(arrivals, readings, own_times, st.integers(1, 12))
def test_every_call_meets_the_fate_that_the_model_foresees(
    calls: list[Arrival], rules: Readings, own: dict[int, int], each: int
) -> None:
    assert played(calls, facts_of(rules, own, each)) == modelled(calls, rules, own, each)


@pytest.mark.claim("single-run", "simultaneous")
@given(arrivals, readings, own_times, st.integers(1, 12))
def test_no_two_runs_overlap(
    calls: list[Arrival], rules: Readings, own: dict[int, int], each: int
) -> None:
    state = fresh()
    facts = facts_of(rules, own, each)
    ended = Instant(0)
    for number, (at, accounts) in enumerate(calls):
        call = Call(ExchangeId(number), [AccountId(one) for one in accounts], Instant(at * TICK))
        state, verdict = admit(facts, state, call, call.arrived_at)
        if isinstance(verdict, Started):
            assert verdict.run.started_at >= ended
            assert verdict.run.ends_at == max(
                (task.steps[-1].ends_at for task in verdict.run.tasks),
                default=verdict.run.started_at,
            )
            ended = verdict.run.ends_at
        elif not isinstance(verdict, Served):
            assert call.arrived_at < ended


@pytest.mark.claim("simultaneous")
@given(st.integers(1, 60), readings)
def test_of_calls_that_arrive_together_exactly_one_starts(count: int, rules: Readings) -> None:
    calls = [Arrival(0, (507,))] * count
    outcomes = played(calls, facts_of(rules, {}, 12))
    assert [one.name for one in outcomes] == ["started"] + ["turned away"] * (count - 1)
    assert {one.answered for one in outcomes[1:]} <= {SECONDS_TICKS}
