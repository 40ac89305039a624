"""`superoffice-mock record`: its options, and who does it."""

import sys
from functools import partial
from typing import Any

import click

from superoffice_mock.cli.base import Command
from superoffice_mock.config.settings import load


@click.command("record", cls=Command)
@click.option("--upstream", required=True, metavar="URL", help="The server to record.")
@click.option("--out", required=True, metavar="FILE", help="The HAR to make; FILE.part until then.")
@click.option("--host", metavar="VALUE", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", metavar="VALUE", help="Port to listen on; 0: a free one. [default: 8204]")
@click.option("--port-file", metavar="VALUE", help="File that receives the port, whole.")
@click.option("--allow-private", is_flag=True, help="Call an upstream with a private address, too.")
@click.option("--overwrite", is_flag=True, help="Replace FILE, if it is there, in the end.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86_400, min_open=True),
    default=120.0,
    help="Seconds without a word from the upstream until it counts as gone. [default: 120]",
)
@click.option("--ca", metavar="FILE", help="PEM: the authority that the upstream's is from.")
def command(host: str | None, port: str | None, port_file: str | None, **wanted: Any) -> None:  # noqa: ANN401 - click's
    """Record what passes to a real server. All secrets become pseudonyms.

    Until SIGTERM or Ctrl-C. Exit code 1 if something could not be recorded.
    """
    from superoffice_mock.commands import proxying

    flags = {"host": host, "port": port, "port-file": port_file}
    given = {name: value for name, value in flags.items() if value is not None}
    settings = load(None, {}, given, ()).settings

    def ready(url: str) -> None:
        click.echo(f"superoffice-mock ready on {url}")

    tell = partial(click.echo, err=True)
    sys.exit(proxying.recorded(proxying.Wanted(**wanted), settings, ready, tell))
