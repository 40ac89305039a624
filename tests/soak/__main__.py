"""`python -m tests.soak`: checks that memory and descriptors of the mock do not grow under load."""

import sys

import click

from tests.benchmarks.load import LoadError, MissingError
from tests.soak.server import LONG, SHORT, Effort
from tests.soak.trials import TRIALS


@click.command()
@click.option("--short", is_flag=True, help="A hundredth of the effort: half a minute.")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), help="This share of it.")
@click.option("--only", multiple=True, type=click.Choice(list(TRIALS)), help="Run this only.")
def main(short: bool, share: float | None, only: tuple[str, ...]) -> None:  # noqa: FBT001 - click's own way
    """Print each figure with its bound; exit code 1 if one is missed."""
    effort = LONG.part(share) if share is not None else SHORT if short else LONG
    click.echo("| soak | figure | must | |\n| --- | --- | --- | --- |")
    missed = sum(_run_trial(name, effort) for name in only or TRIALS)
    sys.exit(1 if missed else 0)


def _run_trial(name: str, effort: Effort) -> int:
    """Run the trial *name* and print its figures; return how many miss their bounds."""
    missed = 0
    try:
        for figure in TRIALS[name](effort):
            is_missed = not figure.is_within(figure.must)
            missed += is_missed
            value = f"{figure.value:.2f}{' missed' if is_missed else ''}"
            click.echo(f"| {figure.name} | {value} | {figure.must} | {figure.detail} |")
    except MissingError as error:
        click.echo(f"| {name} | not run | | {error} |")
    except LoadError as error:
        missed += 1
        click.echo(f"| {name} | missed | | {error} |")
    return missed


if __name__ == "__main__":
    main()
