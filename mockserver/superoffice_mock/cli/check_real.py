"""`superoffice-mock check --real`: a careful visit to a tenant that is not ours."""

from collections.abc import Callable, Collection, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from superoffice_contract.errors import TargetError
from superoffice_contract.report import Report
from superoffice_contract.target.tenants import TargetTenant
from superoffice_mock.cli import base, target_options
from superoffice_mock.errors import SetupError
from superoffice_mock.wire.cors import is_loopback

if TYPE_CHECKING:
    from superoffice_contract.real_tenant.run import RealTenantCheck
from superoffice_mock.cli.target_options import accounts_of, tenant_at

NOT_FOR_A_VISIT: Final = ("profile", "seed", "only")


def check_options(given: Collection[str]) -> None:
    """Raise SetupError if an option is *given* that a visit can't heed."""
    for name in NOT_FOR_A_VISIT:
        if name in given:
            msg = f"--{name}: a visit (--real) chooses its own requests; leave it out"
            raise SetupError(msg)


def visited(
    url: str | None,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    tell: Callable[[str], object],
) -> Report:
    """Visit the tenant at *url*, after telling what will be sent.

    Raise SetupError for what can't be run, or must not be.
    """
    try:
        from superoffice_contract.real_tenant import run
    except ImportError as error:
        raise SetupError(target_options.needs(error)) from None
    if url is None:
        msg = "--real visits a server; give its URL, such as https://crm.example.com/SuperOffice"
        raise SetupError(msg)
    try:
        planned = _visit(target_options.base_url(url), options, environ)
        tell("\n".join(run.announced(planned)))
        with base.progress_bar() as shown:
            return run.visited(planned, shown)
    except TargetError as error:
        raise SetupError(str(error)) from None


def _visit(url: str, options: Mapping[str, Any], environ: Mapping[str, str]) -> "RealTenantCheck":
    from superoffice_contract.real_tenant.run import Pace, RealTenantCheck

    for name in ("timeout", "run_seconds"):
        target_options.positive(name, options[name])
    if options["max_requests"] < 1:
        msg = f"--max-requests {options['max_requests']}: expected a number from 1"
        raise SetupError(msg)
    tenant = tenant_at(url, options["target_file"], environ)
    accounts = accounts_of(options, tenant)
    parts = urlsplit(url)
    return RealTenantCheck(
        base=f"{parts.scheme}://{parts.netloc}",
        tenant=_at(tenant, parts.path),
        accounts=accounts,
        readings=target_options.readings(options["reading"])[1],
        max_requests=options["max_requests"],
        pace=Pace(_pace(options["pace"], is_loopback(parts.hostname))),
        timeout_seconds=options["timeout"],
        run_seconds=options["run_seconds"],
        authorities=options["ca"],
    )


def _pace(seconds: float, loopback: bool) -> float:  # noqa: FBT001 - a fact about the host
    from superoffice_contract.real_tenant.run import LEAST_SECONDS

    least = 0.0 if loopback else LEAST_SECONDS
    if not least <= seconds < inf:
        msg = f"--pace {seconds:g}: expected seconds, at least {least:g} for that server"
        raise SetupError(msg)
    return seconds


# ---- whom ------------------------------------------------------------------------------------


def _at(tenant: TargetTenant, path: str) -> TargetTenant:
    """Return *tenant* as it answers under the URL's *path*: what is given is what is called."""
    return msgspec.structs.replace(tenant, id=path.strip("/") or "onsite")
