"""`superoffice-mock serve`: its options, and who does it."""

import gc
import sys

import click

from superoffice_mock.cli import options
from superoffice_mock.cli.base import Command


@click.command("serve", cls=Command)
@options.settings
def command(config: str | None, reading: tuple[str, ...], **flags: str | None) -> None:
    """Serve the mock until SIGTERM or Ctrl-C."""
    gc.disable()  # start-up makes no garbage; looking for it is a tenth of the time until ready
    from superoffice_mock.app import assemble
    from superoffice_mock.commands import serving
    from superoffice_mock.config import tenant_file

    loaded = options.configured(config, flags, reading)
    sys.exit(serving.served(loaded, tenant_file.tables(loaded), assemble))
