"""What came of the calls of a timeline, in a sentence, and when asking again would have worked."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from superoffice_contract.operations.registry import SYNCS
from superoffice_contract.timeline.model import TimelineCall
from superoffice_contract.verdict.timeline import format_accounts

MAX_ADVICE: Final = 30
"""The calls that did nothing of which a timeline tells more than their number."""
TURNED_AWAY: Final = "turned_away"
_KINDS: Final = {
    "rejected": "refused",
    "faulted": "ended by a fault",
    "crashed": "lost in a crash of the mock",
    "unknown": "of an unknown outcome",
    "pending": "not answered yet",
}
"""The outcomes, beside `turned_away`, of calls that did not do what they asked for."""


def became(call: TimelineCall) -> str:
    """Return the outcome of *call*; of a replayed call, that of the recorded one."""
    return call.became or call.outcome


def write_headline(calls: Sequence[TimelineCall], lost: Collection[int]) -> str:
    """Return in a sentence what came of *calls*, all of a tenant, of which *lost* is left."""
    if not calls:
        return "no call has arrived"
    syncs = [call for call in calls if call.operation in SYNCS]
    if not syncs:
        return f"{_count(len(calls))}, and none of them syncs accounts"
    idle = [call for call in syncs if became(call) == TURNED_AWAY]
    is_guess = any(call.confidence is not None for call in idle)
    probably = "probably " if is_guess else ""
    parts = [f"{len(idle)} of {_count(len(syncs))} {probably}did nothing"] if idle else []
    if lost:
        were = "was" if len(lost) == 1 else "were"
        parts.append(f"{format_accounts(sorted(lost))} {were} {probably}never synced")
    elif idle:
        parts.append("every account was synced by another call")
    for outcome, words in _KINDS.items():
        number = sum(1 for call in syncs if became(call) == outcome)
        if number:
            of = "" if parts else f" of {_count(len(syncs))}"
            parts.append(f"{number}{of} {'was' if number == 1 else 'were'} {words}")
    if parts:
        return "; ".join(parts)
    number = len(syncs)
    return (
        "the call did what it asked for"
        if number == 1
        else f"all {number} calls did what they asked for"
    )


def _count(number: int) -> str:
    return f"{number} call{'' if number == 1 else 's'}"


def write_advice(calls: Sequence[TimelineCall]) -> tuple[str, ...]:
    """Return when asking again would have worked, for each of *calls* that did nothing."""
    idle = [call for call in calls if became(call) == TURNED_AWAY]
    omitted = len(idle) - MAX_ADVICE
    more = [f"and {omitted} more calls that did nothing"] if omitted > 0 else []
    return (*(_advise(call) for call in idle[:MAX_ADVICE]), *more)


def _advise(call: TimelineCall) -> str:
    number = f"#{call.id}" if call.id.isdecimal() else call.id
    about = f" ({format_accounts(call.accounts)})" if call.accounts else ""
    where = f"{number} at {format_moment(call.at)}{about}"
    if call.retry_at is None:
        until = "the hold by hand was released" if call.holder == "hand" else "the run had ended"
        return f"{where}: asking again would have worked once {until}"
    return (
        f"{where}: asking again from {format_moment(call.retry_at)} on would have worked, "
        f"when {call.holder or 'the run'} had ended"
    )


def format_moment(seconds: float) -> str:
    """Return a moment, in seconds since 1970, as the time of day in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S.%f}"[:-3]
