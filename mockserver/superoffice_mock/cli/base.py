"""What subcommands share: errors as one line with an exit code, and the options of a server."""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from superoffice_mock.config import settings
from superoffice_mock.config.settings import Configuration
from superoffice_mock.errors import SetupError

WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130
CONTROL_TOKEN_VARIABLE: Final = "SUPEROFFICE_MOCK_CONTROL_TOKEN"

max_file_option = click.option(
    "--max-file",
    type=click.IntRange(1),
    metavar="BYTES",
    help="Largest file to read. [default: 67108864]",
)


class Command(click.Command):
    """A command that ends with one line and exit code 2 on a SetupError, with 130 on Ctrl-C."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SetupError as error:
            click.echo(f"superoffice-mock: {error}", err=True)
            ctx.exit(WRONG_USAGE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* one option per setting, `--config` and `--reading`."""
    for option in reversed(list(settings.options())):
        default = "none" if option.default is None else f"{option.default}"
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
    return settings.load(config, os.environ, values, reading)
