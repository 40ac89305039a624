"""`python -m tests.benchmarks`: the mock against bare Starlette, on this machine, now."""

import click

from tests.benchmarks.load import LoadError, MissingError
from tests.benchmarks.measures import LONG, MEASURES, SHORT, Figure


@click.command()
@click.option("--short", is_flag=True, help="A minute instead of several; figures are rough.")
@click.option("--only", multiple=True, type=click.Choice(list(MEASURES)), help="Measure this.")
def main(short: bool, only: tuple[str, ...]) -> None:  # noqa: FBT001 - click's own way
    """Print each figure beside what it must be and what it should be; never fail on time."""
    click.echo("| measure | figure | must | aim | |\n| --- | --- | --- | --- | --- |")
    for name in only or MEASURES:
        try:
            for figure in MEASURES[name](SHORT if short else LONG):
                click.echo(_row(figure))
        except (LoadError, MissingError) as error:
            click.echo(f"| {name} | not measured | | | {error} |")


def _row(figure: Figure) -> str:
    missed = " missed" if figure.must and not figure.keeps(figure.must) else ""
    value = f"{figure.value:.2f}{missed}"
    return f"| {figure.name} | {value} | {figure.must} | {figure.aim} | {figure.detail} |"


main()
