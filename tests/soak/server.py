"""The server that is tried: a program, and what it says that no server in order would say."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

import psutil

from tests.benchmarks.load import LoadError
from tests.benchmarks.programs import Started
from tests.e2e.raw_http import until
from tests.support.server_process import READY, Running, environment

WITHIN = 10.0
"""Seconds that connections which are gone may take to go."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A server under trial; *odd* are the lines of its log that tell of no plain exchange."""

    running: Running
    process: psutil.Process
    odd: list[str] = field(default_factory=list)

    @property
    def started(self) -> Started:
        """The same for the benchmarks' load."""
        return Started(self.running.url, self.process, 0.0)

    @property
    def megabytes(self) -> float:
        """Its resident memory."""
        return float(self.process.memory_info().rss) / 1e6

    @property
    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return int(self.process.num_fds())

    def settled(self, before: int) -> int:
        """Return how many descriptors more than *before* it keeps once everyone has left."""
        try:
            until(lambda: self.descriptors <= before, "all is closed", within=WITHIN)
        except AssertionError:
            return self.descriptors - before
        return 0


@contextmanager
def tried(*flags: str, command: str = "serve") -> Iterator[Tried]:
    """Run *command* on a free port until the block ends; its log is read, and what is odd kept."""
    program = [sys.executable, "-m", "superoffice_mock", command, "--port", "0", *flags]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        if not line.startswith(READY):
            process.kill()
            raise LoadError(f"the server did not start: {process.stderr.read()}")
        url = line.removeprefix(READY).strip()
        one = Tried(Running(url, process), psutil.Process(process.pid))
        reader = threading.Thread(target=_read, args=(process.stderr, one.odd))
        reader.start()
        try:
            yield one
        finally:
            process.terminate()
            process.wait(timeout=20)
            reader.join()


def _read(stream: IO[str], odd: list[str]) -> None:
    """Keep of *stream* what is neither a line of the JSON log without a crash nor the last one."""
    for line in stream:
        fine = line.startswith("{") and '"crash":null' in line
        if not fine:
            odd.append(line.rstrip())
