"""`superoffice-mock check`: its options, and who does it."""

import os
import sys
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from superoffice_mock.cli import options
from superoffice_mock.cli.base import Command


@click.command("check", cls=Command)
@click.argument("url", required=False)
@click.option("--list", "listing", is_flag=True, help="List the claims and what checks them.")
@click.option("--profile", type=click.Choice(["quick", "full"]), default="quick")
@click.option("--seed", type=int, default=1, help="The same seed sends the same requests.")
@click.option("--only", multiple=True, metavar="CHECK", help="Run this check alone, or these.")
@click.option(
    "--target-file", metavar="FILE", help="TOML: the [[tenant]] tables of the target. [demo world]"
)
@click.option(
    "--reading",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the server follows; `any`: whatever it follows, and the report tells.",
)
@click.option("--run-seconds", type=float, help="How long a run takes there. [learned]")
@click.option("--timeout", type=float, default=10.0, help="Seconds to wait for an answer.")
@click.option("--real", is_flag=True, help="Visit a real tenant: few requests, one at a time.")
@click.option("--start-syncs", is_flag=True, help="A visit may sign in and start syncs.")
@click.option("--accounts", metavar="ID,…", help="The only accounts that a visit may name.")
@click.option("--max-requests", type=int, default=60, help="A visit sends no more. [60]")
@click.option("--pace", type=float, default=2.0, help="Seconds between a visit's requests. [2]")
@click.option("--ca", metavar="FILE", help="PEM: the authority that a visited server's is from.")
@options.reporting
def command(url: str | None, listing: bool, **options: Any) -> None:  # noqa: ANN401, FBT001 - click's
    """Hold a server to the contract. It is the one at URL, or the built-in mock.

    Starts sync runs there, so URL is on this machine; any other is visited with --real, which
    starts none unless you say so. Exit code 1 if something was found.
    """
    from superoffice_mock.cli import check_real, report_output
    from superoffice_mock.commands import checking

    if listing:
        click.echo(checking.listed(), nl=False)
        return
    source = click.get_current_context().get_parameter_source
    given = {name for name in options if source(name) is not ParameterSource.DEFAULT}
    if options["real"]:
        check_real.check_options(given)
        found = check_real.visited(url, options, os.environ, partial(click.echo, err=True))
    else:
        checking.check_options(given)
        found = checking.checked(url, options, os.environ)
    report_output.written(found, options["shape"], options["out"], click.echo)
    sys.exit(found.exit_code)
