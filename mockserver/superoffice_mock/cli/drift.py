"""`superoffice-mock drift`: its options, and who does it."""

import sys

import click

from superoffice_mock.cli import options
from superoffice_mock.cli.base import Command
from superoffice_mock.errors import SetupError


@click.command("drift", cls=Command)
@click.argument("file")
@options.reporting
def command(file: str, shape: str, out: str | None) -> None:
    """Compare the vendor's page with the contract. FILE is text, Markdown or Swagger/OpenAPI."""
    from pathlib import Path

    from superoffice_contract.drift import compare
    from superoffice_contract.errors import DriftError
    from superoffice_mock.cli import base

    try:
        found = compare.report(Path(file))
    except DriftError as error:
        raise SetupError(str(error)) from error
    base.write_report(found, shape, out, click.echo)
    sys.exit(found.exit_code)
