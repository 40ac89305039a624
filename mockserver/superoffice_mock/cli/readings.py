"""`superoffice-mock readings`: the readings are listed."""

import click

from superoffice_contract.openapi.readings import READINGS
from superoffice_mock.cli.base import Command


@click.command("readings", cls=Command)
def command() -> None:
    """List what the page leaves open, and the values to choose from."""
    for reading in READINGS.values():
        default, *alternatives = reading.values
        click.echo(f"{reading.name}")
        click.echo(f"  values   {default} (default), {', '.join(alternatives)}")
        click.echo(f"  why      {reading.why}")
        click.echo(f"  source   {reading.source}")
