"""The verdicts of those who wait, when something else than their moment decides."""

from msgspec.structs import replace

from superoffice_mock.core import lease
from superoffice_mock.core.lease import Ask, Delayed, Served, Started, TurnedAway, Verdict
from superoffice_mock.core.sync_run import Holder, Instant


def withdrawn(verdict: Verdict, now: Instant) -> Verdict:
    """Return what *verdict* comes to when its caller asks no more; one that is final stays."""
    if isinstance(verdict, Ask):
        return TurnedAway(verdict.holder, now)
    if isinstance(verdict, Delayed):
        return Served(now)
    return verdict


def at_once(verdict: Verdict, now: Instant) -> Verdict:
    """Return what *verdict* comes to when nobody may wait any longer than until *now*."""
    final = withdrawn(verdict, now)
    return final if final.answer_at <= now else replace(final, answer_at=now)


def released(verdict: Verdict, holder: Holder | None, now: Instant) -> Verdict:
    """Return *verdict*, answered now if its caller waits for a run that holds the lease no more."""
    if isinstance(verdict, Started) and verdict.answer_at > now and verdict.run is not holder:
        return replace(verdict, run=lease.cut_short(verdict.run, now), answer_at=now)
    return verdict
