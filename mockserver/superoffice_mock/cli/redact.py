"""`superoffice-mock redact`: secrets and names in a HAR file become pseudonyms."""

import click

from superoffice_contract.har import MAX_BYTES
from superoffice_mock.cli.base import Command, max_file_option
from superoffice_mock.redaction import redactor


@click.command("redact", cls=Command)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--in-place", is_flag=True, help="Allow OUT to be IN, which is then replaced.")
@max_file_option
def command(source: str, target: str, in_place: bool, max_file: int | None) -> None:  # noqa: FBT001 - click's
    """Replace secrets and names in a HAR file by pseudonyms.

    Reads the file IN and writes OUT, which is replaced in one step if it exists.
    """
    redactor.check_target(source, target, in_place=in_place)
    recording = redactor.redact_file(source, target, max_file or MAX_BYTES)
    if recording.note:
        click.echo(f"{source}: {recording.note}", err=True)
    count = len(recording.entries)
    redacted = recording.about.redacted or {}
    result = ", replaced:" if redacted else "; nothing to replace"
    click.echo(f"{target}: {count} exchange{'' if count == 1 else 's'}{result}")
    for kind, occurrences in redacted.items():
        click.echo(f"{occurrences:8} {kind}")
