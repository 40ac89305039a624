"""The command line: `superoffice-mock`. A subcommand is imported when it is asked for."""

import gc
from importlib import import_module
from typing import Final

import click

from superoffice_mock import __version__

COMMANDS: Final = (
    *("check", "demo", "diff", "drift", "grade", "readings", "record", "redact", "replay"),
    *("scan", "serve"),
)
"""The modules of this package that have a `command`."""


class _Group(click.Group):
    """The subcommands; whoever asks for the version or for one of them does not wait for all."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # imports make no garbage; looking for it is a tenth of the time until ready
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        gc.enable()
        return command


@click.group(
    cls=_Group, context_settings={"help_option_names": ["--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="superoffice-mock")
def main() -> None:
    """Run a local SuperOffice that answers as documented, and tells the truth at /_mock/."""
