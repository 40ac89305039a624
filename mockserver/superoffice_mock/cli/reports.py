"""Output of the subcommands that check something: a progress bar and a report."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from superoffice_contract import output_files
from superoffice_contract.messages import NO_FOLDER, describe_os_error, show_path
from superoffice_contract.report import FORMATS, Progress, Report
from superoffice_mock.errors import SetupError


def report_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options `--format` and `--out` of its report."""
    where = "Write the report to this file. [default: standard output]"
    command = click.option("--out", metavar="FILE", help=where)(command)
    formats = click.Choice(["text", "json", "junit"])
    help_ = "Format of the report. [default: text]"
    return click.option("--format", "format_", type=formats, default="text", help=help_)(command)


def end_with_report(
    report: Report, format_: str, out: str | None, exit_code: int | None = None
) -> NoReturn:
    """Write *report* to the file *out*, or to standard output, and exit with *exit_code*.

    That is the code of the report by default. Raise SetupError if it can't be written.
    """
    exit_code = report.exit_code if exit_code is None else exit_code
    text = FORMATS[format_](report)
    if out is None:
        click.echo(text, nl=False)
        sys.exit(exit_code)
    _check_is_not_read(out)
    try:
        output_files.replace(out, text.encode())
    except OSError as error:
        reason = describe_os_error(error, NO_FOLDER)
        msg = f"{show_path(out)}: {reason}; name a file that can be written"
        raise SetupError(msg) from error
    sys.exit(exit_code)


def _check_is_not_read(out: str) -> None:
    """Raise SetupError if *out* is a file that the command has read."""
    context = click.get_current_context()
    for parameter in context.command.params:
        if isinstance(parameter, click.Argument) or parameter.metavar == "FILE":
            values = context.params[parameter.name or ""]
            for value in values if isinstance(values, tuple) else (values,):
                if parameter.name != "out" and value and output_files.is_same(out, value):
                    msg = f"{show_path(out)} is a file to read; name another file with --out"
                    raise SetupError(msg)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yield a callback that moves a bar on standard error; without a terminal it does nothing."""
    if not sys.stderr.isatty():
        yield lambda *_: None
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
