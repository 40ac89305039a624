"""The size of each trial, and a server under load with the lines of its log that are errors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from typing import IO, Final, Self

import psutil

from tests.benchmarks.figures import Figure
from tests.benchmarks.programs import MeasuredServer
from tests.e2e.raw_http import wait_until
from tests.support.server_process import ServerProcess, run_program

CLOSING_SECONDS: Final = 10.0
"""Seconds within which the server must close the connections of clients that left."""
FLAT: Final = "<= 5"
"""Megabytes that a server may grow by once it is warm."""
NONE: Final = "<= 0"


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each thing is done; *seconds* is the length of the full load."""

    requests: int
    rounds: int
    waiting_calls: int
    bodies: int
    disconnects: int
    seconds: int

    def part(self, share: float) -> Self:
        """Return *share* of this effort, with at least ten of everything."""
        return type(self)(*(max(round(amount * share), 10) for amount in astuple(self)))


TENANTS: Final = 200
"""How many tenants are created and removed in a round."""
LONG: Final = Effort(
    requests=1_000_000,
    rounds=1_000,
    waiting_calls=5_000,
    bodies=10_000,
    disconnects=100_000,
    seconds=600,
)
SHORT: Final = LONG.part(0.01)


@dataclass(frozen=True, slots=True)
class SoakServer(MeasuredServer):
    """A server under load; *errors* are the lines of its log that are not plain exchanges."""

    api: ServerProcess
    errors: list[str] = field(default_factory=list)

    @property
    def descriptors(self) -> int:
        """How many files and sockets are open in it."""
        return int(self.process.num_fds())

    def growth(self, name: str, before: float, detail: str) -> Figure:
        """Return how many megabytes more than *before* it has."""
        after = self.megabytes
        detail = f"{detail}; {before:.1f} to {after:.1f} MB"
        return Figure(f"{name}: growth, MB", after - before, FLAT, "", detail)

    def leftover_descriptors(self, name: str, before: int) -> Figure:
        """Return how many descriptors more than *before* stay open when all clients have left."""
        leftover = 0
        try:
            wait_until(lambda: self.descriptors <= before, "all is closed", within=CLOSING_SECONDS)
        except AssertionError:
            leftover = self.descriptors - before
        return Figure(f"{name}: descriptors left", leftover, NONE)

    def error_count(self, name: str, crashes: int = 0) -> Figure:
        """Return how many errors it has logged, and the first ones."""
        first_errors = " ".join(self.errors[:3])[:200].replace("|", "/")
        return Figure(f"{name}: errors", len(self.errors) + crashes, NONE, "", first_errors)


@contextmanager
def run_soak_server(*flags: str, command: str = "serve") -> Iterator[SoakServer]:
    """Run *command* on a free port until the block ends, and collect errors from its log."""
    with run_program(command, *flags) as api:
        server = SoakServer(api.url, psutil.Process(api.process.pid), 0.0, api)
        reader = threading.Thread(target=_read, args=(api.process.stderr, server.errors))
        reader.start()
        try:
            yield server
        finally:
            api.process.terminate()
            api.process.wait(timeout=20)
            reader.join()


def _read(stream: IO[str], errors: list[str]) -> None:
    """Collect the lines of *stream* that are not lines of the JSON log, or that report a crash."""
    for line in stream:
        is_plain = line.startswith("{") and '"crash":null' in line
        if not is_plain:
            errors.append(line.rstrip())
