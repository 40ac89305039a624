"""What the program writes: standard output, whose failure ends it, and standard error."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TextIO

import click

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C."""
CANT_WRITE: Final = 2
"""The exit code if standard output can't be written."""


class OutputError(Exception):
    """Standard output can't be written; the message says why."""


class StandardOutput:
    """A stream that raises OutputError if it can't be written, also if it is None: closed.

    A character that it can't show is escaped. What it holds when it fails is dropped.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._failure = "it is closed" if stream is None else ""
        # In place of a closed one comes another, so that no file gets its number.
        self._stream: Any = stream
        if stream is None:
            self._stream = Path(os.devnull).open("w")  # noqa: SIM115 - like the one in its place
        with suppress(AttributeError):  # a test reads what the program writes
            self._stream.reconfigure(errors="backslashreplace")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what the stream has
        if name == "buffer":  # click would write to it, past this class
            raise AttributeError(name)
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        """Write *text*."""
        if text != "":  # with that click tries whether it can be written, and swallows an error
            self._check(self._stream.write, text)

    def flush(self) -> None:
        """Write what is kept back."""
        self._check(self._stream.flush)

    def _check(self, action: Callable[..., object], *arguments: str) -> None:
        if not self._failure:
            try:
                action(*arguments)
            except (OSError, ValueError) as error:
                self._failure = getattr(error, "strerror", None) or f"{error}"
                with suppress(OSError):
                    null = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(null, self._stream.fileno())
                    os.close(null)
        if self._failure:
            self.fail(f"standard output can't be written: {self._failure.lower()}")

    def fail(self, problem: str) -> None:
        """Raise OutputError."""
        raise OutputError(problem)


class StandardError(StandardOutput):
    """A stream that is ignored if it can't be written: there is no other place to say so."""

    def fail(self, problem: str) -> None:
        """Go on."""


@contextmanager
def checked_output() -> Iterator[None]:
    """Let the block write to checked streams; exit with `CANT_WRITE` if standard output fails."""
    streams: Any = sys.stdout, sys.stderr
    checked_streams: Any = StandardOutput(sys.stdout), StandardError(sys.stderr)
    sys.stdout, sys.stderr = checked_streams
    try:
        yield
    except OutputError as error:
        click.echo(f"superoffice-mock: {error}", err=True)
        sys.exit(CANT_WRITE)
    finally:
        sys.stdout, sys.stderr = streams
