"""`superoffice-mock check`: the contract check, the built-in mock and the demo world at hand."""

from collections.abc import Collection, Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from superoffice_contract.openapi import claims
from superoffice_contract.report import Report
from superoffice_contract.target import tenants
from superoffice_contract.target.tenants import TargetError
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.cli import progress
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from superoffice_mock.errors import SetupError
from superoffice_mock.wire.cors import is_loopback

AT_ONCE = 0.001
"""Real seconds after which the built-in mock's clock jumps: nobody else calls it."""


ANY: Final = "any"
"""The `--reading` that leaves open what is not named beside it."""
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
        with progress.shown() as shown:
            return run(plan, shown)
    except TargetError as error:
        raise SetupError(str(error)) from None


def needs(error: ImportError) -> str:
    """Return what to install for what could not be imported."""
    return f"check needs {error.name}: pip install 'superoffice-mock[contract]'"


def positive(name: str, seconds: float | None) -> None:
    """Raise SetupError if the option *name* is given and no length of time."""
    if seconds is not None and not 0 < seconds < inf:
        msg = f"--{name.replace('_', '-')} {seconds:g}: expected seconds, more than 0"
        raise SetupError(msg)


def readings(assignments: tuple[str, ...]) -> tuple[Readings, dict[str, str]]:
    """Return the readings with their defaults, and the told ones: all, or beside `any` the named.

    Raise SetupError that names the reading.
    """
    followed, named = Readings(), set()
    for one in assignments:
        if one == ANY:
            continue
        name, _, value = one.partition("=")
        try:
            followed = followed.with_value(name, value)
        except ValueError as error:
            msg = f"--reading {one}: {error}"
            raise SetupError(msg) from None
        named.add(name)
    told = followed.as_dict()
    if ANY not in assignments:
        return followed, told
    return followed, {name: value for name, value in told.items() if name in named}


def _tables(path: str | None) -> tuple[list[Any], str]:
    return (tenant_file.demo(), "the demo world") if path is None else (tables(path), path)


def tables(path: str) -> list[Any]:
    """Return the `[[tenant]]` tables of the file at *path*. Raise SetupError that names it."""
    import tomllib

    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8-sig")).get("tenant", [])
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise SetupError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: is not TOML: {error}"
        raise SetupError(msg) from None
    if not isinstance(found, list):
        msg = f"{path}: expected [[tenant]] tables, as in the mock's configuration"
        raise SetupError(msg)
    return found


def _built_in(tables: list[Any], source: str, followed: Readings) -> object:
    settings = Settings(jump_settle=AT_ONCE, readings=followed)
    return assemble(settings, tenant_file.of(settings, tables, source), access_log.silent).app


def _local(url: str) -> str:
    base = base_url(url)
    if not is_loopback(urlsplit(base).hostname):
        msg = f"{url}: is not this machine, and the check starts sync runs; visit it with --real"
        raise SetupError(msg)
    return base


def base_url(url: str) -> str:
    """Return *url* without a slash at its end. Raise SetupError if it is no base URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or "@" in url or "?" in url or "#" in url:
        msg = f"{url}: expected a base URL such as http://127.0.0.1:8204"
        raise SetupError(msg)
    return url.rstrip("/")


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
