"""Judges how a client behaves over time: early disconnects, retries, overlaps and lost accounts."""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

import msgspec

from superoffice_contract.grading.calls import BUSY_SECOND, TURNED_AWAY_AFTER, Call
from superoffice_contract.lost_accounts import Attempt, Confidence, find_lost_accounts
from superoffice_contract.messages import list_numbers
from superoffice_contract.operations.registry import THROTTLED

CLOCK_TOLERANCE: Final = 0.003
"""Times this close count as the same moment, because browsers round start times to 0.001 s."""
_CONFIDENCES: Final[Mapping[tuple[bool | None, bool | None], Confidence | None]] = {
    (True, True): Confidence.HIGH,
    (True, False): Confidence.MEDIUM,
    (True, None): Confidence.MEDIUM,
    (False, True): Confidence.LOW,
    (False, False): None,
}
"""By whether the 204 took a second, and whether the call overlaps an earlier one; else UNKNOWN."""
_LOSSES: Final[Mapping[Confidence, str]] = {
    Confidence.CERTAIN: "lost: answered 204, and no run of this or a later call covers {0}",
    Confidence.HIGH: "possibly lost (high confidence: the 204 took a second, during another call)",
    Confidence.MEDIUM: "possibly lost (medium confidence: the 204 took about a second)",
    Confidence.LOW: "possibly lost (low confidence: the 204 came quickly, but during another call)",
}
_PATIENCE: Final = "a call that is turned away takes that long: wait longer, such as 30 s"
_LATER: Final = "wait until the current run has ended before you send the next call"
_ONE_AT_A_TIME: Final = "a tenant runs one call at a time: send one call with all accounts in it"
_ONCE: Final = "every entry is synced separately: list each account once"
_AGAIN: Final = "send {0} again after the current run has ended"

CallProblem = tuple[Call, str]
"""A call, and what the client did wrong."""


def group_by_tenant(calls: Iterable[Call]) -> Iterator[tuple[Call, ...]]:
    """Yield the calls of each tenant, in their order."""
    by_tenant = sorted(calls, key=lambda call: call.tenant)
    return (tuple(group) for _, group in groupby(by_tenant, key=lambda call: call.tenant))


# ---- calls of a HAR: which were turned away? -------------------------------------------------


def estimate_turned_away(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Return *calls* with `turned_away` and `synced` estimated from their timing.

    A call that is turned away takes a second, and arrives while another call runs.
    """
    overlaps: dict[str, bool] = {}
    for group in group_by_tenant(calls):
        pairs = (
            ((call, None) for call in group) if len(group) == 1 else _pair_with_overlapped(group)
        )
        overlaps |= {call.id: earlier is not None for call, earlier in pairs}
    return tuple(_with_estimate(call, overlaps.get(call.id)) for call in calls)


def _with_estimate(call: Call, overlaps: bool | None) -> Call:  # noqa: FBT001 - None is unknown
    if call.status != 204:
        return call
    is_slow = None if call.latency is None else call.latency >= BUSY_SECOND[0]
    confidence = _CONFIDENCES.get((is_slow, overlaps), Confidence.UNKNOWN)
    synced = call.accounts if confidence is None else ()
    return msgspec.structs.replace(call, turned_away_confidence=confidence, synced=synced)


# ---- rules -----------------------------------------------------------------------------------


def find_early_disconnects(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield calls whose client disconnected before a call that is turned away gets its answer."""
    for call in calls:
        if call.gave_up:
            after = "" if call.elapsed is None else f", after {call.elapsed:.2f} s"
            yield call, f"the client disconnected within a second{after}; {_PATIENCE}"


def find_tight_retries(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield calls less than a second after a call of the same tenant was turned away."""
    for group in group_by_tenant(calls):
        turned_away: list[tuple[float, int]] = []  # end time and index, in order of time
        for index, (at, call) in enumerate(_calls_with_times(group)):
            before = bisect_right(turned_away, (at + CLOCK_TOLERANCE, index)) - 1
            if before >= 0 and at - turned_away[before][0] < TURNED_AWAY_AFTER - CLOCK_TOLERANCE:
                ended_at, earlier = turned_away[before][0], group[turned_away[before][1]]
                gap = max(at - ended_at, 0.0)
                is_certain = earlier.turned_away_confidence is Confidence.CERTAIN
                turned_away_as = "turned away" if is_certain else "probably turned away"
                after = f"came {gap:.2f} s after {earlier.id} was {turned_away_as}"
                yield call, f"{after}; {_LATER}"
            if (call.turned_away_confidence or Confidence.LOW) > Confidence.LOW:
                insort(turned_away, (end_time(at, call), index))


def find_overlaps(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield calls that arrived before an earlier call of the same tenant was answered."""
    for group in group_by_tenant(calls):
        for call, earlier in _pair_with_overlapped(group):
            if earlier is not None:
                yield call, f"overlaps {earlier.id}; {_ONE_AT_A_TIME}"


def find_duplicates(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield calls that list an account more than once."""
    for call in calls:
        duplicates = [account for account, count in Counter(call.accounts).items() if count > 1]
        if duplicates:
            noun = "account" if len(duplicates) == 1 else "accounts"
            yield call, f"lists {noun} {list_numbers(duplicates)} more than once; {_ONCE}"


def find_losses(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield, for all lost accounts, the last call that asked for them.

    A call of an operation that is never turned away may cover accounts, but loses none.
    """
    for group in map(_in_order_of_arrival, group_by_tenant(calls)):
        accounts_by_loss: dict[tuple[int, Confidence], list[int]] = {}
        for lost in find_lost_accounts([attempt_of(call) for call in group]):
            accounts_by_loss.setdefault((lost.last_call, lost.confidence), []).append(lost.account)
        for (index, confidence), accounts in sorted(accounts_by_loss.items()):
            if confidence > Confidence.UNKNOWN:
                yield group[index], _describe_loss(confidence, sorted(accounts))


def _in_order_of_arrival(group: Sequence[Call]) -> Sequence[Call]:
    """Return *group*; without times, the calls that may have started a run count as the last."""
    if all(call.at is not None for call in group):
        return group
    return sorted(group, key=lambda call: not call.turned_away_confidence)


def attempt_of(call: Call) -> Attempt:
    """Return what *call* asked for, and what its run covers."""
    known = call.turned_away_confidence
    confidence = Confidence.CERTAIN if known is None else known
    accounts = call.accounts if call.operation in THROTTLED else ()
    return Attempt(accounts, call.status == 204, call.synced, confidence)


def _describe_loss(confidence: Confidence, accounts: Sequence[int]) -> str:
    noun, pronoun = ("account", "it") if len(accounts) == 1 else ("accounts", "them")
    loss = f"{_LOSSES[confidence]}; {_AGAIN}".format(pronoun)
    return f"{noun} {list_numbers(accounts)} {loss}"


# ---- times -----------------------------------------------------------------------------------


def _calls_with_times(group: Sequence[Call]) -> Iterator[tuple[float, Call]]:
    """Yield each call with its start time, or nothing if any call has no time."""
    if all(call.at is not None for call in group):
        yield from ((call.at or 0.0, call) for call in group)


def end_time(at: float, call: Call) -> float:
    """Return when the client got its answer or disconnected; *at* if that is unknown."""
    return at + (call.elapsed or 0.0)


def _pair_with_overlapped(group: Sequence[Call]) -> Iterator[tuple[Call, Call | None]]:
    """Yield each call with an earlier call that it overlaps. Rejected calls are left out."""
    last: tuple[float, Call] | None = None
    for at, call in _calls_with_times(group):
        if call.rejected:
            continue
        yield call, last[1] if last and last[0] > at + CLOCK_TOLERANCE else None
        if last is None or end_time(at, call) > last[0]:
            last = end_time(at, call), call
