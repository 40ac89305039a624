"""`superoffice-mock diff`: its options, and who does it."""

import sys
from functools import partial

import click

from superoffice_mock.cli import options
from superoffice_mock.cli.base import Command


@click.command("diff", cls=Command)
@click.argument("ours", metavar="A")
@click.argument("theirs", metavar="B")
@click.option("--match", metavar="NAME,…", help="Pair requests by these alone; see `replay`.")
@options.max_file
@options.reporting
def command(
    ours: str, theirs: str, match: str | None, max_file: int | None, shape: str, out: str | None
) -> None:
    """Compare recording B with A. Requests are paired, then their answers compared.

    Exit code 1 if something is different.
    """
    from superoffice_mock.cli import base, replay

    found = replay.differences(ours, theirs, match, max_file, partial(click.echo, err=True))
    base.write_report(found, shape, out, click.echo)
    sys.exit(found.exit_code)
