"""`superoffice-mock serve`: its options, and who does it."""

import gc
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from superoffice_mock.access_log import logger
from superoffice_mock.app import Mock, assemble
from superoffice_mock.cli import options
from superoffice_mock.cli.base import Command
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Configuration
from superoffice_mock.server import file_limits, run


@click.command("serve", cls=Command)
@options.settings
def command(config: str | None, reading: tuple[str, ...], **flags: str | None) -> None:
    """Serve the mock until SIGTERM or Ctrl-C."""
    gc.disable()  # until it is ready: see `cli`
    loaded = options.configured(config, flags, reading)
    sys.exit(served(loaded, tenant_file.tables(loaded), assemble))


STOPPED: Final = "superoffice-mock stopped"


def served(loaded: Configuration, tables: Sequence[Any], assemble: Callable[..., Mock]) -> int:
    """Serve what *assemble* makes of settings and *tables* until a signal; return the exit code."""
    settings, warnings = file_limits.fitted(loaded.settings)
    run.check(settings)
    facts = tenant_file.of(settings, tables, loaded.source)
    warnings += tenant_file.warnings(facts, loaded.source)
    for warning in warnings if settings.log != "off" else ():
        click.echo(f"superoffice-mock: {warning}", err=True)
    with run.listen(settings) as listening:
        if settings.port_file is not None:  # now: where the port is taken, it may be another's
            run.remove_port_file(settings.port_file)

        def ready() -> None:
            gc.freeze()
            gc.enable()
            if settings.port_file is not None:
                run.write_port_file(settings.port_file, run.port_of(listening))
            click.echo(f"superoffice-mock ready on {run.url_of(listening, settings)}")

        mock = assemble(settings, facts, logger(settings.log))
        running = run.Server(mock, settings, ready)
        running.run([listening])
    if settings.port_file is not None:
        run.remove_port_file(settings.port_file)
    if settings.log in ("auto", "text"):
        click.echo(STOPPED, err=True)
    return running.exit_code
