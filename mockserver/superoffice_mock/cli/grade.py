"""`superoffice-mock grade`: its options, and who does it."""

import os
import sys

import click

from superoffice_mock.cli import options
from superoffice_mock.cli.base import Command
from superoffice_mock.errors import SetupError


@click.command("grade", cls=Command)
@click.argument("har", required=False)
@click.option("--journal", metavar="URL", help="A running mock; it knows what a HAR can't say.")
@click.option("--tenant", multiple=True, metavar="ID", help="Whose journal. [default: onsite]")
@options.reporting
def command(
    har: str | None, journal: str | None, tenant: tuple[str, ...], shape: str, out: str | None
) -> None:
    """Judge an app by its traffic. That is a HAR file, or the journal of a mock that it called."""
    from superoffice_contract.errors import TrafficError
    from superoffice_contract.grading import grade
    from superoffice_mock.cli import base

    if (har is None) == (journal is None) or (har is not None and tenant):
        msg = "give either a HAR file, or --journal URL and perhaps --tenant ID"
        raise click.UsageError(msg)
    token = os.environ.get("SUPEROFFICE_MOCK_CONTROL_TOKEN")
    try:
        if journal is None:
            found = grade.grade_har(har or "")
        else:
            found = grade.grade_journal(journal, tenant or ("onsite",), token)
    except TrafficError as error:
        raise SetupError(str(error)) from None
    base.write_report(found, shape, out, click.echo)
    sys.exit(found.exit_code)
