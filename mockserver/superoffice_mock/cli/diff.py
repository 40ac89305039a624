"""`superoffice-mock diff`: two recordings are compared."""

from functools import partial

import click
from msgspec.structs import replace

from superoffice_contract.openapi import operations
from superoffice_contract.report import Report
from superoffice_mock.cli.base import Command, max_file_option
from superoffice_mock.cli.replay import matching_rules
from superoffice_mock.cli.reports import end_with_report, report_options
from superoffice_mock.redaction.pictures import draw_recordings
from superoffice_mock.replay import recording_diff
from superoffice_mock.replay.loading import load_each
from superoffice_mock.replay.request_key import RequestKeys


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
    keys, warn = RequestKeys(operations.load()), partial(click.echo, err=True)
    old_calls, new_calls = load_each((old, new), keys, warn, max_file)
    fields = matching_rules(match, "none", repeat=False).fields
    sides = ((old, old_calls), (new, new_calls))
    results = tuple(recording_diff.compare(old_calls, new_calls, fields))
    report = Report("diff", results, subject=f"{new} compared with {old}")
    if format_ == "html":
        recorded = [(name, [call.entry for call in calls]) for name, calls in sides]
        report = replace(report, pictures=draw_recordings(*recorded))
    end_with_report(report, format_, out)
