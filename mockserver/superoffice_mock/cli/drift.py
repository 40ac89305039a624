"""`superoffice-mock drift`: the vendor's page is compared with the contract."""

import sys
from pathlib import Path

import click

from superoffice_contract.drift import compare
from superoffice_contract.errors import DriftError
from superoffice_mock.cli.base import Command
from superoffice_mock.cli.reports import report_options, write_report
from superoffice_mock.errors import SetupError


@click.command("drift", cls=Command)
@click.argument("file")
@report_options
def command(file: str, format_: str, out: str | None) -> None:
    """Compare the contract with a newer page or API file.

    FILE is the vendor's page as text or Markdown, or a Swagger or OpenAPI file. Exit code 1 if a
    fact has changed.
    """
    try:
        report = compare.compare_file(Path(file))
    except DriftError as error:
        raise SetupError(str(error)) from error
    write_report(report, format_, out)
    sys.exit(report.exit_code)
