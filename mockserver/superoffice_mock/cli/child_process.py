"""A command and all processes that it starts: signals reach them, and none outlives it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from superoffice_contract.messages import describe_os_error, show_path
from superoffice_mock.errors import SetupError

PATIENCE: Final = 3.0
"""Seconds that processes left behind have to end after a SIGTERM."""
_FORWARDED: Final = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
    if hasattr(signal, name)
]
_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)
_PROCESSES: Final = Path("/proc")
_POLL_SECONDS: Final = 0.02


def run_command(command: Sequence[str], environment: Mapping[str, str], marker: str) -> int:
    """Run *command* with the standard streams of this process; return its exit code.

    That is 128 and its number for a signal. The command has a session of its own: Ctrl-C and other
    signals are passed on to each of its processes, a second one kills them. What it leaves running
    is ended. *marker* is the variable in *environment* that only its processes have. Raise
    SetupError if it can't be started.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command
            command, env=dict(environment), start_new_session=True
        )
    except OSError as error:
        advice = "give a program that is on the PATH, or its path"
        if isinstance(error, PermissionError):
            advice = "make it executable, or name its interpreter before it"
        problem = f"{show_path(command[0])}: {describe_os_error(error)}"
        raise SetupError(f"the command can't be started: {problem}; {advice}") from None
    except ValueError:
        msg = "the command can't be started: a part of it has a null character; leave that out"
        raise SetupError(msg) from None
    own = _Processes(process.pid, f"{marker}={environment[marker]}".encode())
    with _pass_on_signals(own):
        code = process.wait()
        own.end()
    return code if code >= 0 else 128 - code


@contextmanager
def _pass_on_signals(processes: "_Processes") -> Iterator[None]:
    """Pass signals on until the block ends; one that is ignored, as by `nohup`, stays ignored."""
    received: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        received.append(number)
        processes.signal(number if len(received) == 1 else _KILL)

    previous = {number: signal.getsignal(number) for number in _FORWARDED}
    heeded = {number: old for number, old in previous.items() if old is not signal.SIG_IGN}
    for number in heeded:
        signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler)


class _Processes(NamedTuple):
    """The processes of a command: those in its *session*, or with its own *variable*."""

    session: int
    variable: bytes

    def end(self) -> None:
        """End those that are left: by SIGTERM, and after `PATIENCE` by SIGKILL."""
        for number in (signal.SIGTERM, _KILL):
            deadline = time.monotonic() + PATIENCE
            self.signal(number)
            while any(self.running()) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)

    def signal(self, number: int) -> None:
        """Send the signal *number* to each of them."""
        for process in self.running():
            with suppress(OSError):  # it has ended meanwhile
                os.kill(process, number)

    def running(self) -> Iterator[int]:
        """Yield those that have not ended; without /proc, the first one."""
        if not _PROCESSES.is_dir():
            with suppress(OSError):
                os.kill(self.session, 0)
                yield self.session
        for folder in _PROCESSES.glob("[0-9]*"):
            with suppress(OSError):
                # The name of a program, in parentheses, may have spaces in it.
                fields = (folder / "stat").read_text("latin-1").rpartition(")")[2].split()
                if fields[0] not in "ZX" and (int(fields[3]) == self.session or self._has(folder)):
                    yield int(folder.name)

    def _has(self, folder: Path) -> bool:
        with suppress(OSError):  # it is another user's
            return self.variable in (folder / "environ").read_bytes().split(b"\0")
        return False
