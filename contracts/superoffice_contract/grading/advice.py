"""Advice for clients that sync and look later: what `grade` notes, and never counts as a failure.

What is not on record is not judged: other answers, their bodies, members that `$select` leaves out.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from superoffice_contract.grading.behaviour import (
    CLOCK_TOLERANCE,
    CallProblem,
    end_time,
    group_by_tenant,
)
from superoffice_contract.grading.calls import TURNED_AWAY_AFTER, Call
from superoffice_contract.messages import list_numbers
from superoffice_contract.operations.registry import SYNCS, THROTTLED
from superoffice_contract.operations.sync_state import LOOKS, POLLED, READY, Fetch

MIN_POLL_SECONDS: Final = 1.0
POLLS_IN_A_ROW: Final = 3
"""How often the same is asked before it counts as polling: twice may be a look before and after."""
_DUE: Final = "sync only what it lists, so that mail servers are not asked in vain"
_SLOWER: Final = "wait a second or more between two looks"
_LOOK: Final = "a 204 does not show whether a run was started: look at LastFetch when it has ended"
_AGAIN: Final = "the sync may have been turned away: look until it advances, or send {0} again"


def find_not_due(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield the syncs of accounts that the last list of due accounts before them did not have."""
    for group in _group_by_client(calls):
        for index, call in enumerate(group):
            if not is_sync(call):
                continue
            lists = (
                earlier
                for earlier in reversed(group[:index])
                if earlier.operation == READY
                and not earlier.rejected
                and _is_answered_before(earlier, call)
            )
            last = next(lists, None)
            if last is None or last.due is None:
                continue
            extra = sorted(set(call.accounts) - set(last.due))
            if extra:
                verb = "was" if len(extra) == 1 else "were"
                yield call, f"{_name(extra)} {verb} not due, says {last.id}; {_DUE}"


def find_fast_polling(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield the calls that ask the same for the third time in a row, each within a second.

    Another call than a look begins anew. A mock's clock shows no time that passes: an answer that
    took none is not judged.
    """
    for group in _group_by_client([call for call in calls if call.client is not None]):
        streaks: dict[object, list[Call]] = {}
        for call in group:
            if call.operation not in POLLED:
                if call.operation not in LOOKS:
                    streaks.clear()
                continue
            streak = streaks.setdefault(call.question, [])
            gap = _poll_gap(streak[-1], call) if streak else None
            if gap is None or gap >= MIN_POLL_SECONDS - CLOCK_TOLERANCE:
                streak.clear()
            streak.append(call)
            if len(streak) == POLLS_IN_A_ROW:
                again = f"asks the same {gap:.2f} s after {streak[-2].id}, which did as well"
                yield call, f"{again}; {_SLOWER}"


def _poll_gap(earlier: Call, call: Call) -> float | None:
    """Return the seconds between two looks of which the client saw the first; None if unknown."""
    is_real = all(look.status == 200 and look.elapsed for look in (earlier, call))
    if not is_real or earlier.at is None or call.at is None:
        return None
    return call.at - earlier.at if _is_answered_before(earlier, call) else None


def find_syncs_without_look(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield the last sync of each tenant after which no call looks at LastFetch."""
    for group in group_by_tenant(calls):
        for call in reversed(group):
            if call.operation in LOOKS and not call.rejected:
                break
            if is_sync(call):
                yield call, f"no later call looks at LastFetch; {_LOOK}"
                break


def find_forgotten_accounts(calls: Sequence[Call]) -> Iterator[CallProblem]:
    """Yield the last syncs of accounts whose LastFetch had not advanced at the last look.

    That look is a second or more after the sync. An account whose error count has changed was
    synced in vain, and is left out.
    """
    for group in group_by_tenant(calls):
        last_syncs = {
            account: (index, call)
            for index, call in enumerate(group)
            if call.operation in SYNCS and call.status == 204
            for account in call.accounts
        }
        in_order = sorted(last_syncs.items(), key=lambda item: item[1][0])
        for (index, call), items in groupby(in_order, key=lambda item: item[1]):
            accounts = [
                account for account, _ in items if _is_forgotten(account, call, index, group)
            ]
            if accounts and is_sync(call):
                pronoun = "it" if len(accounts) == 1 else "them"
                what = f"LastFetch of {_name(accounts)} did not advance until the last look"
                yield call, f"{what}; {_AGAIN.format(pronoun)}"


def _is_forgotten(account: int, sync: Call, index: int, group: Sequence[Call]) -> bool:
    before = [call for call in group[:index] if _is_answered_before(call, sync)]
    after = [call for call in group[index + 1 :] if _is_long_after(sync, call)]
    first, last = _last_fetch(account, before), _last_fetch(account, after)
    return first is not None and first == last


def _last_fetch(account: int, calls: Sequence[Call]) -> Fetch | None:
    known = (call.fetch for call in reversed(calls) if call.fetch is not None)
    return next((fetch for fetch in known if fetch.account == account), None)


# ---- calls, in order -------------------------------------------------------------------------


def _group_by_client(calls: Iterable[Call]) -> Iterator[Sequence[Call]]:
    """Yield the calls of each client of each tenant, in their order."""
    for group in group_by_tenant(calls):
        by_client: dict[str, list[Call]] = {}
        for call in group:
            by_client.setdefault(repr(call.client), []).append(call)
        yield from by_client.values()


def is_sync(call: Call) -> bool:
    """Return whether *call* asks for a sync that may have been turned away."""
    return call.operation in THROTTLED and call.status == 204 and bool(call.accounts)


def _is_answered_before(earlier: Call, call: Call) -> bool:
    """Return whether the client had the answer to *earlier*; without times it stands before."""
    if earlier.at is None or call.at is None:
        return True
    return end_time(earlier.at, earlier) <= call.at + CLOCK_TOLERANCE


def _is_long_after(sync: Call, call: Call) -> bool:
    if sync.at is None or call.at is None:
        return False
    return call.at >= end_time(sync.at, sync) + TURNED_AWAY_AFTER


def _name(accounts: Sequence[int]) -> str:
    return f"account{'' if len(accounts) == 1 else 's'} {list_numbers(accounts)}"
