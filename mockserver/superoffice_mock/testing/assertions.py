"""Assertions about the traffic of a tenant, and the messages that explain why they fail."""

from collections.abc import Collection, Sequence
from typing import Final

from superoffice_contract.lost_accounts import Confidence, find_lost_accounts
from superoffice_contract.messages import suggest
from superoffice_contract.verdict.losses import describe_losses, explain_losses
from superoffice_contract.verdict.problems import violations
from superoffice_contract.verdict.timeline import (
    forgotten_note,
    format_accounts,
    format_outcome,
    timeline,
)
from superoffice_contract.verdict.traffic import Traffic
from superoffice_mock.core.journal import OUTCOMES
from superoffice_mock.errors import ExpectationFailed
from superoffice_mock.testing.tenant_controls import Clock

__tracebackhide__ = True
"""A failing test shows its own line, and none of this module."""
MAX_NEAREST: Final = 3
"""Missing accounts for which a message names the nearest call."""
_TIMED_OUT: Final = "expected "
"""How the reason of `requests/wait` begins if its time was over."""


def check_started(traffic: Traffic, accounts: Collection[int]) -> None:
    """Raise ExpectationFailed unless runs cover *accounts*; if empty, unless any run started."""
    ids: object = accounts
    if (
        isinstance(ids, str)
        or not isinstance(ids, Collection)
        or not all(isinstance(id_, int) for id_ in ids)
    ):
        raise TypeError(f"accounts={accounts!r}: expected ids, such as accounts=[507]")
    covered = traffic.covered
    uncertain = {account for call in traffic.undecided_calls for account in call.account_ids}
    missing = [account for account in dict.fromkeys(accounts) if account not in covered]
    not_synced = [account for account in missing if account not in uncertain]
    if not_synced:
        message = f"no run covers {format_accounts(not_synced)}"
        raise _failure(message, traffic, _nearest_calls(not_synced, traffic))
    if missing:
        raise _unknown(f"whether a run covers {format_accounts(missing)}", traffic)
    if (
        accounts
        or covered
        or traffic.runs
        or any(call.became == "started" for call in traffic.requests)
    ):
        return
    if traffic.undecided_calls:
        raise _unknown("whether a run was started", traffic)
    raise _failure("no run was started", traffic, [])


def check_turned_away(traffic: Traffic, times: int) -> None:
    """Raise ExpectationFailed unless exactly *times* calls were turned away."""
    if not isinstance(times, int):
        raise TypeError(f"times={times!r}: expected a whole number, such as times=1")
    if times < 0:
        raise ValueError(f"times={times}: expected 0 or more")
    count = sum(call.became == "turned_away" for call in traffic.requests)
    if count <= times and traffic.undecided_calls:
        raise _unknown("how many calls were turned away", traffic)
    if count != times or traffic.pending or traffic.forgotten:
        calls = "1 call was" if count == 1 else f"{count} calls were"
        message = f"{calls} turned away, expected {times}"
        raise _failure(message, traffic, _latest_miss(traffic) if count < times else [])


def check_no_lost_accounts(traffic: Traffic) -> None:
    """Raise ExpectationFailed if an account is lost, or may be because its call is in flight."""
    candidates = find_lost_accounts(traffic.attempts)
    lost_accounts = [lost for lost in candidates if lost.confidence > Confidence.UNKNOWN]
    if lost_accounts:
        details = explain_losses(lost_accounts, traffic)
        raise _failure(describe_losses(lost_accounts), traffic, details)
    if candidates:
        ids = [lost.account for lost in candidates]
        are = "is" if len(ids) == 1 else "are"
        raise _unknown(f"whether {format_accounts(ids)} {are} lost", traffic)
    if traffic.pending or traffic.forgotten:
        raise _failure("whether accounts are lost is not known yet", traffic, [])


def check_no_violations(traffic: Traffic) -> None:
    """Raise ExpectationFailed if a call broke the contract, or was odd though allowed."""
    lines = list(violations(traffic))
    if lines or traffic.pending or traffic.forgotten:
        count = f"{len(lines)} found" if lines else "not known yet"
        raise _failure(f"violations of the contract: {count}", traffic, lines)


def check_outcome(outcome: str | None) -> None:
    """Raise ValueError unless there is such an *outcome*."""
    if outcome is not None and outcome not in OUTCOMES:
        hint = suggest(f"{outcome}", OUTCOMES, f"the outcomes are: {', '.join(OUTCOMES)}")
        raise ValueError(f"no outcome is called {outcome!r}; {hint}")


def frozen_clock_notes(clock: Clock) -> list[str]:
    """Return how to go on if calls wait on *clock*, and it is frozen."""
    count = clock.waiting if clock.name == "freeze" else 0
    if not count:
        return []
    calls = "1 call waits" if count == 1 else f"{count} calls wait"
    return [f"{calls} on a frozen clock; advance it: office.clock.advance(seconds)"]


def wait_failure(
    traffic: Traffic,
    expected: str,
    seconds: float,
    count: int,
    reason: str | None,
    notes: Sequence[str] = (),
) -> ExpectationFailed:
    """Return the error of a wait that got *count* requests, or ended early for a *reason*."""
    cause = "" if reason is None or reason.startswith(_TIMED_OUT) else f": {reason}"
    return _failure(f"expected {expected} within {seconds:g} s, got {count}{cause}", traffic, notes)


def _failure(message: str, traffic: Traffic, details: Sequence[str]) -> ExpectationFailed:
    parts = [message, *details]
    if traffic.pending:
        calls = ", ".join(f"#{call.id}" for call in traffic.pending)
        parts.append(
            f"still in flight: {calls}; let it be answered (wait, or advance a frozen clock) "
            "before you look"
        )
    if traffic.forgotten:
        parts.append(forgotten_note(traffic))
    return ExpectationFailed("\n".join((*parts, "", timeline(traffic))))


def _unknown(fact: str, traffic: Traffic) -> ExpectationFailed:
    """Return the error of an assertion that a recording can neither confirm nor refute."""
    calls = ", ".join(f"#{call.id}" for call in traffic.undecided_calls)
    advice = (
        f"the recording does not say what became of {calls}; record again from the mock, which "
        'knows (record="all"), or add it to the file, as _mock.outcome of the entry'
    )
    return _failure(f"{fact} is not known", traffic, [advice])


def _nearest_calls(missing: Sequence[int], traffic: Traffic) -> list[str]:
    lines = []
    for account in missing[:MAX_NEAREST]:
        calls = [call for call in traffic.requests if account in call.account_ids]
        if calls:
            last = calls[-1]
            note = "".join(
                f"; run {run.id} was released before it had synced it"
                for run in traffic.runs
                if run.request == last.id and account in run.accounts
            )
            nearest = f"#{last.id} asked for it, {format_outcome(last)}{note}"
            lines.append(f"nearest for {account}: {nearest}")
        else:
            accounts = {id_ for call in traffic.requests for id_ in call.account_ids}
            by_distance = sorted(accounts, key=lambda id_: abs(id_ - account))
            others = f"; they named {format_accounts(by_distance)}" if accounts else ""
            lines.append(f"no call named account {account}{others}")
    return lines


def _latest_miss(traffic: Traffic) -> list[str]:
    """Return the call that came soonest after the end of a run, so that it was not turned away."""
    gaps = [
        ((call.at - run.ends_at).total_seconds(), call.id, run.id)
        for call in traffic.requests
        for run in traffic.runs
        if call.outcome == "started" and run.ends_at <= call.at and run.request != call.id
    ]
    if not gaps:
        return ["nearest: none; no call came during or after the run of another call"]
    gap, call, run = min(gaps)
    return [f"nearest: #{call} came {gap:.1f} s after run {run} had ended"]
