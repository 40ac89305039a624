"""`superoffice-mock redact`: its options, and who does it."""

import click

from superoffice_mock.cli import options
from superoffice_mock.cli.base import Command


@click.command("redact", cls=Command)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--in-place", is_flag=True, help="Let OUT be IN, which is then replaced.")
@options.max_file
def command(source: str, target: str, in_place: bool, max_file: int | None) -> None:  # noqa: FBT001 - click's
    """Clean a HAR file. OUT has pseudonyms for the secrets and names of IN."""
    from superoffice_contract.har import MAX_BYTES
    from superoffice_mock.redaction import redactor

    if not in_place:
        redactor.check_other(source, target)
    recording = redactor.redact(source, target, max_file or MAX_BYTES)
    if recording.note:
        click.echo(f"{source}: {recording.note}", err=True)
    click.echo(f"{target}: {len(recording.entries)} exchanges, replaced:")
    for kind, count in (recording.about.redacted or {}).items():
        click.echo(f"{count:8} {kind}")
