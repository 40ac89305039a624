"""The command line `superoffice-mock`. Each subcommand is a module, imported when it is called."""

import gc
import sys
from importlib import import_module
from typing import Any, Final

import click

from superoffice_mock.cli.output import INTERRUPTED, checked_output
from superoffice_mock.version import __version__

COMMANDS: Final = (
    *("cert", "check", "demo", "diff", "drift", "grade", "readings", "record", "redact"),
    *("replay", "run", "scan", "serve"),
)
"""The modules of this package that have a `command`."""


class _Group(click.Group):
    """The subcommands. `--version` imports none of them, a subcommand only its own module."""

    def main(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - click's
        """Run the program; exit with code 2 if standard output can't be written."""
        with checked_output():
            return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run the subcommand; exit with 130 on Ctrl-C, also before its module is imported."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except RuntimeError as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # it hit a lock of a thread
                ctx.exit(INTERRUPTED)
            raise

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options of the program. Raise UsageError, which does not repeat them."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            msg = "unknown option; see --help"
            raise click.UsageError(msg, error.ctx) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the subcommand. Raise UsageError, which does not repeat what it is called."""
        if args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            ctx.fail(f"unknown command; did you mean {near[0]!r}?" if near else "unknown command")
        return super().resolve_command(ctx, args)

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
