"""`superoffice-mock replay`: its options, and who does it."""

import os
import sys
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from superoffice_mock.cli import options as cli_options
from superoffice_mock.cli.base import Command


@click.command("replay", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--match",
    metavar="NAME,…",
    help="Compare method, path, query, body, credentials, media-type. [all but the last]",
)
@click.option(
    "--timing",
    type=click.Choice(["recorded", "none"]),
    help="none: all at once. recorded: after who had arrived before, even where none overlapped.",
)
@click.option("--repeat", is_flag=True, help="Give answers again that have all been given.")
@click.option(
    "--on-miss",
    type=click.Choice(["404", "simulate"]),
    default="404",
    help="What to answer where nothing is recorded. [default: 404]",
)
@cli_options.max_file
@click.option("--against", metavar="URL", help="Send the requests there, compare the answers.")
@click.option("--target-file", metavar="FILE", help="Who signs in: [[tenant]] tables. [demo world]")
@click.option("--gap", type=float, default=float("inf"), help="Longest pause. [as recorded]")
@click.option("--timeout", type=float, default=10.0, help="Seconds to wait for an answer. [10]")
@click.option("--real", is_flag=True, help="URL may be another machine.")
@click.option("--start-syncs", is_flag=True, help="Another machine may be told to sync.")
@click.option("--accounts", metavar="ID,…", help="The only accounts that may be synced there.")
@click.option("--ca", metavar="FILE", help="PEM: the authority that the server's is from.")
@cli_options.reporting
@cli_options.settings
def command(
    files: tuple[str, ...],
    config: str | None,
    reading: tuple[str, ...],
    match: str | None,
    max_file: int | None,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Answer from recordings, HAR or .part, until SIGTERM or Ctrl-C.

    With --against, be the client instead; exit code 1 if an answer is another than recorded.
    """
    from superoffice_mock.app import assemble
    from superoffice_mock.commands import replaying, serving
    from superoffice_mock.config import tenant_file

    context = click.get_current_context()
    source = context.get_parameter_source
    chosen = {name for name in context.params if source(name) is not ParameterSource.DEFAULT}
    replaying.check_options(chosen, against=options["against"] is not None)
    recorded = replaying.recorded(replaying.loaded(files, max_file, partial(click.echo, err=True)))
    if options["against"] is not None:
        from superoffice_mock.cli import replay_against, report_output

        told = replay_against.sent(recorded, options["against"], options, os.environ)
        report_output.written(told, options["shape"], options["out"], click.echo)
        sys.exit(told.exit_code)
    rules = replaying.rules(match, options["timing"], repeat=options["repeat"])
    flags = {name: options[name] for name in options.keys() & chosen - replaying.OWN}
    loaded = cli_options.configured(config, flags, reading)
    simulate, longest = options["on_miss"] == "simulate", loaded.settings.max_body
    instead = replaying.instead(recorded, rules, longest, simulate=simulate)
    tables = replaying.tenants(tenant_file.tables(loaded), recorded)
    sys.exit(serving.served(loaded, tables, partial(assemble, instead=instead)))
