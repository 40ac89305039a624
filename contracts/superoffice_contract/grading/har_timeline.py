"""The timelines of a HAR: what its calls came to, mostly a guess from their times."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract.grading import behaviour
from superoffice_contract.grading.calls import Call
from superoffice_contract.har import Entry
from superoffice_contract.lost_accounts import Attempt, Confidence, find_lost_accounts
from superoffice_contract.operations.registry import THROTTLED
from superoffice_contract.timeline.model import (
    MAX_CALLS,
    Message,
    Timeline,
    TimelineCall,
    TimelineRun,
)
from superoffice_contract.verdict.headline import became, write_advice, write_headline

MAX_TENANTS: Final = 10
"""The most tenants of a HAR that get a timeline."""
MAX_ACCOUNTS: Final = 100
GUESSED_END: Final = "low"
"""How certain the end of a run is: only other calls show it."""


class Extra(msgspec.Struct, frozen=True):
    """What is shown of an entry beside its call: messages without secrets, and a label.

    *outcome* and *confidence* are those of a recording of our own; without an outcome, times tell.
    """

    request: Message | None = None
    response: Message | None = None
    outcome: str | None = None
    confidence: str | None = None


def har_timelines(
    title: str, entries: Sequence[Entry], calls: Sequence[Call], extras: Mapping[int, Extra]
) -> tuple[Timeline, ...]:
    """Return a timeline for each tenant of *calls*, which were read from *entries*.

    *extras* are by the index of an entry. If the times do not tell the order, the calls are a
    second apart.
    """
    by_id = {f"entries[{entry.index}]": entry.index for entry in entries}
    groups = [*behaviour.group_by_tenant(calls)]
    return tuple(
        _tenant_timeline(
            title if len(groups) == 1 else f"{title}: {group[0].tenant}",
            group,
            [extras.get(by_id.get(call.id, -1), Extra()) for call in group],
        )
        for group in groups[:MAX_TENANTS]
    )


def _tenant_timeline(title: str, group: Sequence[Call], extras: Sequence[Extra]) -> Timeline:
    if any(call.at is None for call in group):
        title = f"{title} (the times are not known, only the order)"
        group = [
            msgspec.structs.replace(call, at=float(number), elapsed=0.5)
            for number, call in enumerate(group)
        ]
    callers = _name_callers(group)
    calls = [*map(_timeline_call, group, extras, callers)]
    lost: dict[int, list[int]] = {}
    for each in find_lost_accounts([*map(_attempt, group, calls)]):
        if each.confidence > Confidence.UNKNOWN:
            lost.setdefault(each.last_call, []).append(each.account)
    runs = _guess_runs(calls)
    holders = {call_id: run for run, turned_away in runs for call_id in turned_away}
    calls = [
        msgspec.structs.replace(
            call,
            lost=tuple(lost.get(number, ())[:MAX_ACCOUNTS]),
            holder=f"run {holders[call.id].id}" if call.id in holders else None,
            retry_at=holders[call.id].latest_end if call.id in holders else None,
            run=next((run.id for run, _ in runs if run.call == call.id), None),
        )
        for number, call in enumerate(calls)
    ]
    lost_ids = {account for accounts in lost.values() for account in accounts}
    return Timeline(
        title,
        write_headline(calls, lost_ids),
        calls=tuple(calls[-MAX_CALLS:]),
        runs=tuple(run for run, _ in runs),
        advice=write_advice(calls),
        omitted=max(len(calls) - MAX_CALLS, 0),
    )


def _name_callers(group: Sequence[Call]) -> list[str]:
    """Return a name for the caller of each call: the scheme of its credentials, and a number."""
    numbers: dict[str, int] = {}
    return [
        f"caller {numbers.setdefault(repr(call.client), len(numbers) + 1)}{_scheme_of(call)}"
        for call in group
    ]


def _scheme_of(call: Call) -> str:
    client = call.client if isinstance(call.client, list) else []
    values = [value for each in client for value in each]
    scheme = next((value.partition(" ")[0] for value in values if " " in value), "")
    return f" ({scheme})" if scheme.isalpha() and len(scheme) <= 12 else ""


def _timeline_call(call: Call, extra: Extra, caller: str) -> TimelineCall:
    outcome, confidence = _outcome_of(call, extra)
    at = call.at or 0.0
    return TimelineCall(
        call.id,
        at,
        caller,
        call.method,
        call.path,
        outcome,
        answered_at=None if call.elapsed is None else at + call.elapsed,
        operation=call.operation or None,
        accounts=call.accounts[:MAX_ACCOUNTS],
        account_count=len(call.accounts),
        confidence=confidence,
        status=call.status,
        hung_up=bool(call.gave_up),
        violations=tuple(violation.what for violation in call.assessment.violations),
        request=extra.request,
        response=extra.response,
    )


def _outcome_of(call: Call, extra: Extra) -> tuple[str, str | None]:
    """Return the outcome of *call*, and how certain that is; None: certain."""
    if extra.outcome not in (None, "unknown"):
        sure = extra.confidence in (None, "certain")
        return extra.outcome or "", None if sure else extra.confidence
    if call.status is None or call.status >= 400:
        return ("unknown", "unknown") if call.status is None else ("rejected", None)
    confidence = call.turned_away_confidence
    if call.operation not in THROTTLED:
        return "served", None
    if confidence is None:
        return ("started" if call.accounts else "served"), None
    if confidence is Confidence.UNKNOWN:
        return "unknown", "unknown"
    return "turned_away", None if confidence is Confidence.CERTAIN else confidence.name.lower()


def _attempt(call: Call, shown: TimelineCall) -> Attempt:
    """Return what *call* asked for and got, as it is *shown*."""
    if became(shown) == "started":
        call = msgspec.structs.replace(call, synced=call.accounts, turned_away_confidence=None)
    elif became(shown) == "turned_away":
        confidence = Confidence[(shown.confidence or "certain").upper()]
        call = msgspec.structs.replace(call, synced=(), turned_away_confidence=confidence)
    return behaviour.attempt_of(call)


def _guess_runs(calls: Sequence[TimelineCall]) -> list[tuple[TimelineRun, list[str]]]:
    """Return the runs, each with the calls that it turned away.

    A run lasts at least until the last of these came, and at most until the next run started.
    """
    runs: list[tuple[TimelineRun, list[str]]] = []
    for call in calls:
        if call.operation not in THROTTLED:
            continue
        if became(call) == "started":
            if runs:
                runs[-1] = (_end(runs[-1][0], call.at), runs[-1][1])
            ends_at = call.at if call.answered_at is None else call.answered_at
            run = TimelineRun(
                len(runs) + 1, call.id, call.at, ends_at, confidence=GUESSED_END, latest_end=None
            )
            runs.append((run, []))
        elif became(call) == "turned_away" and runs:
            run, turned_away = runs[-1]
            longer = msgspec.structs.replace(run, ends_at=max(run.ends_at, call.at))
            runs[-1] = (longer, [*turned_away, call.id])
    return runs


def _end(run: TimelineRun, latest_end: float) -> TimelineRun:
    """Return *run*, which had ended at *latest_end* at the latest."""
    return msgspec.structs.replace(run, ends_at=min(run.ends_at, latest_end), latest_end=latest_end)
