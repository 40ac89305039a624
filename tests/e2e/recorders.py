"""The command `record` as a process."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Recording
from tests.e2e.cli_process import PROGRAM
from tests.e2e.upstreams import read_all
from tests.support.server_process import READY, ServerProcess, environment

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@dataclass(frozen=True, slots=True)
class Recorder:
    """A recorder that runs in a process."""

    server: ServerProcess
    out: Path

    def exchange(self, raw_request: bytes) -> bytes:
        """Send *raw_request*, and return all bytes until the connection is closed."""
        with socket.create_connection(self.server.address, timeout=20) as client:
            client.sendall(raw_request)
            return read_all(client)

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit code and the messages on stderr."""
        self.server.process.send_signal(number)
        stdout, messages = self.server.process.communicate(timeout=20)
        assert stdout == ""
        return self.server.process.returncode, messages

    @property
    def recording(self) -> Recording:
        """The content of the HAR."""
        return har_file.load(str(self.out))


@contextmanager
def record(url: str, out: Path, *flags: str) -> Iterator[Recorder]:
    """Record *url* until the block ends, on a free port."""
    arguments = ("--upstream", url, "--out", str(out), "--port", "0")
    with subprocess.Popen(
        [*PROGRAM, "record", *arguments, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(READY), process.communicate()
            yield Recorder(ServerProcess(line.removeprefix(READY).strip(), process), out)
        finally:
            process.kill()
