"""`superoffice-mock diff`: two recordings are compared."""

import sys
from functools import partial

import click

from superoffice_mock.cli.base import Command, max_file_option
from superoffice_mock.cli.replay import compare_recordings
from superoffice_mock.cli.reports import report_options, write_report


@click.command("diff", cls=Command)
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option("--match", metavar="NAME,…", help="Pair requests by these only; see `replay`.")
@max_file_option
@report_options
def command(
    old: str, new: str, match: str | None, max_file: int | None, format_: str, out: str | None
) -> None:
    """Compare two recordings.

    The requests of A and B are paired, and their answers compared. Exit code 1 if something
    differs.
    """
    report = compare_recordings(old, new, match, max_file, partial(click.echo, err=True))
    write_report(report, format_, out)
    sys.exit(report.exit_code)
