"""Schedules of what happens around an app's calls: as values, as text and as a strategy."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from superoffice_contract.messages import suggest
from superoffice_mock.errors import SetupError, explain_missing_extra

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

KINDS: Final[Mapping[str, str]] = {
    "busy": "the run of another client takes the lease, if it is free",
    "end": "time passes until the run that has the lease ends",
    "pass": "{} seconds pass",
    "refuse": "the mock answers this call with 503",
    "deny": "the mock answers this call with 401, as if its credential had expired",
    "delay": "the mock holds this call for {} seconds before it processes it",
    "reset": "the connection is reset; the call does not count",
    "cut": "the connection is reset after the call has arrived; it counts, but its answer is lost",
}
"""The kinds of events with a description, in which {} is a number of seconds."""
CLOCK_KINDS: Final = frozenset({"pass", "end"})
TIMED_KINDS: Final = frozenset({"pass", "delay"})
SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 30.0)
"""Seconds to choose from, around the one of a busy server and the length of a usual run."""
MAX_EVENTS: Final = 6
LAST_CALL: Final = 8
"""The last call that an event of a generated schedule comes before."""


class ScheduledEvent(msgspec.Struct, frozen=True):
    """Something of a kind in `KINDS` that happens just *before* the call of this number arrives."""

    before: int
    kind: str
    seconds: float | None = None

    def __str__(self) -> str:
        seconds = () if self.seconds is None else (f"{self.seconds:g}",)
        return " ".join((f"{self.before}", self.kind, *seconds))

    def describe(self) -> str:
        """Return it as a readable sentence."""
        seconds = "" if self.seconds is None else f"{self.seconds:g}"
        return f"before call {self.before}: {KINDS[self.kind].format(seconds)}"


Schedule = tuple[ScheduledEvent, ...]


def format_schedule(schedule: Schedule) -> str:
    """Return *schedule* as text that `parse_schedule` reads: `2 pass 1.5, 3 busy`."""
    return ", ".join(map(str, schedule)) or "nothing"


def parse_schedule(text: str) -> Schedule:
    """Return the schedule in *text*. Raise SetupError that says how to write one."""
    if text.strip() == "nothing":
        return ()
    return tuple(_parse_event(part.split(), text) for part in text.split(","))


def schedules(kinds: Sequence[str] = tuple(KINDS)) -> "SearchStrategy[Schedule]":
    """Return a Hypothesis strategy of schedules made of *kinds*; the simplest is the empty one."""
    for kind in kinds:
        _check_kind(kind, f"kinds={list(kinds)}")
    if not kinds:
        raise SetupError(f"kinds=[]: nothing could happen; there are {', '.join(KINDS)}")
    with explain_missing_extra("explore", "explore"):
        from hypothesis import strategies
    event = strategies.sampled_from(kinds).flatmap(
        lambda kind: strategies.builds(
            ScheduledEvent,
            strategies.integers(1, LAST_CALL),
            strategies.just(kind),
            strategies.sampled_from(SECONDS) if kind in TIMED_KINDS else strategies.none(),
        )
    )
    return strategies.lists(event, max_size=MAX_EVENTS).map(
        lambda events: tuple(sorted(events, key=lambda event: event.before))
    )


def _parse_event(words: Sequence[str], text: str) -> ScheduledEvent:
    before, kind, *rest = (*words, "", "")[: max(len(words), 2)]
    _check_kind(kind, f"replay={text!r}")
    try:
        is_timed = kind in TIMED_KINDS
        seconds = float(rest[0]) if is_timed else None
        number = int(before)
        if number < 1 or len(rest) != is_timed or not 0 <= (seconds or 0) <= 1_000_000:
            raise ValueError
    except (ValueError, IndexError):
        raise SetupError(
            f"replay={text!r}: expected the number of a call and a kind, with seconds for "
            f"{' and '.join(sorted(TIMED_KINDS))}, such as '2 busy, 3 pass 1.5'"
        ) from None
    return ScheduledEvent(number, kind, seconds)


def _check_kind(kind: str, where: str) -> None:
    if kind not in KINDS:
        hint = suggest(kind, KINDS, f"there are {', '.join(KINDS)}")
        raise SetupError(f"{where}: there is no kind {kind!r}; {hint}")
