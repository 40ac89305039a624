"""What two calls, one after the other, show about the throttle by their times alone."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from superoffice_contract.grading.calls import BUSY_SECOND
from superoffice_contract.target.http import Response

FREE_SECONDS: Final = 0.5
"""Seconds within which a call that is not turned away is answered."""
NO_CALLS: Final = "its two calls were not sent, or not accepted"
TOO_LATE: Final = (
    "the second call was answered at once, so the run may have been over; if runs take longer,"
    " say how long with --run-seconds"
)
FIRST_WAS_BUSY: Final = "the first call took a second: another client's run may have been active"
TIMING_CLAIMS: Final = ("busy-second", "single-run", "silent-drop", "same-answer", "run-detached")
"""The claims that the two calls show, if the second came during the run of the first."""

ClaimDifference = tuple[str, str | None]
"""The id of a claim, and how the server differs from it; None: it agrees."""


def compare_calls(
    calls: Sequence[Response], baseline: Sequence[Response], run_remaining: float | None
) -> Iterator[ClaimDifference]:
    """Yield what *calls*, the first and the second, show; nothing if they are inconclusive.

    *baseline* are responses to requests that start no sync. *run_remaining* are the seconds that
    the run still had to go when the second call was sent; None: not known.
    """
    if why_inconclusive(calls, baseline, run_remaining) is not None:
        return
    first, second = calls
    baseline_seconds = _usual_seconds(baseline)
    if _is_slow(first, baseline_seconds) and not _is_busy_second(first, baseline_seconds):
        yield "run-detached", f"the call took {first.seconds:.2f} s: it seems to wait for its run"
        return
    yield "run-detached", None
    if _is_busy_second(second, baseline_seconds):
        yield from (("busy-second", None), ("single-run", None))
    else:
        yield "busy-second", f"a call during a run took {second.seconds:.2f} s, expected 1 s"
    difference = _find_difference(first, second, baseline)
    yield "same-answer", difference
    if difference is None:
        yield "silent-drop", None


def why_inconclusive(
    calls: Sequence[Response], baseline: Sequence[Response], run_remaining: float | None
) -> str | None:
    """Return why the two calls show nothing, or None if they do."""
    if len(calls) < 2 or any(call.status != 204 for call in calls):
        return NO_CALLS
    baseline_seconds = _usual_seconds(baseline)
    if _is_busy_second(calls[0], baseline_seconds):
        return FIRST_WAS_BUSY
    if (
        not _is_slow(calls[0], baseline_seconds)
        and not _is_slow(calls[1], baseline_seconds)
        and not (run_remaining and run_remaining > 0)
    ):
        return TOO_LATE
    return None


def _usual_seconds(responses: Sequence[Response]) -> float:
    return median(response.seconds for response in responses) if responses else 0.0


def _is_slow(response: Response, baseline_seconds: float) -> bool:
    return response.seconds >= FREE_SECONDS + baseline_seconds


def _is_busy_second(response: Response, baseline_seconds: float) -> bool:
    return BUSY_SECOND[0] <= response.seconds <= BUSY_SECOND[1] + baseline_seconds


def _find_difference(first: Response, second: Response, baseline: Sequence[Response]) -> str | None:
    """Return how the two differ, apart from headers that vary between any two responses."""
    if first.body != second.body:
        return "their bodies differ"
    if _stable_headers(first, baseline) != _stable_headers(second, baseline):
        return "their headers differ"
    return None


def _stable_headers(
    response: Response, baseline: Sequence[Response]
) -> list[tuple[str, str | None]]:
    names = sorted(response.header_names - {"date"})
    values = {name: {other.header(name) for other in baseline} - {None} for name in names}
    return [(name, response.header(name) if len(values[name]) < 2 else None) for name in names]
