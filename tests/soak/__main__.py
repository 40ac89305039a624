"""`python -m tests.soak`: does the mock stay as small as it was, whatever is done to it?"""

import sys

import click

from tests.benchmarks.load import LoadError, MissingError
from tests.benchmarks.measures import Figure
from tests.soak.effort import LONG, SHORT, Effort
from tests.soak.trials import TRIALS


@click.command()
@click.option("--short", is_flag=True, help="A hundredth: half a minute.")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), help="Another part of it.")
@click.option("--only", multiple=True, type=click.Choice(list(TRIALS)), help="Try this.")
def main(short: bool, share: float | None, only: tuple[str, ...]) -> None:  # noqa: FBT001 - click's own way
    """Print each figure beside what it must be; exit code 1 if one is not."""
    effort = LONG.part(share) if share is not None else SHORT if short else LONG
    click.echo("| soak | figure | must | |\n| --- | --- | --- | --- |")
    missed = sum(_tried(name, effort) for name in only or TRIALS)
    sys.exit(1 if missed else 0)


def _tried(name: str, effort: Effort) -> int:
    """Print what the trial called *name* comes to; return how many of its bounds are missed."""
    missed = 0
    try:
        for figure in TRIALS[name](effort):
            kept = figure.keeps(figure.must)
            missed += not kept
            click.echo(_row(figure, "" if kept else " missed"))
    except MissingError as error:
        click.echo(f"| {name} | not tried | | {error} |")
    except LoadError as error:
        missed += 1
        click.echo(f"| {name} | missed | | {error} |")
    return missed


def _row(figure: Figure, missed: str) -> str:
    return f"| {figure.name} | {figure.value:.2f}{missed} | {figure.must} | {figure.detail} |"


if __name__ == "__main__":
    main()
