"""A tenant's clock as a value: what time it is, given what the real clock says."""

from typing import ClassVar

import msgspec

from superoffice_mock.core.sync_run import Instant


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
