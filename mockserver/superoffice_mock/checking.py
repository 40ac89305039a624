"""`superoffice-mock check`: the contract check, the built-in mock and the demo world at hand."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from superoffice_contract import claims, report, target
from superoffice_contract.report import Report
from superoffice_contract.target import TargetError
from superoffice_mock import log, world
from superoffice_mock.asgi.app import assemble
from superoffice_mock.core.readings import Readings
from superoffice_mock.errors import SetupError
from superoffice_mock.settings import Settings
from superoffice_mock.wire.cors import is_loopback

AT_ONCE = 0.001
"""Real seconds after which the built-in mock's clock jumps: nobody else calls it."""


def checked(url: str | None, options: Mapping[str, Any], progress: Callable[[str], None]) -> Report:
    """Check the server at *url*, or the built-in mock. Raise SetupError for what can't be run."""
    try:
        from superoffice_contract.suite import Plan, run
    except ImportError as error:
        msg = f"check needs {error.name}: pip install 'superoffice-mock[contract]'"
        raise SetupError(msg) from None
    if not options["timeout"] > 0:
        msg = f"--timeout {options['timeout']:g}: expected seconds, more than 0"
        raise SetupError(msg)
    readings = _readings(options["reading"])
    tables, source = _tables(options["target_file"])
    try:
        plan = Plan(
            server=_built_in(tables, source, readings) if url is None else _local(url),
            tenants=target.tenants(tables, source),
            profile=options["profile"],
            seed=options["seed"],
            readings=readings.as_dict(),
            timeout_seconds=options["timeout"],
            only=options["only"],
        )
        return run(plan, progress if sys.stderr.isatty() else lambda _: None)
    except TargetError as error:
        raise SetupError(str(error)) from None


def _readings(assignments: tuple[str, ...]) -> Readings:
    readings = Readings()
    for one in assignments:
        name, _, value = one.partition("=")
        try:
            readings = readings.with_value(name, value)
        except ValueError as error:
            msg = f"--reading {one}: {error}"
            raise SetupError(msg) from None
    return readings


def _tables(path: str | None) -> tuple[list[Any], str]:
    if path is None:
        return world.demo(), "the demo world"
    import tomllib

    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8")).get("tenant", [])
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise SetupError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: is not TOML: {error}"
        raise SetupError(msg) from None
    if not isinstance(tables, list):
        msg = f"{path}: expected [[tenant]] tables, as in the mock's configuration"
        raise SetupError(msg)
    return tables, path


def _built_in(tables: list[Any], source: str, readings: Readings) -> object:
    settings = Settings(jump_settle=AT_ONCE, readings=readings)
    facts = world.tenants(tables, source, settings.seconds_per_account, readings)
    return assemble(settings, facts, log.silent).app


def _local(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or "@" in url or "?" in url or "#" in url:
        msg = f"{url}: expected a base URL such as http://127.0.0.1:8204"
        raise SetupError(msg)
    if not is_loopback(host):
        msg = f"{url}: is not this machine; the check starts sync runs, so it stays here"
        raise SetupError(msg)
    return url.rstrip("/")


def written(found: Report, shape: str, out: str | None, echo: Callable[..., None]) -> None:
    """Write *found* as *shape* to the file *out*, or echo it. Raise SetupError if it can't."""
    text = report.FORMATS[shape](found)
    if out is None:
        echo(text, nl=False)
        return
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{out}: can't be written: {error.strerror}"
        raise SetupError(msg) from error


def listed() -> str:
    """Return every claim, its fact and the checks that stand for it, as text."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    from superoffice_contract.suite import standing_for

    checks = standing_for()
    for claim in claims.load().values():
        by = ", ".join(checks.get(claim.id, ())) or "no check; a fact about the page, or our tests'"
        yield f"{claim.id} ({claim.kind})"
        yield f"  {claim.fact}"
        yield f"  checked by: {by}"
