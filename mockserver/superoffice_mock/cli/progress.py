"""How far a long command has come: a bar on a terminal, nothing anywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Progress = Callable[[str, int, int], None]
"""What is being done, how much of the whole is done, and how much that is."""


@contextmanager
def shown() -> Iterator[Progress]:
    """Yield what moves a bar on standard error, or does nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    with click.progressbar(
        length=1, file=sys.stderr, update_min_steps=0, show_eta=False, item_show_func=_cut
    ) as bar:

        def progress(name: str, done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(max(0, min(done, bar.length) - bar.pos), current_item=name)

        yield progress


def silent(*_: object) -> None:
    """Show nothing."""


def _cut(name: str | int | None) -> str:
    text = "" if name is None else str(name)
    return text if len(text) <= 36 else f"{text[:35]}…"
