"""Faults: error answers, delays and broken connections, and the calls to which they apply.

Nothing is random: a fault counts calls, and a probability is a function of its seed and the count.
"""

from collections.abc import Iterable
from hashlib import blake2b, shake_256
from typing import Final, NewType

import msgspec

from superoffice_mock.core.sync_run import Duration

FaultId = NewType("FaultId", int)

GARBAGE_SIZE: Final = 512
"""The number of bytes that a fault of random data sends."""
_HASH_RANGE: Final = 1 << 64


class ErrorAnswer(msgspec.Struct, frozen=True):
    """Answers *status* in the vendor's envelope; *message* replaces the usual one."""

    status: int
    message: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Expiry(msgspec.Struct, frozen=True):
    """Answers as if the client's credential had expired."""


class Delay(msgspec.Struct, frozen=True):
    """Delays the arrival of the call, on the tenant's clock."""

    by: Duration


class Breakage(msgspec.Struct, frozen=True):
    """Breaks the connection in the way called *kind*; *seed* is for random data."""

    kind: str
    seed: int = 0


Effect = ErrorAnswer | Expiry | Delay | Breakage


class EveryNth(msgspec.Struct, frozen=True):
    """Matches every *nth* call."""

    nth: int

    def matches(self, number: int) -> bool:
        """Return whether the rule matches the call with this *number*, counted from 1."""
        return number % self.nth == 0


class Chance(msgspec.Struct, frozen=True):
    """Matches calls with a *probability*; a *seed* always matches the same calls."""

    probability: float
    seed: int = 0

    def matches(self, number: int) -> bool:
        """Return whether the rule matches the call with this *number*, counted from 1."""
        digest = blake2b(f"{self.seed}:{number}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) < self.probability * _HASH_RANGE


Rule = EveryNth | Chance


class Fault(msgspec.Struct, frozen=True):
    """An effect, the calls to which it applies, and how often it has fired.

    *rule* None: every call. *operation* None: any operation. *times* None: no limit.
    *eligible_calls* counts the calls of the operation since the fault was armed, *fired* those on
    which it fired.
    """

    effect: Effect
    rule: Rule | None = None
    operation: str | None = None
    times: int | None = 1
    id: FaultId = FaultId(0)
    eligible_calls: int = 0
    fired: int = 0

    @property
    def armed(self) -> bool:
        """Whether it can still fire."""
        return self.times is None or self.fired < self.times

    @property
    def ends_call(self) -> bool:
        """Whether it takes the place of the answer; a delay does not."""
        return not isinstance(self.effect, Delay)

    def count_call(self, operation: str) -> "Fault":
        """Return the fault after a call of *operation*, whichever fault fires on that call."""
        if not self.armed or self.operation not in (None, operation):
            return self
        return msgspec.structs.replace(self, eligible_calls=self.eligible_calls + 1)


class Faults(msgspec.Struct, frozen=True):
    """The faults of a tenant in the order in which they were armed. Ids are never reused."""

    items: tuple[Fault, ...] = ()
    next_id: FaultId = FaultId(1)

    @property
    def armed_count(self) -> int:
        """The number of faults that can still fire."""
        return sum(fault.armed for fault in self.items)

    def fire(self, operation: str) -> tuple["Faults", Fault | None]:
        """Count a call of *operation* and fire the first fault that matches it.

        Return the faults after the call, and the fault that fired or None.
        """
        items = [fault.count_call(operation) for fault in self.items]
        for index, (before, after) in enumerate(zip(self.items, items, strict=True)):
            if after is before:
                continue
            if after.rule is None or after.rule.matches(after.eligible_calls):
                items[index] = msgspec.structs.replace(after, fired=after.fired + 1)
                return Faults(tuple(items), self.next_id), items[index]
        return Faults(tuple(items), self.next_id), None

    def replace_all(self, faults: Iterable[Fault]) -> "Faults":
        """Return only *faults*, with new ids."""
        result = Faults(next_id=self.next_id)
        for fault in faults:
            result = result.with_fault(fault)
        return result

    def without(self, id_: FaultId) -> "Faults":
        """Return the faults but the one with this id. Raise KeyError if there is none."""
        remaining = tuple(fault for fault in self.items if fault.id != id_)
        if len(remaining) == len(self.items):
            raise KeyError(id_)
        return Faults(remaining, self.next_id)

    def with_fault(self, fault: Fault, max_faults: int | None = None) -> "Faults":
        """Return the faults and one more.

        If there are more than *max_faults* then, the oldest ones that can't fire any more go.
        """
        spent_ids = [item.id for item in self.items if not item.armed]
        excess = 0 if max_faults is None else max(len(self.items) + 1 - max_faults, 0)
        remaining = tuple(item for item in self.items if item.id not in spent_ids[:excess])
        new = msgspec.structs.replace(fault, id=self.next_id)
        return Faults((*remaining, new), FaultId(self.next_id + 1))


NO_FAULTS: Final = Faults()


def garbage_bytes(seed: int, number: int) -> bytes:
    """Return the random data of the firing with this *number*; it never looks like HTTP."""
    return b"\x00" + shake_256(f"{seed}:{number}".encode()).digest(GARBAGE_SIZE - 1)
