"""The timeline of a tenant, from its journal and its state: what a picture of it shows."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from superoffice_contract.lost_accounts import Attempt, Confidence, find_lost_accounts
from superoffice_contract.operations.registry import THROTTLED
from superoffice_contract.timeline.model import (
    MAX_CALLS,
    MAX_STEPS,
    Message,
    Timeline,
    TimelineAccount,
    TimelineCall,
    TimelineHold,
    TimelineRun,
    TimelineStep,
)
from superoffice_contract.verdict.headline import write_advice, write_headline
from superoffice_mock.control.exchange_view import read_accounts
from superoffice_mock.core.accounts import NEVER_SYNCED
from superoffice_mock.core.clock import to_seconds
from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.sync_run import (
    SECOND,
    AccountId,
    Hold,
    Holder,
    Instant,
    SyncRun,
    SyncStep,
)
from superoffice_mock.core.verdicts import Replayed, Started, TurnedAway, Undecided
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.entry import Registry
from superoffice_mock.wire.headers import read_journal_head
from superoffice_mock.wire.query import NO_QUERY, read_query

MAX_ACCOUNTS: Final = 100
"""The accounts that a call lists, and that a timeline lists."""
NEWEST_RUNS: Final = 10
"""The runs that a timeline shows even if it shows no call: they may have been released."""
SLICE: Final = 5_000_000
"""After so many nanoseconds of reading, other calls go on."""


class CallReader:
    """Reads exchanges of *journal* as calls of a timeline."""

    def __init__(self, journal: Journal, operations: Registry) -> None:
        self._journal = journal
        self._operations = operations

    def account_ids(self, exchange: Exchange) -> Sequence[int]:
        """Return the ids of all accounts that *exchange* names."""
        verdict = exchange.verdict
        if type(verdict) is Started and not verdict.skipped_accounts:
            return verdict.run.accounts
        entry = self._operations.entries.get(exchange.operation or "")
        query = NO_QUERY
        if entry is not None and exchange.query:
            query = read_query(exchange.query, entry.operation.query)
        content_type = read_journal_head(exchange.head).content_type
        accounts = read_accounts(exchange, entry, content_type, query)
        return () if accounts is None else [account.id for account in accounts]

    def attempt(self, exchange: Exchange, call: TimelineCall, ids: Sequence[int]) -> Attempt:
        """Return what *call*, read from *exchange*, asked for, and what it got."""
        covered = () if exchange.run is None else [*_covered(exchange.run)]
        is_sync = call.operation in THROTTLED
        became = call.became or call.outcome
        if exchange.run is None and became == "started":  # a recorded call
            covered = list(ids)
        is_open = became == "unknown" and is_sync and (call.status or 0) < 300
        confidence = call.confidence or ("unknown" if is_open else "certain")
        return Attempt(
            ids if is_sync else (), call.status == 204, covered, Confidence[confidence.upper()]
        )

    def read(
        self, exchange: Exchange, ids: Sequence[int], *, with_request: bool = False
    ) -> TimelineCall:
        """Return *exchange*, which names accounts with these *ids*, as a call.

        *with_request*: with its headers and its body.
        """
        at, verdict, outcome = _at(exchange.at), exchange.verdict, exchange.outcome
        recorded = isinstance(verdict, Replayed) and outcome == "replayed"
        became = verdict.recorded_outcome if isinstance(verdict, Replayed) and recorded else None
        confidence = verdict.confidence if isinstance(verdict, Replayed) and recorded else None
        holder = self._holder(exchange)
        run = exchange.run
        return TimelineCall(
            f"{exchange.id}",
            at,
            name_caller(exchange.principal),
            exchange.method,
            exchange.path,
            outcome,
            answered_at=_end_of(exchange, at),
            operation=exchange.operation,
            accounts=tuple(ids[:MAX_ACCOUNTS]),
            account_count=len(ids),
            became=became,
            confidence=None if confidence == "certain" else confidence,
            status=exchange.status,
            hung_up=exchange.hung_up,
            run=None if run is None else run.id,
            holder=None if holder is None else _name_holder(holder),
            retry_at=_at(holder.ends_at) if isinstance(holder, SyncRun) else None,
            reason=exchange.reason or "",
            violations=exchange.violations,
            request=_request_of(exchange) if with_request else None,
        )

    def _holder(self, exchange: Exchange) -> SyncRun | Hold | None:
        """Return what held the lease that *exchange* did not get; a run as it ended."""
        verdict = exchange.verdict
        final = verdict.otherwise if isinstance(verdict, Undecided) else verdict
        if not isinstance(final, TurnedAway):
            return None
        holder = final.holder
        if isinstance(holder, SyncRun):
            starter = self._journal.exchange(exchange.tenant, holder.exchange)
            return holder if starter is None else starter.run or holder
        return holder


def _at(moment: Instant) -> float:
    return moment / SECOND


def _name_holder(holder: Holder) -> str:
    return f"run {holder.id}" if isinstance(holder, SyncRun) else "hand"


def name_caller(principal: Principal | None) -> str:
    """Return the name of the lane for the calls of *principal*."""
    if principal is None:
        return "no valid credentials"
    app = f" ({principal.app.name})" if principal.app else ""
    return f"{principal.scheme} {principal.user or ''}".rstrip() + app


def _end_of(exchange: Exchange, at: float) -> float | None:
    """Return when *exchange*, which came *at* that moment, ended for its client."""
    if exchange.hung_up_after is not None:
        return at + exchange.hung_up_after / SECOND
    if exchange.outcome == "pending" or exchange.elapsed is None:
        return None
    return at + exchange.elapsed / SECOND


def _request_of(exchange: Exchange) -> Message:
    headers = read_journal_head(exchange.head).raw
    pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    return Message(tuple(pairs), exchange.body.decode("utf-8", "replace"))


# ---- runs ------------------------------------------------------------------------------------


def _covered(run: SyncRun) -> Iterator[int]:
    """Yield the accounts that *run* syncs, without those that it had not when it was released."""
    if run.released_at is None:
        yield from run.accounts
        return
    for task in run.tasks:
        yield from (step.account for step in task if step.ends_at <= run.released_at)


def timeline_run(run: SyncRun, now: Instant) -> TimelineRun:
    """Return *run* as it is *now*, with its first syncs."""
    state = "running" if now < run.ends_at else "ended"
    tasks, room = [], MAX_STEPS
    for task in run.tasks:
        tasks.append(tuple(_timeline_step(step, run, now) for step in task[: max(room, 0)]))
        room -= len(task)
    return TimelineRun(
        run.id,
        f"{run.exchange}",
        _at(run.started_at),
        _at(run.ends_at),
        state if run.released_at is None else "released",
        tasks=tuple(tasks),
        omitted=max(-room, 0),
        holds_lease=run.holds_lease,
    )


def _timeline_step(step: SyncStep, run: SyncRun, now: Instant) -> TimelineStep:
    state = step_state(step, run, now)
    return TimelineStep(step.account, _at(step.started_at), _at(step.ends_at), state)


def step_state(step: SyncStep, run: SyncRun, now: Instant) -> str:
    """Return what *step* of *run* is doing: `waiting`, `syncing`, `synced` or `cut short`."""
    if run.released_at is not None and run.released_at < step.ends_at:
        return "cut short"
    if step.ends_at <= now:
        return "synced"
    return "syncing" if step.started_at <= now else "waiting"


# ---- the whole -------------------------------------------------------------------------------


async def read_timeline(
    tenant: Tenant,
    operations: Registry,
    steady: Callable[[], int],
    *,
    limit: int = MAX_CALLS,
    with_requests: bool = False,
) -> Timeline:
    """Return the timeline of *tenant*, with its newest *limit* calls and their runs.

    The headline and the advice are about all calls. *steady* is real time in nanoseconds: other
    calls go on in between, so that a long journal delays none of them.
    """
    journal = tenant.journal
    reader = CallReader(journal, operations)
    calls, attempts, runs = list[TimelineCall](), list[Attempt](), dict[str, SyncRun]()
    exchanges = [*journal.exchanges(tenant.facts.id)]
    first_shown = max(len(exchanges) - limit, 0)
    pause_at = steady() + SLICE
    for number, exchange in enumerate(exchanges):
        if steady() >= pause_at:
            await asyncio.sleep(0)
            pause_at = steady() + SLICE
        ids = reader.account_ids(exchange)
        call = reader.read(exchange, ids, with_request=with_requests and number >= first_shown)
        calls.append(call)
        attempts.append(reader.attempt(exchange, call, ids))
        if exchange.run is not None:
            runs[call.id] = exchange.run
    lost = _lost_by_call(attempts)
    for number, accounts in lost.items():
        calls[number] = replace(calls[number], lost=tuple(accounts[:MAX_ACCOUNTS]))
    lost_ids = {account for accounts in lost.values() for account in accounts}
    now, shown = tenant.now(), calls[first_shown:]
    first_run = max(len(runs) - NEWEST_RUNS, 0)
    shown_ids = {call.id for call in shown}
    shown_runs = [
        run
        for number, (id_, run) in enumerate(runs.items())
        if id_ in shown_ids or number >= first_run
    ]
    holder = tenant.state.holder(now)
    return Timeline(
        f"tenant {tenant.facts.id}",
        write_headline(calls, lost_ids),
        calls=tuple(shown),
        runs=tuple(timeline_run(run, now) for run in shown_runs),
        holds=(TimelineHold(_at(holder.since)),) if isinstance(holder, Hold) else (),
        accounts=tuple(_list_accounts(tenant, shown, lost_ids)),
        advice=write_advice(calls),
        tenant=tenant.facts.id,
        clock=tenant.state.clock.name,
        now=_at(now),
        forgotten=journal.count_forgotten(tenant.facts.id),
        omitted=first_shown,
    )


def read_at_once(tenant: Tenant, operations: Registry) -> Timeline:
    """Return the timeline of *tenant*, with its requests, when no other call is to go on."""
    reading = read_timeline(tenant, operations, lambda: 0, with_requests=True)
    try:
        reading.send(None)
    except StopIteration as end:
        timeline: Timeline = end.value
        return timeline
    msg = "time stands still, so the reading never waits"
    raise AssertionError(msg)


def _lost_by_call(attempts: Sequence[Attempt]) -> Mapping[int, Sequence[int]]:
    """Return the accounts that no run covers, by the last call that asked for them."""
    lost: dict[int, list[int]] = {}
    for each in find_lost_accounts(attempts):
        if each.confidence > Confidence.UNKNOWN:
            lost.setdefault(each.last_call, []).append(each.account)
    return lost


def _list_accounts(
    tenant: Tenant, calls: Sequence[TimelineCall], lost: Collection[int]
) -> Iterator[TimelineAccount]:
    """Yield the first of the accounts that *calls* ask for, the lost ones before the others."""
    asked = {AccountId(account) for call in calls for account in call.accounts}
    state = tenant.state.with_counted_history(tenant.now())
    for id_ in sorted(asked, key=lambda id_: (id_ not in lost, id_))[:MAX_ACCOUNTS]:
        sync, account = state.history.statuses.get(id_, NEVER_SYNCED), state.accounts.get(id_)
        status = "" if account is None else sync.account_status(account.failures).name.title()
        yield TimelineAccount(id_, to_seconds(sync.last_fetch), status, is_lost=id_ in lost)
