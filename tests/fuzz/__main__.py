"""`python -m tests.fuzz --minutes N`: atheris fuzzes every decoder in a separate process."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from tests.fuzz.targets import MAX_LENGTH, TARGETS, check_quick, corpus

INSTRUMENTED_LIMIT: Final = 2.0
"""Seconds of CPU for one input; instrumented code is much slower than usual."""


@click.command()
@click.option("--minutes", type=float, default=10.0, help="In total, shared by the targets.")
@click.option("--only", multiple=True, type=click.Choice(list(TARGETS)), help="Fuzz only this.")
@click.option("--found", "folder", type=click.Path(path_type=Path), default=Path("fuzz-found"))
@click.option("--inside", hidden=True)
def main(minutes: float, only: tuple[str, ...], folder: Path, inside: str | None) -> None:
    """Fuzz every decoder; inputs that break one are written to the folder --found."""
    if inside is not None:
        _fuzz(inside, minutes, folder)
        return
    names = only or tuple(TARGETS)
    broken_targets = []
    for name in names:
        click.echo(f"{name}: {minutes / len(names):.1f} minutes")
        command = [sys.executable, "-m", "tests.fuzz", "--inside", name]
        share = ["--minutes", f"{minutes / len(names)}", "--found", str(folder)]
        if subprocess.run(command + share, check=False).returncode:
            broken_targets.append(name)
    broken = ", ".join(broken_targets)
    click.echo(f"found in {broken}: see {folder}" if broken else "found nothing")
    sys.exit(1 if broken_targets else 0)


def _fuzz(name: str, minutes: float, folder: Path) -> None:
    try:
        import atheris
    except ImportError:
        click.echo("fuzzing needs atheris: pip install -e '.[dev,fuzz]' in a clone", err=True)
        sys.exit(2)
    target = TARGETS[name]
    inputs = folder / name
    inputs.mkdir(parents=True, exist_ok=True)

    def check_input(data: bytes) -> None:
        check_quick(lambda: target(data), INSTRUMENTED_LIMIT)

    atheris.instrument_all()
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={round(minutes * 60)}",
            f"-max_len={MAX_LENGTH}",
            f"-artifact_prefix={folder}/{name}-",
            "-print_final_stats=1",
            "-verbosity=0",
            str(inputs),
            str(corpus(name)),
        ],
        check_input,
    )
    atheris.Fuzz()


main()
