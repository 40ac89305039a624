"""Output of the subcommands that check something: progress and a report."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final, NoReturn

import click

from superoffice_contract import output_files
from superoffice_contract.messages import NO_FOLDER, describe_os_error, one_line, show_path
from superoffice_contract.report import Progress, Report
from superoffice_contract.report_formats import FORMATS, Formats
from superoffice_mock.errors import SetupError

SECONDS_BETWEEN_LINES: Final = 10.0
"""How long nothing is told of the progress where there is no terminal."""
_print_line = partial(click.echo, err=True)


def report_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options `--format` and `--out` of its report."""
    where = "Write the report to this file. [default: standard output]"
    command = click.option("--out", metavar="FILE", help=where)(command)
    formats = click.Choice([*FORMATS])
    help_ = "Format of the report. [default: text]"
    return click.option("--format", "format_", type=formats, default="text", help=help_)(command)


def end_with_report(
    report: Report,
    format_: str,
    out: str | None,
    exit_code: int | None = None,
    formats: Formats = FORMATS,
    files_read: Sequence[str] = (),
) -> NoReturn:
    """Write *report* to the file *out*, or to standard output, and exit with *exit_code*.

    That is the code of the report by default. With *out*, the verdict goes to standard error.
    Raise SetupError if *out* can't be written, or is one of *files_read* or another file that the
    command has read.
    """
    exit_code = report.exit_code if exit_code is None else exit_code
    text = formats[format_](report)
    if out is None:
        click.echo(text, nl=False)
        sys.exit(exit_code)
    _check_is_not_read(out, files_read)
    try:
        output_files.replace(out, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        reason = describe_os_error(error, NO_FOLDER)
        msg = f"{show_path(out)}: {reason}; name a file that can be written"
        raise SetupError(msg) from error
    command = click.get_current_context().command.name
    place = one_line(show_path(out))
    _print_line(f"superoffice-mock {command}: {report.verdict}; report in {place}")
    sys.exit(exit_code)


def _check_is_not_read(out: str, files_read: Sequence[str]) -> None:
    """Raise SetupError if *out* is a file that the command has read."""
    context = click.get_current_context()
    read = [*files_read]
    for parameter in context.command.params:
        is_read = isinstance(parameter, click.Argument) or parameter.metavar == "FILE"
        if is_read and parameter.name != "out":
            values = context.params[parameter.name or ""]
            read += values if isinstance(values, tuple) else (values,)
    if any(file and output_files.is_same(out, file) for file in read):
        msg = f"{show_path(out)} is a file to read; name another file with --out"
        raise SetupError(msg)


# ---- progress --------------------------------------------------------------------------------


class ProgressLines:
    """Tells of the progress in a line, at most every `SECONDS_BETWEEN_LINES`.

    *now* returns the time in seconds.
    """

    def __init__(self, now: Callable[[], float], print_line: Callable[[str], object]) -> None:
        self._now = now
        self._print_line = print_line
        self._started = self._last = now()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Tell that *name* starts after *done* of *total*, if it is time to."""
        now = self._now()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            step, seconds = one_line(name), now - self._started
            self._print_line(
                f"superoffice-mock: {done} of {total} done, now {step}, {seconds:.0f} s"
            )


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yield a callback that moves a bar on standard error; without a terminal it prints lines."""
    if not sys.stderr.isatty():
        yield ProgressLines(time.monotonic, _print_line)
        return
    with click.progressbar(
        length=1, file=sys.stderr, update_min_steps=0, show_eta=False, item_show_func=_shorten
    ) as bar:

        def move(name: str, done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(max(0, min(done, bar.length) - bar.pos), current_item=name)

        yield move


def _shorten(name: str | int | None) -> str:
    text = "" if name is None else str(name)
    return text if len(text) <= 36 else f"{text[:35]}…"
