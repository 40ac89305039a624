"""A server under load: its process, and the lines of its log that report errors."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

import psutil

from tests.benchmarks.load import LoadError
from tests.benchmarks.programs import MeasuredServer
from tests.e2e.raw_http import wait_until
from tests.support.server_process import READY, ServerProcess, environment

CLOSING_SECONDS = 10.0
"""Seconds within which the server must close the connections of clients that left."""


@dataclass(frozen=True, slots=True)
class SoakServer:
    """A server under load; *errors* are the lines of its log that are not plain exchanges."""

    api: ServerProcess
    process: psutil.Process
    errors: list[str] = field(default_factory=list)

    @property
    def measured(self) -> MeasuredServer:
        """The same server, for the load of the benchmarks."""
        return MeasuredServer(self.api.url, self.process, 0.0)

    @property
    def megabytes(self) -> float:
        """Its resident memory."""
        return float(self.process.memory_info().rss) / 1e6

    @property
    def descriptors(self) -> int:
        """How many files and sockets are open in it."""
        return int(self.process.num_fds())

    def leftover_descriptors(self, before: int) -> int:
        """Return how many descriptors more than *before* stay open when all clients have left."""
        try:
            wait_until(lambda: self.descriptors <= before, "all is closed", within=CLOSING_SECONDS)
        except AssertionError:
            return self.descriptors - before
        return 0


@contextmanager
def run_soak_server(*flags: str, command: str = "serve") -> Iterator[SoakServer]:
    """Run *command* on a free port until the block ends, and collect errors from its log."""
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
        server = SoakServer(ServerProcess(url, process), psutil.Process(process.pid))
        reader = threading.Thread(target=_read, args=(process.stderr, server.errors))
        reader.start()
        try:
            yield server
        finally:
            process.terminate()
            process.wait(timeout=20)
            reader.join()


def _read(stream: IO[str], errors: list[str]) -> None:
    """Collect the lines of *stream* that are not lines of the JSON log, or that report a crash."""
    for line in stream:
        is_plain = line.startswith("{") and '"crash":null' in line
        if not is_plain:
            errors.append(line.rstrip())
