"""`superoffice-mock drift`: the vendor's page is compared with the contract."""

from pathlib import Path

import click

from superoffice_contract.drift import compare
from superoffice_mock.cli.base import Command
from superoffice_mock.cli.reports import end_with_report, report_options


@click.command("drift", cls=Command)
@click.argument("file")
@report_options
def command(file: str, format_: str, out: str | None) -> None:
    """Compare the contract with a newer page or API file.

    FILE is the vendor's page as text or Markdown, or a Swagger or OpenAPI file. Exit code 1 if a
    fact has changed.
    """
    end_with_report(compare.compare_file(Path(file)), format_, out)
