"""`superoffice-mock serve`: the mock serves until it gets a signal."""

import gc
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from superoffice_mock.access_log import make_logger
from superoffice_mock.app import Mock, assemble
from superoffice_mock.cli.base import Command, load_configuration, settings_options
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Configuration
from superoffice_mock.server import file_limits, run


@click.command("serve", cls=Command)
@settings_options
def command(config: str | None, reading: tuple[str, ...], **flags: str | None) -> None:
    """Serve the mock until SIGTERM or Ctrl-C."""
    gc.disable()  # until it is ready, for a quick start
    configuration = load_configuration(config, flags, reading)
    sys.exit(serve(configuration, tenant_file.tenant_tables(configuration), assemble))


def serve(
    configuration: Configuration, tables: Sequence[Any], assemble: Callable[..., Mock]
) -> int:
    """Serve the mock that *assemble* makes of settings and *tables*; return the exit code."""
    settings, warnings = file_limits.fit_to_file_limit(configuration.settings)
    run.check_settings(settings)
    tenants = tenant_file.load_tenants(settings, tables, configuration.source)
    warnings += tenant_file.list_warnings(tenants, configuration.source)
    for warning in warnings if settings.log != "off" else ():
        click.echo(f"superoffice-mock: {warning}", err=True)
    with run.open_socket(settings) as listening:
        if settings.port_file is not None:  # not before: another server may have the port
            run.remove_port_file(settings.port_file)

        def announce() -> None:
            gc.freeze()
            gc.enable()
            if settings.port_file is not None:
                run.write_port_file(settings.port_file, run.port_of(listening))
            click.echo(f"superoffice-mock ready on {run.url_of(listening, settings)}")

        mock = assemble(settings, tenants, make_logger(settings.log))
        server = run.Server(mock, settings, announce)
        server.run([listening])
    if settings.port_file is not None:
        run.remove_port_file(settings.port_file)
    if settings.log in ("auto", "text"):
        click.echo("superoffice-mock stopped", err=True)
    return server.exit_code
