"""How long a schedule that fails is made shorter: the shortest one so far is good enough then."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from superoffice_contract.throttle.driver import ThrottleError
from superoffice_contract.throttle_schedules import Step, told


class SpentError(KeyboardInterrupt):
    """The patience is spent. Hypothesis takes anything else for one more failure, or for flaky."""


class Patience:
    """Watches schedules being played, and ends that *seconds* after the first of them failed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._shortest: tuple[int, Exception] | None = None

    @contextmanager
    def watching(self, schedule: Sequence[Step]) -> Iterator[None]:
        """Watch the last step of *schedule*. Raise SpentError instead of taking it when over."""
        if self._until is not None and time.monotonic() >= self._until:
            raise SpentError
        try:
            yield
        except Exception as error:
            self._failed(error, schedule)
            raise

    def _failed(self, error: Exception, schedule: Sequence[Step]) -> None:
        if self._until is None:
            # Whatever the server can't be asked for is no matter of schedules.
            spent = not isinstance(error, ThrottleError)
            self._until = time.monotonic() + (0.0 if spent else self._seconds)
        if isinstance(error, ThrottleError):
            error.schedule = told(schedule)
        if self._shortest is None or len(schedule) < self._shortest[0]:
            self._shortest = len(schedule), error

    @property
    def shortest(self) -> Exception:
        """What the shortest schedule showed that failed."""
        if self._shortest is None:
            raise AssertionError("nothing has failed, so nothing is spent")
        return self._shortest[1]
