"""`superoffice-mock scan`: HAR files are searched for secrets."""

import sys

import click

from superoffice_contract.har_log import MAX_BYTES
from superoffice_mock.cli.base import WRONG_USAGE, Command, max_file_option
from superoffice_mock.errors import SetupError
from superoffice_mock.scanning import scanner


@click.command("scan", cls=Command)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@max_file_option
def command(paths: tuple[str, ...], max_file: int | None) -> None:
    """Search HAR files and folders of them for secrets.

    Exit code 1 if there are any. Exit code 2 if a file could not be read; the other files are
    searched all the same. Files that gzip compressed are searched too. Standard error tells of the
    files of a folder that are not searched.
    """
    files = places = errors = 0
    for secrets in scanner.scan_all(paths, max_file or MAX_BYTES):
        if not isinstance(secrets, tuple):
            errors += isinstance(secrets, SetupError)
            click.echo(f"superoffice-mock: {secrets}", err=True)
            continue
        files, places = files + 1, places + len(secrets)
        for secret in secrets:
            click.echo(f"{secret.file}: {secret.place}: {secret.kind}")
    if files:
        in_files = f"secrets in {files} file{'' if files == 1 else 's'}"
        if places:
            count = f"{places} place{'' if places == 1 else 's'}"
            click.echo(f"{in_files}: {count}; `superoffice-mock redact IN OUT` cleans a file")
        else:
            click.echo(f"no {in_files}")
    sys.exit(WRONG_USAGE if errors else min(places, 1))
