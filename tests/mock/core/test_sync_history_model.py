"""Any calls, releases and reads, compared with an office that plays every sync tick by tick."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.core import lease
from superoffice_mock.core.accounts import NEVER_SYNCED, Failures, MailAccount
from superoffice_mock.core.clock import FrozenClock
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import AccountId, Duration, Durations, ExchangeId, Instant
from superoffice_mock.core.verdicts import Call, Decide, Started, Verdict
from tests.mock.core.builders import ids, tenant
from tests.mock.core.slow_office import Mailbox, SlowOffice, Trouble, Work

CONFIGURED = range(1, 6)
ACCOUNTS = range(1, 9)
"""The last three do not exist; calls may name them all the same."""


class Step(NamedTuple):
    """What happens next: a call for *accounts*, or *ticks* that pass."""

    kind: str
    accounts: tuple[int, ...] = ()
    ticks: int = 0


account_lists = st.lists(st.sampled_from(ACCOUNTS), max_size=25).map(tuple)
steps = st.lists(
    st.one_of(
        st.builds(Step, st.sampled_from(["sync", "alone"]), account_lists),
        st.builds(Step, st.just("wait"), st.just(()), st.integers(1, 6)),
        st.builds(Step, st.sampled_from(["read", "release", "hold", "withdraw"])),
    ),
    max_size=25,
)
troubles = st.dictionaries(
    st.sampled_from(CONFIGURED),
    st.builds(
        Trouble,
        st.sampled_from(["no", "not now"]),
        st.none() | st.integers(1, 4),
        st.none() | st.integers(1, 3),
    ),
)
ticks_by_account = st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(0, 5), max_size=3)
readings = st.builds(
    Readings,
    run=st.sampled_from(["detached", "blocking"]),
    disconnect=st.sampled_from(["still-counts", "withdraws"]),
    tasks=st.sampled_from(["ten-at-a-time", "ten-in-all"]),
    empty=st.sampled_from(["no-run", "runs"]),
)


def build_facts(
    rules: Readings, trouble_of: Mapping[int, Trouble], ticks: Mapping[int, int], default: int
) -> TenantFacts:
    accounts = {}
    for id_ in ids(*CONFIGURED):
        accounts[id_] = MailAccount(id_)
        if (trouble := trouble_of.get(id_)) is not None:
            failures = Failures(trouble.reason, trouble.times, trouble.failed_after)
            accounts[id_] = MailAccount(id_, failures=failures)
    own = {AccountId(id_): Duration(length) for id_, length in ticks.items()}
    return replace(tenant(rules, Durations(Duration(default), own)), accounts=accounts)


class Offices:
    """The same calls at the model and at a tenant of the product, at the same time."""

    def __init__(self, facts: TenantFacts, model: SlowOffice) -> None:
        self.facts, self.model = facts, model
        self.state = facts.initial_state(FrozenClock(Instant(0)), Instant(0))
        self.eager_state = self.state
        """The same, whose history is counted after every step."""
        self.last_call: tuple[Call, Work] | None = None
        self.verdicts: list[Verdict] = []
        """On the last call, in both states."""

    @property
    def now(self) -> Instant:
        return Instant(self.model.now)

    def take(self, step: Step) -> None:
        getattr(self, step.kind)(step)
        self.eager_state = self.eager_state.with_counted_history(self.now)

    def change(self, change: Callable[[TenantState], TenantState]) -> None:
        self.state, self.eager_state = change(self.state), change(self.eager_state)

    def wait(self, step: Step) -> None:
        for _ in range(step.ticks):
            self.model.tick()

    def sync(self, step: Step) -> None:
        cut = step.accounts[:10] if self.facts.readings.tasks == "ten-in-all" else step.accounts
        is_busy = self.model.lease is not None
        if not is_busy and (step.accounts or self.facts.readings.empty == "runs"):
            self._decide(lease.decide, step, self.model.start(cut, takes_lease=True))
        else:
            self._decide(lease.decide, step, None)

    def alone(self, step: Step) -> None:
        started = self.model.start(step.accounts, takes_lease=False) if step.accounts else None
        self._decide(lease.decide_alone, step, started)

    def _decide(self, decide: Decide, step: Step, work: Work | None) -> None:
        call = Call(ExchangeId(1), self.now, ids(*step.accounts))
        self.state, verdict = decide(self.facts, self.state, call, self.now)
        self.eager_state, other_verdict = decide(self.facts, self.eager_state, call, self.now)
        assert verdict == other_verdict
        assert (verdict.run.id if isinstance(verdict, Started) else None) == (work and work.number)
        if work is not None:
            self.last_call, self.verdicts = (call, work), [verdict, other_verdict]

    def hold(self, _: Step) -> None:
        if self.model.lease is None:
            self.model.lease = "by hand"
            self.change(lambda state: lease.hold(state, self.now)[0])

    def release(self, _: Step) -> None:
        if isinstance(self.model.lease, Work):
            self.model.stop(self.model.lease)
        self.model.lease = None
        self.change(lambda state: lease.release(state, self.now)[0])
        self.verdicts = [lease.end_with_run(verdict, None, self.now) for verdict in self.verdicts]

    def withdraw(self, _: Step) -> None:
        """The client of the last run disconnects."""
        if self.last_call is None:
            return
        call, work = self.last_call
        rules = self.facts.readings
        waits = rules.run == "blocking" and work in self.model.works
        if waits and rules.disconnect == "withdraws":
            self.model.stop(work)
        states = (self.state, self.eager_state)
        (self.state, __), (self.eager_state, __) = (
            lease.withdraw(self.facts, state, call, verdict, self.now) or (state, verdict)
            for state, verdict in zip(states, self.verdicts, strict=True)
        )
        self.last_call = None

    def read(self, _: Step) -> None:
        self.compare()
        self.state = self.state.with_counted_history(self.now)
        self.compare()

    def compare(self) -> None:
        """Compare the model with the state as it is, and when it is counted."""
        counted, model = self.state.with_counted_history(self.now), self.model
        assert counted.history.statuses == self.eager_state.history.statuses
        for id_ in ids(*ACCOUNTS):
            assert self._mailbox(counted, id_) == as_tuple(model.mailboxes.get(id_, Mailbox()))
        busy = {id_: work.number for work in model.works for id_ in work.accounts}
        for state in (self.state, counted, self.eager_state):
            history = state.history
            assert history.syncing(self.now) == busy
            assert [run.id for run in history.active_runs(self.now)] == [
                work.number for work in model.works
            ]
            assert history.next_end(self.now) == counted.history.next_end(self.now)
            assert state.with_counted_history(self.now).history == counted.history

    def _mailbox(self, state: TenantState, id_: AccountId) -> tuple[object, ...]:
        status = state.history.statuses.get(id_, NEVER_SYNCED)
        failures = state.accounts[id_].failures if id_ in state.accounts else None
        return (
            status.last_fetch,
            status.synced_at,
            status.synced_by,
            status.error_count,
            status.error_reason,
            status.failure_count,
            status.account_status(failures),
        )

    def compare_next_end(self) -> None:
        """Compare the next end with the first tick at which the model ends a sync."""
        next_end = self.state.history.next_end(self.now)
        if next_end is None:
            assert not self.model.works
            return
        busy = sum(len(work.accounts) for work in self.model.works)
        while self.now < next_end:
            assert sum(len(work.accounts) for work in self.model.works) == busy
            self.model.tick()
        assert sum(len(work.accounts) for work in self.model.works) < busy


def as_tuple(box: Mailbox) -> tuple[object, ...]:
    return (
        box.fetched_at,
        box.synced_at,
        box.synced_by,
        box.errors,
        box.reason,
        box.failed_syncs,
        box.status,
    )


@pytest.mark.claim("account-time", "task-cap", "tasks-dealt", "duplicates", "lease-end")
@given(steps, readings, troubles, ticks_by_account, st.integers(0, 5))
def test_every_account_is_as_in_an_office_that_plays_sync_by_sync(
    all_steps: list[Step],
    rules: Readings,
    trouble_of: dict[int, Trouble],
    ticks: dict[int, int],
    default: int,
) -> None:
    """However often the history is counted."""
    facts = build_facts(rules, trouble_of, ticks, default)
    offices = Offices(facts, SlowOffice(trouble_of, ticks, default))
    for step in all_steps:
        offices.take(step)
    offices.compare()
    offices.compare_next_end()
    offices.take(Step("wait", ticks=1000))
    offices.compare()
