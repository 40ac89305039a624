"""A tenant's clock as a value, and the events that a control call reports when it moves it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, Self

import msgspec

from superoffice_mock.core.sync_run import SECOND, Instant, SyncRun


class RealClock(msgspec.Struct, frozen=True):
    """Runs with the real clock, *offset* nanoseconds ahead of it."""

    offset: int = 0
    name: ClassVar = "real"

    def now(self, now_real: int) -> Instant:
        """Return the tenant's time at the real time *now_real*."""
        return now_real + self.offset  # type: ignore[return-value] # a call of Instant takes time

    def move_to(self, instant: Instant) -> Self:  # noqa: ARG002 - the same interface as StandingClock
        """Return the same clock: only real time moves it."""
        return self


class StandingClock(msgspec.Struct, frozen=True):
    """Stands at a moment until it is moved."""

    at: Instant

    def now(self, now_real: int) -> Instant:  # noqa: ARG002 - the same interface as RealClock
        """Return the time at which the clock stands."""
        return self.at

    def move_to(self, instant: Instant) -> Self:
        """Return a clock that stands at *instant*."""
        return type(self)(instant)


class FrozenClock(StandingClock, frozen=True):
    """Stands still until a control call advances it."""

    name: ClassVar = "freeze"


class JumpingClock(StandingClock, frozen=True):
    """Stands still while a call is being processed; then jumps to the next answer that is due."""

    name: ClassVar = "jump"


Clock = RealClock | FrozenClock | JumpingClock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_INSTANT: Final = Instant(
    (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) * 1000
)
"""The end of the year 9999: texts have no later time."""
LAST_SECOND: Final = LAST_INSTANT // SECOND


def make_clock(kind: type[Clock], instant: Instant, now_real: int) -> Clock:
    """Return a clock of *kind* that shows *instant* at the real time *now_real*."""
    return RealClock(instant - now_real) if issubclass(kind, RealClock) else kind(instant)


def check_instant(instant: Instant) -> None:
    """Raise ValueError if *instant* is after the year 9999."""
    if instant > LAST_INSTANT:
        msg = "no clock goes beyond the year 9999; POST /_mock/reset sets it to the present again"
        raise ValueError(msg)


def format_instant(instant: int) -> str:
    """Return *instant* as ISO 8601 in UTC, to the microsecond, at most the end of the year 9999."""
    at = _EPOCH + timedelta(microseconds=min(instant, LAST_INSTANT) // 1000)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def format_milliseconds(instant: int) -> str:
    """Return *instant* as ISO 8601 in UTC, to the millisecond, at most the end of the year 9999."""
    at = _EPOCH + timedelta(microseconds=min(instant, LAST_INSTANT) // 1000)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_seconds(duration: int | None) -> float | None:
    """Convert *duration* from nanoseconds to seconds."""
    return None if duration is None else duration / SECOND


class Event(msgspec.Struct, frozen=True):
    """One event on the tenant's clock; members that do not apply are None."""

    at: Instant
    event: str
    run: int | None = None
    request: int | None = None
    task: int | None = None
    outcome: str | None = None


def end_events(run: SyncRun, after: Instant, until: Instant) -> Iterator[Event]:
    """Yield, in order, the ends of the tasks of *run*, which is under way, and of the run.

    Only ends later than *after* and not later than *until* are included.
    """
    task_ends = sorted((task[-1].ends_at, n) for n, task in enumerate(run.tasks, 1))
    for at, number in task_ends:
        if after < at <= until:
            yield Event(at, "task-ended", run=run.id, task=number)
    if run.ends_at <= until:
        yield Event(run.ends_at, "run-ended", run=run.id)
