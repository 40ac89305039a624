"""`superoffice-mock serve`: its options, and who does it."""

import gc
import sys

import click

from superoffice_mock.cli import shared
from superoffice_mock.cli.command import Command


@click.command("serve", cls=Command)
@shared.settings
def command(config: str | None, reading: tuple[str, ...], **flags: str | None) -> None:
    """Serve the mock until SIGTERM or Ctrl-C."""
    gc.disable()  # start-up makes no garbage; looking for it is a tenth of the time until ready
    from superoffice_mock import world
    from superoffice_mock.asgi.app import assemble
    from superoffice_mock.commands import serving

    loaded = shared.configured(config, flags, reading)
    sys.exit(serving.served(loaded, world.tables(loaded), assemble))
