"""`superoffice-mock scan`: its options, and who does it."""

import sys

import click

from superoffice_mock.cli import options
from superoffice_mock.cli.base import WRONG_USAGE, Command
from superoffice_mock.errors import SetupError


@click.command("scan", cls=Command)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@options.max_file
def command(paths: tuple[str, ...], max_file: int | None) -> None:
    """Look for secrets in HAR files and in folders of them. Exit code 1 if there are some.

    It looks into all it can read; exit code 2 if a file could not be read.
    """
    from superoffice_contract.har import MAX_BYTES
    from superoffice_mock.redaction import scanner

    read = places = failed = 0
    for one in scanner.scanned(paths, max_file or MAX_BYTES):
        if isinstance(one, SetupError):
            failed += 1
            click.echo(f"superoffice-mock: {one}", err=True)
            continue
        read, places = read + 1, places + len(one)
        for found in one:
            click.echo(f"{found.file}: {found.place}: {found.kind}")
    told = f"{places} places; `superoffice-mock redact IN OUT` cleans a file" if places else "none"
    if read:
        click.echo(f"secrets in {read} {'file' if read == 1 else 'files'}: {told}")
    sys.exit(WRONG_USAGE if failed else min(places, 1))
