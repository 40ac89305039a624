"""`superoffice-mock check`: its options, and who does it."""

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from superoffice_contract.errors import TargetError
from superoffice_contract.openapi import claims
from superoffice_contract.report import Report
from superoffice_contract.target import tenants
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.cli import base, options
from superoffice_mock.cli.base import Command
from superoffice_mock.cli.target_options import base_url, needs, positive, readings, tables
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from superoffice_mock.errors import SetupError
from superoffice_mock.wire.cors import is_loopback


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
    from superoffice_mock.cli import base, check_real

    if listing:
        click.echo(listed(), nl=False)
        return
    source = click.get_current_context().get_parameter_source
    given = {name for name in options if source(name) is not ParameterSource.DEFAULT}
    if options["real"]:
        check_real.check_options(given)
        found = check_real.visited(url, options, os.environ, partial(click.echo, err=True))
    else:
        check_options(given)
        found = checked(url, options, os.environ)
    base.write_report(found, options["shape"], options["out"], click.echo)
    sys.exit(found.exit_code)


AT_ONCE = 0.001
"""Real seconds after which the built-in mock's clock jumps: nobody else calls it."""


TOKEN: Final = "SUPEROFFICE_MOCK_CONTROL_TOKEN"


FOR_A_VISIT: Final = ("start_syncs", "accounts", "max_requests", "pace", "ca")


def check_options(given: Collection[str]) -> None:
    """Raise SetupError if an option is *given* that only a visit has."""
    for name in FOR_A_VISIT:
        if name in given:
            msg = f"--{name.replace('_', '-')}: is for visits; add --real, or leave it out"
            raise SetupError(msg)


def checked(url: str | None, options: Mapping[str, Any], environ: Mapping[str, str]) -> Report:
    """Check the server at *url*, or the built-in mock. Raise SetupError for what can't be run."""
    try:
        from superoffice_contract.suite.run import Plan, run
    except ImportError as error:
        raise SetupError(needs(error)) from None
    for name in ("timeout", "run_seconds"):
        positive(name, options[name])
    followed, told = readings(options["reading"])
    tables, source = _tables(options["target_file"])
    try:
        plan = Plan(
            server=_built_in(tables, source, followed) if url is None else _local(url),
            tenants=tenants.tenants(tables, source),
            profile=options["profile"],
            seed=options["seed"],
            readings=told,
            timeout_seconds=options["timeout"],
            only=options["only"],
            run_seconds=options["run_seconds"],
            control_token=environ.get(TOKEN),
        )
        with base.progress_bar() as shown:
            return run(plan, shown)
    except TargetError as error:
        raise SetupError(str(error)) from None


def _tables(path: str | None) -> tuple[list[Any], str]:
    return (tenant_file.demo(), "the demo world") if path is None else (tables(path), path)


def _built_in(tables: list[Any], source: str, followed: Readings) -> object:
    settings = Settings(jump_settle=AT_ONCE, readings=followed)
    return assemble(settings, tenant_file.of(settings, tables, source), access_log.silent).app


def _local(url: str) -> str:
    base = base_url(url)
    if not is_loopback(urlsplit(base).hostname):
        msg = f"{url}: is not this machine, and the check starts sync runs; visit it with --real"
        raise SetupError(msg)
    return base


def listed() -> str:
    """Return every claim, its fact and the checks that stand for it, as text.

    Raise SetupError if what runs the checks is not installed.
    """
    try:
        from superoffice_contract.suite.run import standing_for
    except ImportError as error:
        raise SetupError(needs(error)) from None
    return "\n".join(_lines(standing_for())) + "\n"


def _lines(checks: Mapping[str, Collection[str]]) -> Iterator[str]:
    for claim in claims.load().values():
        by = ", ".join(checks.get(claim.id, ())) or "no check; a fact about the page, or our tests'"
        yield f"{claim.id} ({claim.kind})"
        yield f"  {claim.fact}"
        yield f"  checked by: {by}"
