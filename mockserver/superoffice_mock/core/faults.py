"""Faults: answers and breakages that somebody armed, and which calls they strike.

Nothing here is left to chance: a fault counts the calls it sees, and what looks random is a
function of its seed and that count.
"""

from collections.abc import Iterable
from hashlib import blake2b, shake_256
from typing import Final, NewType

import msgspec

from superoffice_mock.core.sync_run import Duration

FaultId = NewType("FaultId", int)

GARBAGE: Final = 512
"""Bytes that a fault of random data sends."""
_WHOLE: Final = 1 << 64


class Refusal(msgspec.Struct, frozen=True):
    """Answers *status* in the vendor's envelope; *message* replaces the one of the status."""

    status: int
    message: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Expiry(msgspec.Struct, frozen=True):
    """Answers as if the caller's credential had expired."""


class Delay(msgspec.Struct, frozen=True):
    """Keeps the call from arriving for so long on the tenant's clock."""

    by: Duration


class Breakage(msgspec.Struct, frozen=True):
    """Breaks the connection in the way called *kind*; *seed* is for random data."""

    kind: str
    seed: int = 0


Effect = Refusal | Expiry | Delay | Breakage


class Each(msgspec.Struct, frozen=True):
    """Picks every call."""

    def picks(self, _: int) -> bool:
        """Pick it."""
        return True


class Every(msgspec.Struct, frozen=True):
    """Picks every *nth* call."""

    nth: int

    def picks(self, number: int) -> bool:
        """Tell whether the call of this *number*, from 1, is one of them."""
        return number % self.nth == 0


class Chance(msgspec.Struct, frozen=True):
    """Picks calls with a *probability*, always the same ones for a *seed*."""

    probability: float
    seed: int = 0

    def picks(self, number: int) -> bool:
        """Tell whether the call of this *number*, from 1, is one of them."""
        digest = blake2b(f"{self.seed}:{number}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) < self.probability * _WHOLE


Rule = Each | Every | Chance


class Fault(msgspec.Struct, frozen=True):
    """What happens to which calls, and how often it did.

    *operation* None: any. *times* None: until it is cleared. *seen* counts the calls that it could
    have struck, *fired* those that it did.
    """

    effect: Effect
    rule: Rule = Each()
    operation: str | None = None
    times: int | None = 1
    id: FaultId = FaultId(0)
    seen: int = 0
    fired: int = 0

    @property
    def armed(self) -> bool:
        """Whether it can still strike."""
        return self.times is None or self.fired < self.times

    @property
    def answers(self) -> bool:
        """Whether it ends the call: a delay does not."""
        return not isinstance(self.effect, Delay)

    def shown(self, operation: str) -> "Fault":
        """Return the fault after it saw a call of *operation*, whoever strikes that."""
        if not self.armed or self.operation not in (None, operation):
            return self
        return msgspec.structs.replace(self, seen=self.seen + 1)

    def fire(self) -> "Fault":
        """Return the fault after it struck."""
        return msgspec.structs.replace(self, fired=self.fired + 1)


class Faults(msgspec.Struct, frozen=True):
    """The faults of a tenant in the order in which they were armed. An id never comes again."""

    each: tuple[Fault, ...] = ()
    next_id: FaultId = FaultId(1)

    @property
    def armed(self) -> int:
        """How many can still strike."""
        return sum(fault.armed for fault in self.each)

    def strike(self, operation: str) -> tuple["Faults", Fault | None]:
        """Show a call of *operation* to all; the first that picks it strikes and is returned."""
        seen = [fault.shown(operation) for fault in self.each]
        for place, (before, after) in enumerate(zip(self.each, seen, strict=True)):
            if after is not before and after.rule.picks(after.seen):
                struck = seen[place] = after.fire()
                return Faults(tuple(seen), self.next_id), struck
        return Faults(tuple(seen), self.next_id), None

    def replaced(self, by: Iterable[Fault]) -> "Faults":
        """Return these faults *by* others, numbered."""
        cleared = Faults(next_id=self.next_id)
        for fault in by:
            cleared = cleared.with_fault(fault)
        return cleared

    def with_fault(self, fault: Fault, room: int | None = None) -> "Faults":
        """Return the faults and one more; in *room* for so many the oldest spent ones go first."""
        spent = [one.id for one in self.each if not one.armed]
        over = 0 if room is None else max(len(self.each) + 1 - room, 0)
        gone = spent[:over]
        kept = tuple(one for one in self.each if one.id not in gone)
        numbered = msgspec.structs.replace(fault, id=self.next_id)
        return Faults((*kept, numbered), FaultId(self.next_id + 1))


NO_FAULTS: Final = Faults()


def garbage(seed: int, number: int) -> bytes:
    """Return the random data of the firing of this *number*; it never looks like HTTP."""
    return b"\x00" + shake_256(f"{seed}:{number}".encode()).digest(GARBAGE - 1)
