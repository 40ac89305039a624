"""The behaviour of a client over time: patience, retries, overlap, and the work it lost."""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

import msgspec

from superoffice_contract.grading.calls import Call, Confidence
from superoffice_contract.messages import list_numbers

A_SECOND: Final = 1.0  # claim busy-second
ABOUT_A_SECOND: Final = 0.95
"""From here on a 204 took as long as that of a call that is turned away."""
BLUR: Final = 0.003
"""How far apart two times may be that are the same moment: browsers round starts to 0.001 s."""

Told = tuple[Call, str]
"""A call and what is to be said of it."""


class LostAccounts(msgspec.Struct, frozen=True):
    """Accounts of one tenant that no run covers, the last call that asked for them, how sure."""

    asked: Call
    accounts: tuple[int, ...]
    confidence: Confidence


def by_tenant(calls: Iterable[Call]) -> Iterator[tuple[Call, ...]]:
    """Yield the calls of each tenant, in their order."""
    ordered = sorted(calls, key=lambda one: one.tenant)
    return (tuple(group) for _, group in groupby(ordered, key=lambda one: one.tenant))


# ---- what a HAR does not say -----------------------------------------------------------------


def suspected(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Return *calls* with how likely each was turned away; the others synced what they asked for.

    A call that is turned away answers after a second, and comes while another runs.
    """
    overlapped = {
        one.id
        for group in by_tenant(calls)
        for one, earlier in _with_overlapped(group)
        if earlier is not None
    }
    return tuple(_suspect(one, _suspicion(one, overlapped=one.id in overlapped)) for one in calls)


def _suspicion(call: Call, *, overlapped: bool) -> Confidence | None:
    if call.status != 204:
        return None
    slow = call.latency is not None and call.latency >= ABOUT_A_SECOND
    return _SUSPICIONS.get((slow, overlapped))


_SUSPICIONS: Final[Mapping[tuple[bool, bool], Confidence]] = {
    (True, True): Confidence.HIGH,
    (True, False): Confidence.MEDIUM,
    (False, True): Confidence.LOW,
}
"""By whether the 204 took a second, and whether it came during an earlier call."""


def _suspect(call: Call, turned_away: Confidence | None) -> Call:
    started = call.status == 204 and turned_away is None
    return msgspec.structs.replace(
        call, turned_away=turned_away, synced=call.accounts if started else ()
    )


# ---- the rules -------------------------------------------------------------------------------

_PATIENCE: Final = "one that is turned away takes that long to answer: wait longer, such as 30 s"
_LATER: Final = "wait until the run under way must have ended before you ask again"
_ONE_AT_A_TIME: Final = (
    "only one call of a tenant runs: send one at a time, with all accounts in it"
)
_ONCE: Final = "each time is a sync of its own: list every account once"
_AGAIN: Final = "send them again when the run under way must have ended"


def gave_up(calls: Sequence[Call]) -> Iterator[Told]:
    """Yield callers that left before a call that is turned away could answer."""
    for one in calls:
        if one.gave_up:
            after = "" if one.elapsed is None else f", after {one.elapsed:.2f} s"
            yield one, f"the caller gave up within a second{after}; {_PATIENCE}"


def tight_retries(calls: Sequence[Call]) -> Iterator[Told]:
    """Yield calls that came less than a second after one of the same tenant was turned away."""
    for group in by_tenant(calls):
        answered: list[tuple[float, int]] = []
        for index, (at, one) in enumerate(_timed(group)):
            before = bisect_right(answered, (at + BLUR, index)) - 1
            if before >= 0 and at - answered[before][0] < A_SECOND - BLUR:
                ended, away = answered[before][0], group[answered[before][1]]
                gap = max(at - ended, 0.0)
                after = f"came {gap:.2f} s after {away.id} was {_turned_away(away)}"
                yield one, f"{after}; {_LATER}"
            if (one.turned_away or Confidence.LOW) > Confidence.LOW:
                insort(answered, (_end(at, one), index))


def _turned_away(call: Call) -> str:
    return "turned away" if call.turned_away is Confidence.CERTAIN else "probably turned away"


def overlaps(calls: Sequence[Call]) -> Iterator[Told]:
    """Yield calls that came while an earlier one of the same tenant was not answered yet."""
    for group in by_tenant(calls):
        for one, earlier in _with_overlapped(group):
            if earlier is not None:
                yield one, f"overlaps {earlier.id}; {_ONE_AT_A_TIME}"


def duplicates(calls: Sequence[Call]) -> Iterator[Told]:
    """Yield calls that list an account more than once."""
    for one in calls:
        twice = [account for account, count in Counter(one.accounts).items() if count > 1]
        if twice:
            yield one, f"lists account {list_numbers(twice)} more than once; {_ONCE}"


def lost_accounts(calls: Sequence[Call]) -> tuple[LostAccounts, ...]:
    """Return the accounts in calls answered 204 that no run of those or of later calls covers."""
    return tuple(lost for group in by_tenant(calls) for lost in _lost(group))


def _lost(group: Sequence[Call]) -> Iterator[LostAccounts]:
    covered: set[int] = set()
    asked: dict[int, tuple[int, Confidence]] = {}
    for index in reversed(range(len(group))):
        one = group[index]
        covered.update(one.synced)
        if one.status == 204:
            sure = one.turned_away or Confidence.CERTAIN
            for account in set(one.accounts) - covered:
                last, so_far = asked.get(account, (index, sure))
                # One call that was let in after all would have covered it.
                asked[account] = last, min(so_far, sure)
    alike: dict[tuple[int, Confidence], list[int]] = {}
    for account, last_and_sure in asked.items():
        alike.setdefault(last_and_sure, []).append(account)
    for (index, sure), accounts in sorted(alike.items()):
        yield LostAccounts(group[index], tuple(sorted(accounts)), sure)


def losses(calls: Sequence[Call]) -> Iterator[Told]:
    """Yield the last calls that asked for accounts which are lost."""
    for lost in lost_accounts(calls):
        yield (
            lost.asked,
            f"account {list_numbers(lost.accounts)} {_LOST[lost.confidence]}; {_AGAIN}",
        )


_LOST: Final[Mapping[Confidence, str]] = {
    Confidence.CERTAIN: "lost: answered 204, and no run of this or a later call covers them",
    Confidence.HIGH: "possibly lost (high confidence: the 204 took a second, during another call)",
    Confidence.MEDIUM: "possibly lost (medium confidence: the 204 took about a second)",
    Confidence.LOW: "possibly lost (low confidence: the 204 came quickly, but during another call)",
}


# ---- in time ---------------------------------------------------------------------------------


def _timed(group: Sequence[Call]) -> Iterator[tuple[float, Call]]:
    """Yield the calls with the moments they came; none of them if one has no time."""
    if all(one.at is not None for one in group):
        yield from ((one.at or 0.0, one) for one in group)


def _end(at: float, one: Call) -> float:
    """Return when the caller had its answer or left; at once, if nobody knows."""
    return at + (one.elapsed or 0.0)


def _with_overlapped(group: Sequence[Call]) -> Iterator[tuple[Call, Call | None]]:
    """Yield each call with one that it overlapped. What was refused took no lease."""
    last: tuple[float, Call] | None = None
    for at, one in _timed(group):
        if one.refused:
            continue
        yield one, last[1] if last and last[0] > at + BLUR else None
        if last is None or _end(at, one) > last[0]:
            last = _end(at, one), one
