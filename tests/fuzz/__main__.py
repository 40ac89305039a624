"""`python -m tests.fuzz --minutes N`: atheris on every decoder, each in a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from tests.fuzz.targets import LONGEST, TARGETS, check_quick, corpus

INSTRUMENTED: Final = 2.0
"""Seconds of CPU for one input; instrumented code is much slower than what users run."""


@click.command()
@click.option("--minutes", type=float, default=10.0, help="In all, shared by the targets.")
@click.option("--only", multiple=True, type=click.Choice(list(TARGETS)), help="Fuzz this.")
@click.option("--found", type=click.Path(path_type=Path), default=Path("fuzz-found"))
@click.option("--inside", hidden=True)
def main(minutes: float, only: tuple[str, ...], found: Path, inside: str | None) -> None:
    """Fuzz every decoder; what breaks one is written to the folder FOUND."""
    if inside is not None:
        _fuzz(inside, minutes, found)
        return
    names = only or tuple(TARGETS)
    broken = []
    for name in names:
        click.echo(f"{name}: {minutes / len(names):.1f} minutes")
        command = [sys.executable, "-m", "tests.fuzz", "--inside", name]
        share = ["--minutes", f"{minutes / len(names)}", "--found", str(found)]
        if subprocess.run(command + share, check=False).returncode:
            broken.append(name)
    click.echo(f"found in {', '.join(broken)}: see {found}" if broken else "found nothing")
    sys.exit(1 if broken else 0)


def _fuzz(name: str, minutes: float, found: Path) -> None:
    try:
        import atheris
    except ImportError:
        click.echo("this needs atheris: pip install -e '.[dev,fuzz]'", err=True)
        sys.exit(2)
    target = TARGETS[name]
    reached = found / name
    reached.mkdir(parents=True, exist_ok=True)

    def one(data: bytes) -> None:
        check_quick(lambda: target(data), INSTRUMENTED)

    atheris.instrument_all()
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={round(minutes * 60)}",
            f"-max_len={LONGEST}",
            f"-artifact_prefix={found}/{name}-",
            "-print_final_stats=1",
            "-verbosity=0",
            str(reached),
            str(corpus(name)),
        ],
        one,
    )
    atheris.Fuzz()


main()
