"""The command line in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.server_process import READY, Running, environment

PROGRAM = (sys.executable, "-m", "superoffice_mock")


def started_after(code: str) -> tuple[str, ...]:
    """Return the program in a process that runs *code* first."""
    return (sys.executable, "-c", f"{code}\nfrom superoffice_mock.cli import main\nmain()")


def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        env=environment(env),
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready; its standard error goes to a file."""

    running: Running
    errors: Path
    seconds_until_ready: float

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        self.running.process.send_signal(number)

    def ended(self) -> tuple[int, str, str]:
        """Wait for the end; return the exit code, the rest of standard output, and the errors."""
        out, _ = self.running.process.communicate(timeout=20)
        return self.running.process.returncode, out, self.log

    @property
    def log(self) -> str:
        """What has been written to standard error."""
        return self.errors.read_text(encoding="utf-8")


@contextmanager
def serve(
    folder: Path,
    *flags: str,
    env: Mapping[str, str] | None = None,
    program: tuple[str, ...] = PROGRAM,
) -> Iterator[Served]:
    """Run `serve` on a free port until the block ends; *folder* takes its standard error."""
    errors = folder / "errors.txt"
    started = time.perf_counter()
    with (
        errors.open("w", encoding="utf-8") as stream,
        subprocess.Popen(
            [*program, "serve", *(() if "--port" in flags else ("--port", "0")), *flags],
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            encoding="utf-8",
            env=environment(env),
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            took = time.perf_counter() - started
            assert line.startswith(READY), f"{line!r} {errors.read_text(encoding='utf-8')}"
            running = Running(line.removeprefix(READY).removesuffix("\n"), process)
            yield Served(running, errors, took)
        finally:
            process.kill()
