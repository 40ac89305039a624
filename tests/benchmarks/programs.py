"""Servers as processes on one core: they are started, measured and stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

import psutil

from tests.support.server_process import BASIC, PATH, PROGRAM, environment

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
"""The cores of servers and of the load, on a machine with two cores or more."""
POLL: Final = 0.002
"""Seconds between two attempts to call a server that is starting."""


@dataclass(frozen=True, slots=True)
class Program:
    """A server to measure; `{port}` in *command* stands for its port."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasuredServer:
    """A server that answers; *start_seconds* is how long that took since its process began."""

    url: str
    process: psutil.Process
    start_seconds: float

    @property
    def cpu(self) -> float:
        """Its CPU time in seconds."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def megabytes(self) -> float:
        """Its resident memory."""
        return float(self.process.memory_info().rss) / 1e6


def _subcommand(name: str, *arguments: str) -> Program:
    return Program(name, (*PROGRAM, *arguments, "--port", "{port}"))


def mock(*flags: str) -> Program:
    """Return the mock as users start it, with its journal and all checks."""
    quiet = ("--log", "off", "--seconds-per-account", "0")
    return _subcommand("mock", "serve", *quiet, *flags)


def replay(recording: Path) -> Program:
    """Return a repeated replay of the HAR file *recording*."""
    return _subcommand("replay", "replay", str(recording), "--repeat", "--log", "off")


def recorder(upstream: MeasuredServer, out: Path) -> Program:
    """Return a recorder in front of *upstream*."""
    return _subcommand("recorder", "record", "--upstream", upstream.url, "--out", str(out))


def reference(name: str) -> Program:
    """Return the application called *name* in `references.py`, on the same uvicorn."""
    uvicorn = (sys.executable, "-m", "uvicorn", "--port", "{port}", "--no-access-log")
    loop = ("--loop", "uvloop", "--http", "httptools", "--log-level", "warning")
    return Program(name, (*uvicorn, *loop, "--factory", f"tests.benchmarks.references:{name}"))


def pin_to_core(core: int, command: tuple[str, ...]) -> tuple[str, ...]:
    """Return *command* bound to *core*, if the machine has more than one."""
    return ("taskset", "-c", str(core), *command) if (os.cpu_count() or 1) > 1 else command


@contextmanager
def run_program(program: Program) -> Iterator[MeasuredServer]:
    """Start *program*, wait for its first 204, and stop it when the block ends."""
    port = _free_port()
    command = [word.format(port=port) for word in pin_to_core(SERVER_CORE, program.command)]
    env = environment({"PYTHONDONTWRITEBYTECODE": ""})
    began = time.perf_counter()
    quiet = subprocess.DEVNULL  # a log is discarded, too
    with subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet) as process:
        try:
            _await_answer(process, port, program.name)
            ready = time.perf_counter() - began
            yield MeasuredServer(f"http://127.0.0.1:{port}", psutil.Process(process.pid), ready)
        finally:
            process.terminate()
            process.wait(timeout=10)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_answer(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    while process.poll() is None:
        with suppress(OSError, HTTPException):
            if _status(port) == 204:
                return
        time.sleep(POLL)
    message = f"{name} ended with exit code {process.returncode} before it answered"
    raise RuntimeError(message)


def _status(port: int) -> int:
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("POST", PATH, b'{"SyncUserAccounts":[]}', headers)
        return connection.getresponse().status
