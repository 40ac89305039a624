"""The command line in a separate process."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.server_process import PROGRAM, ServerProcess, environment, run_program


def program_after(code: str) -> tuple[str, ...]:
    """Return the command of a process that runs *code* before the program."""
    return (sys.executable, "-c", f"{code}\nfrom superoffice_mock.cli import main\nmain()")


def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
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
class ServeCommand:
    """A running `serve` that is ready; its standard error goes to a file."""

    server: ServerProcess
    errors_file: Path
    seconds_until_ready: float

    def signal(self, number: int) -> None:
        self.server.process.send_signal(number)

    def wait_for_exit(self) -> tuple[int, str, str]:
        """Wait for the exit; return the exit code, the rest of standard output, and the log."""
        out, _ = self.server.process.communicate(timeout=20)
        return self.server.process.returncode, out, self.log

    @property
    def log(self) -> str:
        return self.errors_file.read_text(encoding="utf-8")


@contextmanager
def serve(
    folder: Path,
    *flags: str,
    env: Mapping[str, str] | None = None,
    program: tuple[str, ...] = PROGRAM,
) -> Iterator[ServeCommand]:
    """Run `serve` on a free port until the block ends; its standard error goes to *folder*."""
    errors = folder / "errors.txt"
    start = time.perf_counter()
    with (
        errors.open("w", encoding="utf-8") as stream,
        run_program("serve", *flags, env=env, program=program, errors=stream) as server,
    ):
        yield ServeCommand(server, errors, time.perf_counter() - start)
