"""`superoffice-mock demo`: its options, and who does it."""

import click

from superoffice_mock.cli.base import Command


@click.command("demo", cls=Command)
def command() -> None:
    """Show what callers can't see. Plays the page's sample against a server of its own."""
    from superoffice_mock.commands.demo import play

    play(click.echo)
