"""`superoffice-mock redact`: secrets and names in a HAR file become pseudonyms."""

import click

from superoffice_contract.har_log import MAX_BYTES
from superoffice_mock.cli.base import Command, max_file_option
from superoffice_mock.redaction import redactor
from superoffice_mock.redaction.redactor import Options


@click.command("redact", cls=Command)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@click.option("--in-place", is_flag=True, help="Allow OUT to be IN, which is then replaced.")
@click.option("--tenant-id", is_flag=True, help="Hide the ids of tenants, such as Cust26759.")
@click.option(
    "--keep-messages",
    is_flag=True,
    help="Keep the texts of errors, but for what is replaced elsewhere in the exchange. They may "
    "hold other data of persons: read them before you share OUT.",
)
@max_file_option
def command(
    source: str,
    target: str,
    overwrite: bool,  # noqa: FBT001 - click's
    in_place: bool,  # noqa: FBT001 - click's
    tenant_id: bool,  # noqa: FBT001 - click's
    keep_messages: bool,  # noqa: FBT001 - click's
    max_file: int | None,
) -> None:
    """Replace secrets and names in a HAR file by pseudonyms.

    Reads the file IN and writes OUT in one step. A value stays only where the description of the
    calls says that it is a number or one of a list.
    """
    redactor.check_target(source, target, in_place=in_place, overwrite=overwrite)
    options = Options(keep_messages=keep_messages, hide_tenants=tenant_id)
    recording = redactor.redact_file(source, target, max_file or MAX_BYTES, options)
    for note in recording.notes:
        click.echo(f"{source}: {note}", err=True)
    count = len(recording.entries)
    redacted = recording.about.redacted or {}
    result = ", replaced:" if redacted else "; nothing to replace"
    click.echo(f"{target}: {count} exchange{'' if count == 1 else 's'}{result}")
    for kind, occurrences in redacted.items():
        click.echo(f"{occurrences:8} {kind}")
