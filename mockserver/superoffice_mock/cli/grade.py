"""`superoffice-mock grade`: the traffic of an app is judged."""

import os
from functools import partial

import click
from msgspec.structs import replace

from superoffice_contract.grading import grade, journal_client
from superoffice_mock.cli import target_options
from superoffice_mock.cli.base import CONTROL_TOKEN_VARIABLE, Command
from superoffice_mock.cli.reports import end_with_report, report_options
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.redaction.pictures import draw_recordings


@click.command("grade", cls=Command)
@click.argument("har", required=False)
@click.option(
    "--journal",
    metavar="URL",
    help="A running mock, which knows the calls that were turned away, but keeps no answers.",
)
@click.option(
    "--tenant", multiple=True, metavar="ID", help="Tenants to grade. [default: the mock's default]"
)
@target_options.proxy_option
@report_options
def command(
    har: str | None,
    journal: str | None,
    tenant: tuple[str, ...],
    proxy: str | None,
    format_: str,
    out: str | None,
) -> None:
    """Check the traffic of an app against the contract.

    The traffic is a HAR file, or the journal of a mock that the app called. If that mock has a
    control token, set SUPEROFFICE_MOCK_CONTROL_TOKEN to it.

    Exit code 0: no findings; 1: findings; 2: there is no HAR, no journal, or no call in it.
    """
    if (har is None) == (journal is None) or (har is not None and tenant):
        msg = "give either a HAR file, or --journal URL and perhaps --tenant ID"
        raise click.UsageError(msg)
    for id_ in tenant:
        if not target_options.TENANT_ID.fullmatch(id_):
            msg = "--tenant: expected the id of a tenant, such as onsite"
            raise SetupError(msg)
    proxy_to_use = target_options.find_proxy(proxy, journal)
    if journal is None:
        report = grade.grade_har(har or "", tell=partial(click.echo, err=True))
        if format_ == "html":
            entries = har_file.load(har or "").entries
            report = replace(report, pictures=draw_recordings((har or "", entries)))
    else:
        token = os.environ.get(CONTROL_TOKEN_VARIABLE)
        report = grade.grade_journal(journal, tenant, token, proxy=proxy_to_use)
        if format_ == "html":
            timelines = journal_client.load_timelines(journal, tenant, token, proxy_to_use)
            report = replace(report, pictures=tuple((each,) for each in timelines))
    end_with_report(report, format_, out)
