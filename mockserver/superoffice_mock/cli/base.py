"""What every subcommand is: its errors are a line, and its end is an exit code."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from superoffice_contract.report import FORMATS, Report
from superoffice_mock.errors import SetupError

WRONG_USAGE: Final = 2


INTERRUPTED: Final = 130


class Command(click.Command):
    """A command that turns a SetupError into one line and exit code 2, Ctrl-C into 130."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SetupError as error:
            click.echo(f"superoffice-mock: {error}", err=True)
            ctx.exit(WRONG_USAGE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


Progress = Callable[[str, int, int], None]
"""What is being done, how much of the whole is done, and how much that is."""


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yield what moves a bar on standard error, or does nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    with click.progressbar(
        length=1, file=sys.stderr, update_min_steps=0, show_eta=False, item_show_func=_cut
    ) as bar:

        def progress(name: str, done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(max(0, min(done, bar.length) - bar.pos), current_item=name)

        yield progress


def no_progress(*_: object) -> None:
    """Show nothing."""


def _cut(name: str | int | None) -> str:
    text = "" if name is None else str(name)
    return text if len(text) <= 36 else f"{text[:35]}…"


def write_report(found: Report, shape: str, out: str | None, echo: Callable[..., None]) -> None:
    """Write *found* as *shape* to the file *out*, or echo it. Raise SetupError if it can't."""
    text = FORMATS[shape](found)
    if out is None:
        echo(text, nl=False)
        return
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{out}: can't be written: {error.strerror}"
        raise SetupError(msg) from error
