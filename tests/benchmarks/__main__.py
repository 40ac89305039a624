"""`python -m tests.benchmarks`: compares the mock with bare Starlette on this machine."""

import click

from tests.benchmarks.figures import LONG, SHORT
from tests.benchmarks.load import LoadError, MissingError
from tests.benchmarks.measures import MEASURES


@click.command()
@click.option(
    "--short", is_flag=True, help="Take one minute instead of several; the figures are rough."
)
@click.option("--only", multiple=True, type=click.Choice(list(MEASURES)), help="Measure this only.")
def main(short: bool, only: tuple[str, ...]) -> None:  # noqa: FBT001 - click's own way
    """Print each figure with its bound and its aim; the exit code is always 0."""
    click.echo("| measure | figure | must | aim | |\n| --- | --- | --- | --- | --- |")
    for name in only or MEASURES:
        try:
            for figure in MEASURES[name](SHORT if short else LONG):
                note = " missed" if figure.must and not figure.is_within(figure.must) else ""
                cells = (figure.name, f"{figure.value:.2f}{note}", figure.must, figure.aim)
                click.echo(f"| {' | '.join(cells)} | {figure.detail} |")
        except (LoadError, MissingError) as error:
            click.echo(f"| {name} | not measured | | | {error} |")


main()
