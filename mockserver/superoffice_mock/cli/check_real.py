"""`superoffice-mock check --real`: a real tenant is checked with few requests.

Importing this module needs the extra `contract`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from superoffice_contract import output_files
from superoffice_contract.local_server import is_loopback, parse_base_url
from superoffice_contract.messages import NO_FOLDER, describe_os_error, show_path
from superoffice_contract.real_tenant import observations, run
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
    path = options["observations"]
    known = "" if path is None else _read_observations(path, options["out"])
    click.echo("\n".join(run.describe(check)), err=True)
    with progress_bar() as progress:
        report = run.run_check(check, progress)
    if path is not None:
        _write_observations(path, known, report)
    return report


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
        readings=target_options.parse_readings((*options["reading"], target_options.ANY))[1],
        max_requests=options["max_requests"],
        pace=Pace(_check_pace(options["pace"], parts.hostname)),
        timeout_seconds=options["timeout"],
        run_seconds=options["run_seconds"],
        authorities=options["ca"],
        proxy=target_options.find_proxy(options["proxy"], url),
        has_picture=options["format_"] == "html",
    )


def _read_observations(path: str, out: str | None) -> str:
    """Return the text of the file of observations at *path*, "" if it is new or a pipe.

    Raise SetupError, before anything is sent, if it can't be written, is *out*, or another file.
    """
    if out is not None and Path(out).resolve() == Path(path).resolve():
        msg = f"--observations and --out both name {show_path(path)}; name two files"
        raise SetupError(msg)
    if not Path(path).parent.is_dir() or Path(path).is_dir():
        msg = f"{show_path(path)}: is no file in a folder that exists; name another file"
        raise SetupError(msg)
    if not output_files.would_replace(path):
        return ""
    try:
        text = Path(path).read_text(encoding="utf-8")
        observations.read_observations(text)
    except OSError as error:
        msg = f"{show_path(path)}: {describe_os_error(error)}"
        raise SetupError(msg) from error
    except ValueError as error:
        msg = f"{show_path(path)}: is not a file of --observations; it stays; name another one"
        raise SetupError(msg) from error
    return text


def _write_observations(path: str, known: str, report: Report) -> None:
    """Write to *path* what the file had, which is *known*, and what *report* adds to it."""
    text = observations.add_observations(known, report, datetime.now(UTC).date())
    try:
        output_files.replace(path, text.encode())
    except OSError as error:
        msg = f"{show_path(path)}: {describe_os_error(error, NO_FOLDER)}"
        raise SetupError(msg) from error
    added = len(observations.read_observations(text)) - len(observations.read_observations(known))
    click.echo(f"{show_path(path)}: {added} observations added", err=True)


def _check_pace(seconds: float, host: str | None) -> float:
    least = 0.0 if is_loopback(host) else MIN_PACE_SECONDS
    if not least <= seconds < inf:
        msg = f"--pace {seconds:g}: expected seconds, at least {least:g} for that server"
        raise SetupError(msg)
    return seconds
