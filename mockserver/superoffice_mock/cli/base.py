"""What subcommands share: errors as one line with an exit code, which repeats no value."""

from typing import Any, Final

import click

from superoffice_contract.errors import DriftError, TargetError, TrafficError
from superoffice_contract.messages import describe_unknown
from superoffice_mock.errors import SetupError

WRONG_USAGE: Final = 2
CONTROL_TOKEN_VARIABLE: Final = "SUPEROFFICE_MOCK_CONTROL_TOKEN"

ERRORS: Final = (SetupError, DriftError, TargetError, TrafficError)
"""What the user can mend; the message is one line that says how."""

max_file_option = click.option(
    "--max-file",
    type=click.IntRange(1),
    metavar="BYTES",
    help="Largest file to read. [default: 67108864]",
)


def describe_wrong_usage(error: click.UsageError) -> click.UsageError:
    """Return *error* without what the user wrote, which may be a secret in a wrong place."""
    if isinstance(error, click.NoSuchOption):
        params = error.ctx.command.params if error.ctx else ()
        names = [name[2:] for param in params for name in param.opts if name.startswith("--")]
        problem = describe_unknown("option", error.option_name.lstrip("-"), names, "see --help")
        return click.UsageError(problem, error.ctx)
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        expected = "" if error.param is None else _describe_type(error.param.type)
        return click.BadParameter(f"expected {expected}", error.ctx, error.param)
    return error


def _describe_type(type_: object) -> str:
    if isinstance(type_, click.Choice):
        return f"one of {', '.join(type_.choices)}"
    text = "a whole number" if isinstance(type_, click.types.IntParamType) else "a number"
    if isinstance(type_, click.IntRange | click.FloatRange) and type_.min is not None:
        text += f", {'more than' if type_.min_open else 'at least'} {type_.min}"
    return text


class Command(click.Command):
    """A command that ends with one line and exit code 2 on `ERRORS`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line. Raise UsageError, which does not repeat it."""
        ctx.allow_extra_args = True  # else click lists them
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            raise describe_wrong_usage(error) from None
        if rest:
            ctx.fail(f"there are more arguments than this command takes: {len(rest)} more")
        return rest

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ERRORS as error:
            click.echo(f"superoffice-mock: {error}", err=True)
            ctx.exit(WRONG_USAGE)
