"""A tenant's clock as a value: what time it is, given what the real clock says."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import msgspec

from superoffice_mock.core.sync_run import SECOND, Instant


class RealClock(msgspec.Struct, frozen=True):
    """Runs with the real clock, *ahead* nanoseconds before it."""

    ahead: int = 0
    name: ClassVar = "real"

    def now(self, real: int) -> Instant:
        """Return the tenant's moment at the *real* one."""
        return Instant(real + self.ahead)

    def moved(self, to: Instant) -> "RealClock":  # noqa: ARG002 - the same shape as FrozenClock
        """Return the same clock: nobody moves it but time."""
        return self


class FrozenClock(msgspec.Struct, frozen=True):
    """Stands still until somebody advances it."""

    at: Instant
    name: ClassVar = "freeze"

    def now(self, real: int) -> Instant:  # noqa: ARG002 - the same shape as RealClock
        """Return the moment it stands at."""
        return self.at

    def moved(self, to: Instant) -> "FrozenClock":
        """Return the clock as it stands at *to*."""
        return FrozenClock(to)


class JumpingClock(msgspec.Struct, frozen=True):
    """Stands still, and jumps to the next moment anyone waits for once all calls wait."""

    at: Instant
    name: ClassVar = "jump"

    def now(self, real: int) -> Instant:  # noqa: ARG002 - the same shape as RealClock
        """Return the moment it stands at."""
        return self.at

    def moved(self, to: Instant) -> "JumpingClock":
        """Return the clock as it stands at *to*."""
        return JumpingClock(to)


Clock = RealClock | FrozenClock | JumpingClock


def real(clock: Clock, now_real: int) -> RealClock:
    """Let *clock* run on from where it stands."""
    return RealClock(ahead=clock.now(now_real) - now_real)


def freeze(clock: Clock, now_real: int) -> FrozenClock:
    """Stop *clock* where it stands."""
    return FrozenClock(clock.now(now_real))


def jump(clock: Clock, now_real: int) -> JumpingClock:
    """Stop *clock* where it stands; it moves by jumps from now on."""
    return JumpingClock(clock.now(now_real))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_LAST_MICROSECOND = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def format_instant(instant: int) -> str:
    """Return *instant* as ISO 8601 in UTC, to the microsecond; the year 9999 is the last."""
    at = _EPOCH + timedelta(microseconds=min(instant // 1000, _LAST_MICROSECOND))
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_seconds(duration: int | None) -> float | None:
    """Return *duration* in seconds."""
    return None if duration is None else duration / SECOND
