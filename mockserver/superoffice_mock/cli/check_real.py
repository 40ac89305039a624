"""`superoffice-mock check --real`: a real tenant is checked with few requests.

Importing this module needs the extra `contract`.
"""

from collections.abc import Mapping
from math import inf
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from superoffice_contract.local_server import is_loopback, parse_base_url
from superoffice_contract.real_tenant import run
from superoffice_contract.real_tenant.run import MIN_PACE_SECONDS, Pace, RealTenantCheck
from superoffice_contract.report import Report
from superoffice_mock.cli import target_options
from superoffice_mock.cli.reports import progress_bar
from superoffice_mock.errors import SetupError


def check_real_tenant(
    url: str | None, options: Mapping[str, Any], environ: Mapping[str, str]
) -> Report:
    """Print what will be sent to *url* on standard error, then send it.

    Raise SetupError if an option is invalid, TargetError if the tenant can't be checked.
    """
    if url is None:
        msg = "--real checks a server; give its URL, such as https://crm.example.com/SuperOffice"
        raise SetupError(msg)
    check = _plan_check(parse_base_url(url), options, environ)
    click.echo("\n".join(run.describe(check)), err=True)
    with progress_bar() as progress:
        return run.run_check(check, progress)


def _plan_check(
    url: str, options: Mapping[str, Any], environ: Mapping[str, str]
) -> RealTenantCheck:
    if options["max_requests"] < 1:
        msg = f"--max-requests {options['max_requests']}: expected a number from 1"
        raise SetupError(msg)
    tenant = target_options.find_tenant(url, options["target_file"], environ)
    accounts = target_options.parse_accounts(options, tenant)
    parts = urlsplit(url)
    return RealTenantCheck(
        base=f"{parts.scheme}://{parts.netloc}",
        # The path of the URL decides what is called, whatever the id in the target file is.
        tenant=msgspec.structs.replace(tenant, id=parts.path.strip("/") or "onsite"),
        accounts=accounts,
        readings=target_options.parse_readings(options["reading"])[1],
        max_requests=options["max_requests"],
        pace=Pace(_check_pace(options["pace"], parts.hostname)),
        timeout_seconds=options["timeout"],
        run_seconds=options["run_seconds"],
        authorities=options["ca"],
        proxy=target_options.find_proxy(options["proxy"], url),
    )


def _check_pace(seconds: float, host: str | None) -> float:
    least = 0.0 if is_loopback(host) else MIN_PACE_SECONDS
    if not least <= seconds < inf:
        msg = f"--pace {seconds:g}: expected seconds, at least {least:g} for that server"
        raise SetupError(msg)
    return seconds
