"""The options that several subcommands have, and what is made of them."""

import os
from collections.abc import Callable, Mapping

import click

from superoffice_mock.config.settings import Configuration, load, options


def settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* one flag per setting, and --config and --reading."""
    for option in reversed(list(options())):
        shown = "none" if option.default is None else f"{option.default}"
        about = f"{option.help[0].upper()}{option.help[1:]}. [default: {shown}]"
        command = click.option(f"--{option.name}", metavar="VALUE", help=about)(command)
    command = click.option(
        "--reading",
        multiple=True,
        metavar="NAME=VALUE",
        help="How to read what the page leaves open; see `superoffice-mock readings`.",
    )(command)
    return click.option("--config", metavar="FILE", help="TOML: settings and tenants.")(command)


def reporting(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* what says how and where its report is written."""
    where = "Where to write the report. [default: standard output]"
    command = click.option("--out", metavar="FILE", help=where)(command)
    shapes = click.Choice(["text", "json", "junit"])
    return click.option("--format", "shape", type=shapes, default="text")(command)


max_file = click.option(
    "--max-file", type=click.IntRange(1), metavar="BYTES", help="[default: 67108864]"
)
"""Give a command the bound of what it reads of a file."""


def configured(
    config: str | None, flags: Mapping[str, str | None], reading: tuple[str, ...]
) -> Configuration:
    """Return what *flags*, environment and file say. Raise SetupError for what is wrong there."""
    given = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    return load(config, os.environ, given, reading)
