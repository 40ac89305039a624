"""The command `record` as a process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Recording
from tests.e2e.raw_http import Connection
from tests.support.server_process import ServerProcess, run_program

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@dataclass(frozen=True, slots=True)
class Recorder:
    server: ServerProcess
    out: Path

    def exchange(self, raw_request: bytes) -> bytes:
        """Send *raw_request*, and return all bytes until the connection is closed."""
        with Connection(self.server) as client:
            return client.send(raw_request).read_to_end()

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit code and the messages on stderr."""
        self.server.process.send_signal(number)
        stdout, messages = self.server.process.communicate(timeout=20)
        assert stdout == ""
        return self.server.process.returncode, messages

    @property
    def recording(self) -> Recording:
        return har_file.load(str(self.out))


@contextmanager
def record(url: str, out: Path, *flags: str) -> Iterator[Recorder]:
    """Record *url* until the block ends, on a free port."""
    with run_program("record", "--upstream", url, "--out", out, *flags) as server:
        yield Recorder(server, out)
