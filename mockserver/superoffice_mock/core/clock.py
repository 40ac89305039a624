"""A tenant's clock as a value: the tenant's time as a function of the real time."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

import msgspec

from superoffice_mock.core.sync_run import SECOND, Instant


class RealClock(msgspec.Struct, frozen=True):
    """Runs with the real clock, *offset* nanoseconds ahead of it."""

    offset: int = 0
    name: ClassVar = "real"

    def now(self, now_real: int) -> Instant:
        """Return the tenant's time at the real time *now_real*."""
        return Instant(now_real + self.offset)

    def move_to(self, instant: Instant) -> "RealClock":  # noqa: ARG002 - the same interface as FrozenClock
        """Return the same clock: only real time moves it."""
        return self


class FrozenClock(msgspec.Struct, frozen=True):
    """Stands still until a control call advances it."""

    at: Instant
    name: ClassVar = "freeze"

    def now(self, now_real: int) -> Instant:  # noqa: ARG002 - the same interface as RealClock
        """Return the time at which the clock stands."""
        return self.at

    def move_to(self, instant: Instant) -> "FrozenClock":
        """Return a clock that stands at *instant*."""
        return FrozenClock(instant)


class JumpingClock(msgspec.Struct, frozen=True):
    """Stands still while a call is being processed; then jumps to the next answer that is due."""

    at: Instant
    name: ClassVar = "jump"

    def now(self, now_real: int) -> Instant:  # noqa: ARG002 - the same interface as RealClock
        """Return the time at which the clock stands."""
        return self.at

    def move_to(self, instant: Instant) -> "JumpingClock":
        """Return a clock that stands at *instant*."""
        return JumpingClock(instant)


Clock = RealClock | FrozenClock | JumpingClock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MICROSECOND: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def resume(clock: Clock, now_real: int) -> RealClock:
    """Return a real clock that continues from the time of *clock*."""
    return RealClock(offset=clock.now(now_real) - now_real)


def freeze(clock: Clock, now_real: int) -> FrozenClock:
    """Return a frozen clock that stands at the time of *clock*."""
    return FrozenClock(clock.now(now_real))


def jump(clock: Clock, now_real: int) -> JumpingClock:
    """Return a jumping clock that stands at the time of *clock*."""
    return JumpingClock(clock.now(now_real))


def format_instant(instant: int) -> str:
    """Return *instant* as ISO 8601 in UTC, to the microsecond, at most the end of the year 9999."""
    at = _EPOCH + timedelta(microseconds=min(instant // 1000, _LAST_MICROSECOND))
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_seconds(duration: int | None) -> float | None:
    """Convert *duration* from nanoseconds to seconds."""
    return None if duration is None else duration / SECOND
