"""`superoffice-mock serve`: the mock serves until it gets a signal."""

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import click

from superoffice_mock.access_log import make_logger
from superoffice_mock.app import Mock, assemble
from superoffice_mock.cli.base import Command
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Configuration, load, options
from superoffice_mock.server import file_limits, run

NO_DEFAULTS: Final[Mapping[str, str]] = {}


def settings_options(
    command: Callable[..., None], defaults: Mapping[str, str] = NO_DEFAULTS
) -> Callable[..., None]:
    """Give *command* one option per setting, `--config` and `--reading`.

    Its help shows *defaults* of its own where it has them.
    """
    for option in reversed(list(options())):
        value = defaults.get(option.name, option.default)
        default = "none" if value is None else f"{value}"
        about = f"{option.help[0].upper()}{option.help[1:]}. [default: {default}]"
        command = click.option(f"--{option.name}", metavar="VALUE", help=about)(command)
    command = click.option(
        "--reading",
        multiple=True,
        metavar="NAME=VALUE",
        help="How to read what the page leaves open; see `superoffice-mock readings`.",
    )(command)
    return click.option("--config", metavar="FILE", help="TOML file: settings and tenants.")(
        command
    )


def load_configuration(
    config: str | None, flags: Mapping[str, str | None], reading: tuple[str, ...]
) -> Configuration:
    """Load the settings from *flags*, the environment and the file *config*. Raise SetupError."""
    values = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    return load(config, os.environ, values, reading)


@click.command("serve", cls=Command)
@settings_options
def command(config: str | None, reading: tuple[str, ...], **flags: str | None) -> None:
    """Serve the mock until SIGTERM or Ctrl-C."""
    gc.disable()  # until it is ready, for a quick start
    configuration = load_configuration(config, flags, reading)
    sys.exit(serve(configuration, configuration.tenants, assemble))


def serve(
    configuration: Configuration, tables: Sequence[Any], assemble: Callable[..., Mock]
) -> int:
    """Serve the mock that *assemble* makes of settings and *tables*; return the exit code."""
    settings, warnings = file_limits.fit_to_file_limit(configuration.settings)
    run.check_settings(settings)
    tenants = tenant_file.load_tenants(settings, tables, configuration.source, configuration.folder)
    warnings += tenant_file.list_warnings(tenants, configuration.source)
    for warning in warnings if settings.log != "off" else ():
        click.echo(f"superoffice-mock: {warning}", err=True)

    def announce(line: str) -> None:
        gc.freeze()
        gc.enable()
        if settings.log in ("auto", "text") and sys.stderr.isatty():
            url = run.local_url(line.rpartition(" ")[2])
            click.echo(f"superoffice-mock: look at it: {url}/_mock/", err=True)
        click.echo(line)

    with run.open_socket(settings) as listening:
        mock = assemble(settings, tenants, make_logger(settings.log))
        if settings.max_connections < configuration.settings.max_connections:
            mock.app.load_control()  # connections may take all files that its modules need
        exit_code = run.serve(mock, settings, listening, announce)
    if settings.log in ("auto", "text"):
        click.echo("superoffice-mock stopped", err=True)
    return exit_code
