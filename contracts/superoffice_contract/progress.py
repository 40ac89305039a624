"""How far a check has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]
"""Is told, as a check starts, its name, how many are finished, and of how many."""


class Steps:
    """Counts the checks that have ended, and tells *progress* of each that begins."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def begin(self, name: str) -> None:
        """Say that *name* starts."""
        self._progress(name, self._done, self._total)

    def end(self) -> None:
        """Count one that has ended."""
        self._done += 1

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Begin *name*, and end it with the block."""
        self.begin(name)
        try:
            yield
        finally:
            self.end()
