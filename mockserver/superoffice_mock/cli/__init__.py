"""The command line `superoffice-mock`. Each subcommand is a module, imported when it is called."""

import gc
import sys
from importlib import import_module
from typing import Final

import click

from superoffice_mock.version import __version__

COMMANDS: Final = (
    *("check", "demo", "diff", "drift", "grade", "readings", "record", "redact", "replay"),
    *("scan", "serve"),
)
"""The modules of this package that have a `command`."""


class _Group(click.Group):
    """The subcommands. `--version` imports none of them, a subcommand only its own module."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        if f"{__name__}.{cmd_name}" not in sys.modules:
            gc.disable()  # imports make no garbage; a search for some delays the start of `serve`
            import_module(f"{__name__}.{cmd_name}")
            gc.freeze()
            gc.enable()
        command: click.Command = sys.modules[f"{__name__}.{cmd_name}"].command
        return command


@click.group(
    cls=_Group, context_settings={"help_option_names": ["--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="superoffice-mock")
def main() -> None:
    """Run a local SuperOffice that answers as documented and reports the truth at /_mock/."""
