"""`superoffice-mock demo`: its options, and who does it."""

import click

from superoffice_mock.cli.command import Command


@click.command("demo", cls=Command)
def command() -> None:
    """Play the page's sample against a server of its own, and show what the caller can't see."""
    from superoffice_mock.commands.demo import play

    play(click.echo)
