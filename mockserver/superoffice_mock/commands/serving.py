"""`superoffice-mock serve` and `replay`: the mock as a program, from its first word to its last."""

import gc
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from superoffice_mock import descriptors, server, world
from superoffice_mock.asgi.app import Mock
from superoffice_mock.log import logger
from superoffice_mock.settings import Configuration

STOPPED: Final = "superoffice-mock stopped"


def served(loaded: Configuration, tables: Sequence[Any], assemble: Callable[..., Mock]) -> int:
    """Serve what *assemble* makes of settings and *tables* until a signal; return the exit code."""
    settings, warnings = descriptors.fitted(loaded.settings)
    server.check(settings)
    facts = world.of(settings, tables, loaded.source)
    warnings += world.warnings(facts, loaded.source)
    for warning in warnings if settings.log != "off" else ():
        click.echo(f"superoffice-mock: {warning}", err=True)
    with server.listen(settings) as listening:
        if settings.port_file is not None:  # now: where the port is taken, it may be another's
            server.remove_port_file(settings.port_file)

        def ready() -> None:
            gc.freeze()
            gc.enable()
            if settings.port_file is not None:
                server.write_port_file(settings.port_file, server.port_of(listening))
            click.echo(f"superoffice-mock ready on {server.url_of(listening, settings)}")

        mock = assemble(settings, facts, logger(settings.log))
        running = server.Server(mock, settings, ready)
        running.run([listening])
    if settings.port_file is not None:
        server.remove_port_file(settings.port_file)
    if settings.log in ("auto", "text"):
        click.echo(STOPPED, err=True)
    return running.exit_code
