"""Bodies that pass by: kept for the recording as far as there is room, forwarded in any case."""

from typing import Final

LONGEST: Final = 1024 * 1024
"""Bytes of one body; the mock itself takes no more, unless it is told to."""
ROOM: Final = 64 * 1024 * 1024
"""Bytes of all bodies under way."""


class MemoryBudget:
    """How many bytes may still be kept of the exchanges under way."""

    def __init__(self, left: int = ROOM) -> None:
        self._left = left

    def take(self, count: int) -> bool:
        """Take *count* bytes, if they are there."""
        if count > self._left:
            return False
        self._left -= count
        return True

    def give_back(self, count: int) -> None:
        """Give back what was taken."""
        self._left += count


class BufferedBody:
    """One body, as long as it fits; *whose* is it, for the note that says what was left out."""

    def __init__(self, whose: str, room: MemoryBudget) -> None:
        self._whose = whose
        self._room = room
        self._parts: list[bytes] = []
        self._length = 0
        self.note: str | None = None

    def add(self, part: bytes) -> None:
        """Keep *part*, too; none of the body if it does not fit."""
        if self.note is not None:
            return
        if self._length + len(part) > LONGEST:
            self._drop(f"it is longer than {LONGEST // 1024 // 1024} MiB")
        elif not self._room.take(len(part)):
            self._drop("too many long ones were under way")
        else:
            self._length += len(part)
            self._parts.append(part)

    @property
    def body(self) -> bytes | None:
        """The body so far; None if it was left out."""
        return None if self.note is not None else b"".join(self._parts)

    def leave_out(self, why: str) -> None:
        """Keep nothing of it."""
        if self.note is None:
            self._drop(why)

    def release(self) -> None:
        """Give the room back."""
        self._room.give_back(self._length)
        self._length = 0
        self._parts = []

    def _drop(self, why: str) -> None:
        self.release()
        self.note = f"the {self._whose} body was left out: {why}"
