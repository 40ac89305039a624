"""`superoffice-mock run`: a command runs against a mock, which then judges what really happened."""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from superoffice_contract import output_files
from superoffice_contract.messages import (
    NO_FOLDER,
    describe_os_error,
    describe_unknown,
    show_path,
)
from superoffice_contract.openapi import operations
from superoffice_contract.report_formats import FORMATS
from superoffice_contract.verdict.problems import DEFAULT_KINDS, NEVER, check_kinds
from superoffice_mock.access_log import make_logger
from superoffice_mock.app import Mock, assemble
from superoffice_mock.cli import serve
from superoffice_mock.cli.base import WRONG_USAGE, Command
from superoffice_mock.cli.child_process import run_command
from superoffice_mock.cli.replay import add_recorded_tenants
from superoffice_mock.cli.run_verdict import MAX_CALLS, Judgement
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import PREFIX, Settings
from superoffice_mock.control.endpoints.tenants import credentials_view
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.errors import SetupError
from superoffice_mock.replay.loading import load_exchanges, report_missing_bodies
from superoffice_mock.replay.player import Rules
from superoffice_mock.replay.request_key import RequestKeys
from superoffice_mock.server import run
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi import replay_backend

if TYPE_CHECKING:
    from superoffice_contract.report import Report

FAIL_ON: Final = (*DEFAULT_KINDS, NEVER)
FORMAT_BY_SUFFIX: Final[Mapping[str, str]] = {
    ".xml": "junit",
    ".json": "json",
    ".md": "markdown",
    ".txt": "text",
    ".html": "html",
}
OWN_DEFAULTS: Final = {"port": "0", "log": "off", "journal-exchanges": f"{MAX_CALLS}"}
"""The defaults of `run` that are not those of `serve`."""
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
VARIABLES: Final[Mapping[str, str]] = {
    "url": "SUPEROFFICE_URL",
    "control-url": "SUPEROFFICE_CONTROL_URL",
    "control-token": "SUPEROFFICE_CONTROL_TOKEN",
    "tenant": "SUPEROFFICE_TENANT",
    "user": "SUPEROFFICE_USER",
    "password": "SUPEROFFICE_PASSWORD",
    "ticket": "SUPEROFFICE_TICKET",
    "app-token": "SUPEROFFICE_APP_TOKEN",
    "client-id": "SUPEROFFICE_CLIENT_ID",
    "access-token": "SUPEROFFICE_ACCESS_TOKEN",
    "refresh-token": "SUPEROFFICE_REFRESH_TOKEN",
    "session": "SUPEROFFICE_SESSION",
    "xsrf": "SUPEROFFICE_XSRF",
}
"""What the command gets, and in which variable."""


class _Command(Command):
    """Options end where the command begins, so that those of the command stay its own."""

    allow_interspersed_args = False


@click.command("run", cls=_Command)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--installation",
    type=click.Choice(["onsite", "online"]),
    help="Where the tenant of the variables is. [default: as the first, or the recorded one]",
)
@click.option("--replay", multiple=True, metavar="FILE", help="Answer from this recording.")
@click.option(
    "--env", multiple=True, metavar="NAME=url", help="Give the URL, or another value, as NAME, too."
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="KIND,…",
    help=f"What fails the run, or none. [default: {','.join(FAIL_ON)}]",
)
@click.option(
    "--report",
    multiple=True,
    metavar="FILE",
    help="Write a report: JUnit (.xml), JSON, Markdown (.md), text (.txt), or HTML with pictures.",
)
@partial(serve.settings_options, defaults=OWN_DEFAULTS)
def command(
    command: tuple[str, ...],
    installation: str | None,
    replay: tuple[str, ...],
    env: tuple[str, ...],
    fail_on: tuple[str, ...],
    report: tuple[str, ...],
    config: str | None,
    reading: tuple[str, ...],
    **flags: str | None,
) -> None:
    """Run COMMAND against a mock, and judge what happened.

    The mock is on a free port; it ends with COMMAND.

    COMMAND finds the mock by SUPEROFFICE_URL and its credentials by SUPEROFFICE_USER, _PASSWORD,
    _TICKET, _APP_TOKEN, _ACCESS_TOKEN, _SESSION and _XSRF; tests find /_mock/ by
    SUPEROFFICE_CONTROL_URL. Write -- before it.

    Exit code: that of COMMAND unless it is 0; 1 if anything happened that --fail-on names; 2 for
    wrong usage.
    """
    kinds = _read_kinds(fail_on)
    reports = [(path, _format_of(path, replay)) for path in report]
    names = [_read_name(assignment) for assignment in env]
    mock, settings, tenants = _build_mock(config, flags, reading, replay)
    tenant = _choose_tenant(mock, tenants, installation)
    judgement = Judgement(kinds)
    needs_pictures = any(format_ == "html" for _, format_ in reports)

    def judge(tenant: Tenant) -> None:
        take_timeline = partial(mock.take_timeline, tenant) if needs_pictures else None
        judgement.add(mock.take_evidence(tenant), take_timeline)

    mock.tenants.before_end = judge

    def judge_all() -> None:
        for each in mock.tenants:
            judge(each)

    make_server = partial(run.Server, before_end=judge_all)
    with run.serve_in_background(mock, settings, make_server) as url:
        environment = _build_environment(os.environ, run.local_url(url), tenant, settings, names)
        code = run_command(command, environment, VARIABLES["control-url"])
    click.echo(judgement.describe(code), err=True)
    is_written = _write_reports(reports, judgement)
    sys.exit(code or (0 if judgement.passed else 1) or (0 if is_written else WRONG_USAGE))


def _read_kinds(texts: Sequence[str]) -> frozenset[str]:
    """Return the kinds in all *texts*, by default `FAIL_ON`. Raise SetupError."""
    kinds = [kind.strip() for text in texts for kind in text.split(",")] or FAIL_ON
    if "none" in kinds and len(kinds) > 1:
        raise SetupError("--fail-on: none stands alone; leave out the other kinds, or none")
    try:
        return check_kinds(() if "none" in kinds else kinds)
    except ValueError as error:
        raise SetupError(f"--fail-on: {error}; or none") from None


def _format_of(path: str, files_read: Iterable[str]) -> str:
    """Return the format of a report at *path*. Raise SetupError if it can't be written there."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMAT_BY_SUFFIX:
        known = ", ".join(FORMAT_BY_SUFFIX)
        raise SetupError(f"--report {show_path(path)}: name a file that ends with one of {known}")
    if any(output_files.is_same(path, file) for file in files_read):
        raise SetupError(f"--report {show_path(path)}: it is a recording; name another file")
    if Path(path).is_dir():
        raise SetupError(f"--report {show_path(path)}: it is a folder; name a file")
    if not Path(path).parent.is_dir():
        raise SetupError(f"--report {show_path(path)}: {NO_FOLDER}; make it, or name another one")
    return FORMAT_BY_SUFFIX[suffix]


def _read_name(assignment: str) -> tuple[str, str]:
    """Return the name and the value's name in NAME=url. Raise SetupError."""
    name, equals, value = assignment.partition("=")
    if not _VARIABLE.fullmatch(name) or not equals:
        raise SetupError("--env: expected the name of a variable and a value, such as CRM_URL=url")
    if name.upper().startswith(PREFIX):
        raise SetupError(f"--env: names that begin with {PREFIX} are settings; choose another")
    if value not in VARIABLES:
        known = f"the values are: {', '.join(VARIABLES)}"
        raise SetupError(f"--env: {describe_unknown('value', value, VARIABLES, known)}")
    return name, value


def _build_mock(
    config: str | None,
    flags: Mapping[str, str | None],
    reading: tuple[str, ...],
    files: Sequence[str],
) -> tuple[Mock, Settings, Sequence[TenantFacts]]:
    """Return the mock, with a free port, a long journal and no log unless *flags* say otherwise."""
    own = {name.replace("-", "_"): value for name, value in OWN_DEFAULTS.items()}
    flags = own | {name: value for name, value in flags.items() if value is not None}
    configuration = serve.load_configuration(config, flags, reading)
    settings, tables = configuration.settings, configuration.tenants
    backend_factory = None
    if files:
        warn = partial(click.echo, err=True)
        recordings = load_exchanges(files, RequestKeys(operations.load()), warn)
        report_missing_bodies(recordings, warn)
        tables = add_recorded_tenants(tables, recordings)
        backend_factory = replay_backend.replay_factory(
            recordings, Rules(), settings.max_body, simulate=False
        )
    tenants = tenant_file.load_tenants(settings, tables, configuration.source, configuration.folder)
    for warning in tenant_file.list_warnings(tenants, configuration.source):
        click.echo(f"superoffice-mock: {warning}", err=True)
    logger = make_logger(settings.log)
    mock = assemble(settings, tenants, logger, backend_factory=backend_factory)
    return mock, settings, tenants


def _choose_tenant(
    mock: Mock, tenants: Iterable[TenantFacts], installation: str | None
) -> TenantFacts:
    """Return the first tenant of *installation*, one that is recorded first. Raise SetupError."""
    fitting = [each for each in tenants if installation in (None, each.installation)]
    recorded = (each for each in fitting if _count_recorded(mock, each))
    if fitting:
        return next(recorded, fitting[0])
    msg = f"--installation {installation}: no tenant of the configuration is {installation}"
    raise SetupError(f"{msg}; add one, or leave the option out")


def _count_recorded(mock: Mock, facts: TenantFacts) -> int:
    tenant = mock.tenants.get(facts.id)
    return 0 if tenant is None else mock.take_evidence(tenant).recorded


def _build_environment(
    inherited: Mapping[str, str],
    url: str,
    tenant: TenantFacts,
    settings: Settings,
    names: Iterable[tuple[str, str]],
) -> dict[str, str]:
    """Return the variables of the command; it inherits no credential that the tenant lacks."""
    credentials = credentials_view(tenant)
    is_default = tenant.id == "onsite"
    values: dict[str, str | None] = {
        "url": url if is_default else f"{url}/{tenant.id}",
        "control-url": f"{url}/_mock",
        "control-token": settings.control_token,
        "tenant": tenant.id,
    }
    values |= {name: credentials[name.replace("-", "_")] for name in VARIABLES.keys() - values}
    wanted = [*((variable, name) for name, variable in VARIABLES.items()), *names]
    for _, name in names:
        if values[name] is None:
            raise SetupError(f"--env: tenant {tenant.id} has no {name}; name another value")
    own = {variable: values[name] for variable, name in wanted}
    others = {name: value for name, value in inherited.items() if name not in own}
    return others | {name: value for name, value in own.items() if value is not None}


def _write_reports(reports: Iterable[tuple[str, str]], judgement: Judgement) -> bool:
    """Write the *reports*; return whether all could be written."""
    is_written = True
    report: Report | None = None
    for path, format_ in reports:
        report = report or judgement.report()
        try:
            text = FORMATS[format_](report)
            output_files.replace(path, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            problem = describe_os_error(error, NO_FOLDER)
            click.echo(f"superoffice-mock: --report {show_path(path)}: {problem}", err=True)
            is_written = False
    return is_written
