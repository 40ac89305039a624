"""`superoffice-mock readings`: its options, and who does it."""

import click

from superoffice_mock.cli.base import Command


@click.command("readings", cls=Command)
def command() -> None:
    """List what the page leaves open. Each reading has its values, and why it is open."""
    from superoffice_mock.core.readings import READINGS

    for one in READINGS.values():
        default, *others = one.values
        click.echo(f"{one.name}")
        click.echo(f"  values   {default} (default), {', '.join(others)}")
        click.echo(f"  why      {one.why}")
        click.echo(f"  source   {one.source}")
