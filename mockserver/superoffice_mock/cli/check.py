"""`superoffice-mock check`: a server, or the built-in mock, is checked against the contract."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from superoffice_contract.local_server import DEMO_SOURCE, demo_tables, is_loopback, parse_base_url
from superoffice_contract.messages import show_path, show_url
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.readings import Readings
from superoffice_contract.report import Report
from superoffice_contract.report_formats import FORMATS, SHORT_FORMATS
from superoffice_contract.target import tenants
from superoffice_mock.cli import target_options
from superoffice_mock.cli.base import CONTROL_TOKEN_VARIABLE, Command
from superoffice_mock.cli.finding_files import prepare_folder, write_findings
from superoffice_mock.cli.reports import end_with_report, progress_bar, report_options
from superoffice_mock.errors import SetupError, explain_missing_extra
from superoffice_mock.version import __version__

REAL_ONLY: Final = ("start_syncs", "accounts", "max_requests", "pace", "ca", "observations")
NOT_WITH_REAL: Final = ("profile", "seed", "only", "strict", "findings")
NO_CHECK: Final = "no check; it is about the page, or a test covers it"
JUMP_SETTLE: Final = 0.001
"""Real seconds until the built-in mock's clock jumps; short, as only the check calls it."""


@click.command("check", cls=Command)
@click.argument("url", required=False)
@click.option("--list", "listing", is_flag=True, help="List the claims and their checks.")
@click.option(
    "--profile",
    type=click.Choice(["quick", "full"]),
    default="quick",
    help="How many requests and schedules to generate. [quick]",
)
@click.option("--seed", type=int, default=1, help="The same seed sends the same requests. [1]")
@click.option(
    "--only",
    multiple=True,
    metavar="CHECK",
    help="Run only this check; repeatable; names: see --list.",
)
@click.option("--strict", is_flag=True, help="What is only inferred counts as a failure, too.")
@click.option(
    "--target-file",
    metavar="FILE",
    help="TOML: the [[tenant]] tables of the target. [demo tenants]",
)
@click.option(
    "--reading",
    multiple=True,
    metavar="NAME=VALUE",
    help="The reading that the server should follow; `any` accepts and reports whatever it does.",
)
@click.option("--run-seconds", type=float, help="Seconds that a sync run takes there. [measured]")
@click.option("--timeout", type=float, default=10.0, help="Seconds to wait for an answer. [10]")
@click.option("--real", is_flag=True, help="Check a real tenant: few requests, one at a time.")
@click.option("--start-syncs", is_flag=True, help="With --real: sign in and start syncs.")
@click.option("--accounts", metavar="ID,…", help="With --real: the only accounts to name.")
@click.option("--max-requests", type=int, default=60, help="With --real: send no more. [60]")
@click.option("--pace", type=float, default=2.0, help="With --real: seconds between requests. [2]")
@click.option("--ca", metavar="FILE", help="With --real: certificate authority of the server, PEM.")
@click.option(
    "--observations",
    metavar="FILE",
    help="With --real: add to this file which claims the tenant agreed with; it names no tenant.",
)
@click.option(
    "--findings",
    metavar="DIR",
    help="Write each finding to this new folder, as a HAR that replay --against sends again.",
)
@click.option("--verbose", is_flag=True, help="List every check and finding in the text.")
@target_options.proxy_option
@report_options
def command(url: str | None, listing: bool, **options: Any) -> None:  # noqa: ANN401, FBT001 - click's
    """Check a server against the contract.

    The server is the one at URL, or the built-in mock. The check starts sync runs, so URL must be
    on this machine. Add --real for any other server: that starts no syncs unless you allow it.

    Exit code 0: no findings; 1: findings; 2: the check could not run. If /_mock/ needs a control
    token, set SUPEROFFICE_MOCK_CONTROL_TOKEN to it.
    """
    if listing:
        _list_claims()
        return
    source = click.get_current_context().get_parameter_source
    given_options = {name for name in options if source(name) is not ParameterSource.DEFAULT}
    check_options(given_options, real=options["real"])
    for name in ("timeout", "run_seconds"):
        target_options.check_seconds(name, options[name])
    if options["findings"] is not None:
        prepare_folder(options["findings"])
    if options["real"]:
        with explain_missing_extra("check", "contract"):
            from superoffice_mock.cli.check_real import check_real_tenant
        report = check_real_tenant(url, options, os.environ)
    else:
        report = check_server(url, options, os.environ)
    if options["findings"]:
        click.echo(f"superoffice-mock: {write_findings(report, options['findings'])}", err=True)
    formats = FORMATS if options["verbose"] else SHORT_FORMATS
    end_with_report(report, options["format_"], options["out"], formats=formats)


def check_options(given_options: Collection[str], *, real: bool) -> None:
    """Raise SetupError if one of *given_options* does not go with --real, or needs it."""
    for name in NOT_WITH_REAL if real else REAL_ONLY:
        if name in given_options:
            option = f"--{name.replace('_', '-')}"
            msg = (
                f"{option}: a check with --real chooses its own requests; leave it out"
                if real
                else f"{option}: works with --real only; add that, or leave it out"
            )
            raise SetupError(msg)


def check_server(url: str | None, options: Mapping[str, Any], environ: Mapping[str, str]) -> Report:
    """Check the server at *url*, or the built-in mock. Raise one of `base.ERRORS`."""
    with explain_missing_extra("check", "contract"):
        from superoffice_contract.suite.run import Plan, run
    readings, told_readings = target_options.parse_readings(options["reading"])
    path = options["target_file"]
    tables, source = (
        (demo_tables(), DEMO_SOURCE)
        if path is None
        else (target_options.read_tables(path), show_path(path))
    )
    plan = Plan(
        server=_built_in_mock(tables, source, path, readings) if url is None else _local_url(url),
        tenants=tenants.read_tenants(tables, source),
        profile=options["profile"],
        seed=options["seed"],
        readings=told_readings,
        any_reading=target_options.ANY in options["reading"],
        is_strict=options["strict"],
        version=__version__,
        timeout_seconds=options["timeout"],
        only=options["only"],
        run_seconds=options["run_seconds"],
        control_token=environ.get(CONTROL_TOKEN_VARIABLE),
        proxy=target_options.find_proxy(options["proxy"], url),
        has_picture=options["format_"] == "html",
    )
    with progress_bar() as progress:
        return run(plan, progress)


def _list_claims() -> None:
    """Print every claim with its kind, its source or the reason for it, and its checks."""
    with explain_missing_extra("check", "contract"):
        from superoffice_contract.suite.run import checks_by_claim
    checks = checks_by_claim()
    for claim in claims.load().values():
        names = ", ".join(checks.get(claim.id, ())) or NO_CHECK
        source = f"source: {claim.source}" if claim.source else f"because: {claim.because}"
        click.echo(f"{claim.id} ({claim.kind})\n  {claim.fact}\n  {source}\n  checked by: {names}")


def _built_in_mock(tables: list[Any], source: str, path: str | None, readings: Readings) -> object:
    from superoffice_mock import access_log
    from superoffice_mock.app import assemble
    from superoffice_mock.config import tenant_file
    from superoffice_mock.config.settings import Settings

    settings = Settings(jump_settle=JUMP_SETTLE, readings=readings)
    folder = None if path is None else Path(path).parent
    facts = tenant_file.load_tenants(settings, tables, source, folder)
    return assemble(settings, facts, access_log.log_nothing).app


def _local_url(url: str) -> str:
    base = parse_base_url(url)
    if not is_loopback(urlsplit(base).hostname):
        msg = (
            f"{show_url(url)}: is not this machine, and the check starts sync runs; "
            "add --real to check it"
        )
        raise SetupError(msg)
    return base
