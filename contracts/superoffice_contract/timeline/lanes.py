"""Where the calls of a timeline stand in its picture: lanes for callers, with rows in them."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from superoffice_contract.timeline.model import Timeline, TimelineCall

MAX_LANES: Final = 30
"""The most callers with a lane of their own; the others share the last one."""
MAX_ROWS: Final = 12
"""The most rows of a lane; calls beyond overlap those in the last row."""
MAX_GROUP: Final = 20
"""How many times longer than the gap between two calls a group of them may be."""
CROSS: Final = 7
"""What the cross behind a call that was turned away takes, in gaps between two calls."""
OTHERS: Final = "other callers"
KINDS: Final = {
    "started": "started a run",
    "served": "answered, without a run",
    "turned_away": "turned away: 204, and nothing was done",
    "rejected": "refused",
    "faulted": "ended by a fault",
    "pending": "not answered yet",
    "unknown": "outcome unknown",
    "crashed": "the mock crashed",
}
"""The kinds of calls, as the legend explains them."""


class Bar(msgspec.Struct, frozen=True):
    """Calls of one kind that stand together from *start* to *end*, in seconds since 1970."""

    calls: Sequence[TimelineCall]
    start: float
    end: float
    row: int


class Lane(msgspec.Struct, frozen=True):
    """The calls of one caller, in *rows* so that none hides another."""

    caller: str
    bars: Sequence[Bar]
    rows: int


def kind_of(call: TimelineCall) -> str:
    """Return what *call* is drawn as: its outcome; of a replayed one, that of the recorded one."""
    kind = call.became or call.outcome
    return kind if kind in KINDS else "unknown"


def time_span(timeline: Timeline) -> tuple[float, float]:
    """Return the first and the last moment of *timeline*, which differ."""
    starts = [call.at for call in timeline.calls] + [run.started_at for run in timeline.runs]
    starts += [hold.since for hold in timeline.holds]
    start = min(starts, default=timeline.now or 0.0)
    ends = [call.at if call.answered_at is None else call.answered_at for call in timeline.calls]
    ends += [run.ends_at if run.latest_end is None else run.latest_end for run in timeline.runs]
    ends += [hold.until or hold.since for hold in timeline.holds]
    is_open = any(call.answered_at is None for call in timeline.calls)
    if timeline.now is not None and (is_open or any(hold.until is None for hold in timeline.holds)):
        ends.append(timeline.now)
    return start, max([*ends, start + 0.1])


def arrange(timeline: Timeline, end: float, seconds_apart: float, most: int) -> Sequence[Lane]:
    """Return the lanes of *timeline*, whose picture ends at *end*, with about *most* bars.

    Each call has a bar of its own if there is room; else calls of one kind that begin less than
    *seconds_apart* one after the other stand together, or those within a longer time.
    """
    lane_count, gap = MAX_LANES, 0.0
    while True:
        lanes = [*_arrange(timeline, end, gap, seconds_apart, lane_count)]
        rows = max((lane.rows for lane in lanes), default=0)
        if sum(len(lane.bars) for lane in lanes) <= most and (gap or rows < MAX_ROWS):
            return lanes
        gap = gap * 2 or seconds_apart
        if gap > end - time_span(timeline)[0]:
            if lane_count == 1:
                return lanes
            lane_count //= 2


def _arrange(
    timeline: Timeline, end: float, gap: float, seconds_apart: float, lane_count: int
) -> Iterator[Lane]:
    callers = dict.fromkeys(call.caller for call in timeline.calls)
    named = [*callers][: lane_count if len(callers) <= lane_count else lane_count - 1]
    by_lane: dict[str, list[TimelineCall]] = {caller: [] for caller in named}
    for call in timeline.calls:
        by_lane.setdefault(call.caller if call.caller in by_lane else OTHERS, []).append(call)
    for caller, calls in by_lane.items():
        bars = [*_place(_group(calls, end, gap), seconds_apart)]
        yield Lane(caller, bars, max(bar.row for bar in bars) + 1)


def _group(calls: Sequence[TimelineCall], end: float, seconds_apart: float) -> list[Bar]:
    bars: list[Bar] = []
    last_of_kind: dict[object, int] = {}
    for call in calls:
        answered_at = end if call.answered_at is None else call.answered_at
        key = (call.outcome == "replayed", kind_of(call), call.confidence is None)
        index = last_of_kind.get(key)
        if index is not None and _is_close(bars[index], call, seconds_apart):
            bar = bars[index]
            bars[index] = Bar([*bar.calls, call], bar.start, max(bar.end, answered_at), 0)
        else:
            last_of_kind[key] = len(bars)
            bars.append(Bar([call], call.at, answered_at, 0))
    return bars


def _is_close(bar: Bar, call: TimelineCall, seconds_apart: float) -> bool:
    """Return whether *call* may stand with the calls of *bar*."""
    is_near = call.at - bar.calls[-1].at < seconds_apart
    return is_near and call.at - bar.start < MAX_GROUP * seconds_apart


def _place(bars: Sequence[Bar], seconds_apart: float) -> Iterator[Bar]:
    """Give each of *bars* the first row that is free."""
    free_at: list[float] = []
    for bar in bars:
        row = next((row for row, free in enumerate(free_at) if free <= bar.start), len(free_at))
        row = min(row, MAX_ROWS - 1)
        end = max(bar.end, bar.start + 3 * seconds_apart)
        if kind_of(bar.calls[0]) == "turned_away":
            end += CROSS * seconds_apart
        if row == len(free_at):
            free_at.append(end)
        else:
            free_at[row] = max(free_at[row], end)
        yield msgspec.structs.replace(bar, row=row)
