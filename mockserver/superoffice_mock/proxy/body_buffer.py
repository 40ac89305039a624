"""Buffers bodies for the recording, within limits; they are forwarded in any case."""

from typing import Final

MAX_BODY_BYTES: Final = 1024 * 1024
"""Limit of one body: the mock does not accept longer bodies by default."""
MAX_TOTAL_BYTES: Final = 64 * 1024 * 1024
"""Limit of all bodies of exchanges in progress."""


class MemoryBudget:
    """The number of bytes that may still be buffered."""

    def __init__(self, available: int = MAX_TOTAL_BYTES) -> None:
        self.available = available


class BufferedBody:
    """One body, as long as it fits; *kind* is "request" or "response", for the note."""

    def __init__(self, kind: str, budget: MemoryBudget) -> None:
        self._kind = kind
        self._budget = budget
        self._parts: list[bytes] = []
        self._length = 0
        self.note: str | None = None

    def add(self, part: bytes) -> None:
        """Add *part*, or drop the whole body if it does not fit."""
        if self.note is not None:
            return
        if self._length + len(part) > MAX_BODY_BYTES:
            self.drop(f"it is longer than {MAX_BODY_BYTES // 1024 // 1024} MiB")
        elif len(part) > self._budget.available:
            self.drop("too many long bodies were in progress")
        else:
            self._budget.available -= len(part)
            self._length += len(part)
            self._parts.append(part)

    @property
    def body(self) -> bytes | None:
        """The body so far; None if it was left out."""
        return None if self.note is not None else b"".join(self._parts)

    def release(self) -> None:
        """Drop the bytes and give them back to the budget."""
        self._budget.available += self._length
        self._length = 0
        self._parts = []

    def drop(self, reason: str) -> None:
        """Drop the body and note *reason*."""
        self.release()
        self.note = f"the {self._kind} body was left out: {reason}"
