"""What every subcommand is: its errors are a line, and its end is an exit code."""

from typing import Any, Final

import click

from superoffice_mock.errors import SetupError

WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130


class Command(click.Command):
    """A command that turns a SetupError into one line and exit code 2, Ctrl-C into 130."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SetupError as error:
            click.echo(f"superoffice-mock: {error}", err=True)
            ctx.exit(WRONG_USAGE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
