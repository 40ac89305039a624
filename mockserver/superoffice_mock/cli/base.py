"""What subcommands share: errors as one line with an exit code."""

from typing import Any, Final

import click

from superoffice_contract.errors import DriftError, TargetError, TrafficError
from superoffice_mock.errors import SetupError

WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130
CONTROL_TOKEN_VARIABLE: Final = "SUPEROFFICE_MOCK_CONTROL_TOKEN"

ERRORS: Final = (SetupError, DriftError, TargetError, TrafficError)
"""What the user can mend; the message is one line that says how."""

max_file_option = click.option(
    "--max-file",
    type=click.IntRange(1),
    metavar="BYTES",
    help="Largest file to read. [default: 67108864]",
)


class Command(click.Command):
    """A command that ends with one line and exit code 2 on `ERRORS`, with 130 on Ctrl-C."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ERRORS as error:
            click.echo(f"superoffice-mock: {error}", err=True)
            ctx.exit(WRONG_USAGE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
