"""What two calls, one after the other, show of the throttle by their times alone."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from superoffice_contract.target.http import Response

BUSY_SECOND: Final = (0.95, 2.0)
"""How long a turned-away caller may wait on the wire; a network takes its time, too."""
FREE: Final = 0.5
"""Seconds within which a call that is not turned away is answered."""
NO_CALLS: Final = "its two calls were not sent, or not let in"
TOO_LATE: Final = (
    "the second call was answered at once: the run may have been over; if runs take longer than"
    " that there, tell how long with --run-seconds"
)
SOMEBODY: Final = "the first call took a second itself: somebody else's run may have been under way"
TIMED: Final = ("busy-second", "single-run", "silent-drop", "same-answer", "run-detached")
"""The claims that this shows, if the second call came during the run of the first."""

Told = tuple[str, str | None]
"""A claim, and how it differs, or None."""


def timed(
    calls: Sequence[Response], others: Sequence[Response], begun: float | None
) -> Iterator[Told]:
    """Yield what *calls*, the first and the second, show; nothing where that can't be told.

    *others* are answers without a sync. *begun*: seconds that the first one's run was to go on
    after the second one was sent, None where nobody knows.
    """
    if unclear(calls, others, begun) is not None:
        return
    first, second = calls
    if second.status != first.status:
        told = f"the first call was answered {first.status}, the same again {second.status}"
        yield from (("same-answer", told), ("silent-drop", told))
        return
    usual = _usual(others)
    if _slow(first, usual) and not _second(first, usual):
        yield "run-detached", f"the call took {first.seconds:.2f} s: it seems to wait for its run"
        return
    yield "run-detached", None
    took = f"a call during a run took {second.seconds:.2f} s, expected 1 s"
    wrong = None if _second(second, usual) else took
    yield "busy-second", wrong
    yield "single-run", wrong
    differs = _differing(first, second, others)
    yield "same-answer", differs
    yield "silent-drop", differs


def unclear(
    calls: Sequence[Response], others: Sequence[Response], begun: float | None
) -> str | None:
    """Return why the two calls show nothing, or None."""
    if len(calls) < 2 or any(one.status != 204 for one in calls[:1]):
        return NO_CALLS
    usual = _usual(others)
    if calls[1].status != calls[0].status:
        return None
    if _second(calls[0], usual):
        return SOMEBODY
    if not _slow(calls[0], usual) and not _slow(calls[1], usual) and not (begun and begun > 0):
        return TOO_LATE
    return None


def _usual(others: Sequence[Response]) -> float:
    return median(one.seconds for one in others) if others else 0.0


def _slow(seen: Response, usual: float) -> bool:
    return seen.seconds >= FREE + usual


def _second(seen: Response, usual: float) -> bool:
    return BUSY_SECOND[0] <= seen.seconds <= BUSY_SECOND[1] + usual


def _differing(first: Response, second: Response, others: Sequence[Response]) -> str | None:
    """Return in what the two differ; headers that differ from answer to answer tell nothing."""
    if first.body != second.body:
        return "their bodies differ"
    if _lasting(first, others) != _lasting(second, others):
        return "their headers differ"
    return None


def _lasting(seen: Response, others: Sequence[Response]) -> list[tuple[str, str | None]]:
    names = sorted(seen.names - {"date"})
    values = {name: {one.header(name) for one in others} - {None} for name in names}
    return [(name, seen.header(name) if len(values[name]) < 2 else None) for name in names]
