"""`superoffice-mock replay`: recordings are answered from, or with --against sent again."""

import os
import sys
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Final

import click
from click.core import ParameterSource

from superoffice_contract.messages import describe_unknown
from superoffice_contract.openapi import operations
from superoffice_mock.app import assemble
from superoffice_mock.cli import serve, target_options
from superoffice_mock.cli.base import WRONG_USAGE, Command, max_file_option
from superoffice_mock.cli.reports import end_with_report, report_options
from superoffice_mock.errors import SetupError, explain_missing_extra
from superoffice_mock.replay.loading import load_exchanges, report_missing_bodies
from superoffice_mock.replay.matching import DEFAULT_FIELDS, FIELDS
from superoffice_mock.replay.player import RecordedExchange, Rules, Timing
from superoffice_mock.replay.request_key import RequestKeys
from superoffice_mock.tenants.registry import is_tenant_id
from superoffice_mock.webapi import replay_backend

NOTHING_OBSERVED: Final = (
    "no exchange could be observed; the report says beside each what is missing"
)
AGAINST_ONLY: Final = frozenset(
    (
        *("target_file", "gap", "timeout", "real", "start_syncs", "accounts", "ca", "proxy"),
        *("format_", "out", "all_"),
    )
)
COMMON: Final = frozenset({"files", "against", "max_file"})
NO_SETTINGS: Final = AGAINST_ONLY | COMMON | {"timing", "repeat", "on_miss"}
"""Options of `replay` that are not settings of the server."""


@click.command("replay", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--match",
    metavar="NAME,…",
    help="Compare method, path, query, body, credentials, media-type. [all but the last]",
)
@click.option(
    "--timing",
    type=click.Choice(["recorded", "none"]),
    help="By default, an answer that took about a second or more takes as long again, and calls "
    "that overlapped keep their order. recorded: calls that did not overlap keep it, too. none: "
    "at once, in any order.",
)
@click.option("--repeat", is_flag=True, help="Give an answer again when all of them were given.")
@click.option(
    "--on-miss",
    type=click.Choice(["404", "simulate"]),
    default="404",
    help="How to answer a request that is not recorded. [404]",
)
@max_file_option
@click.option("--against", metavar="URL", help="Send the requests there, compare the answers.")
@click.option("--all", "all_", is_flag=True, help="Send also what is no documented call.")
@click.option(
    "--target-file", metavar="FILE", help="Credentials: [[tenant]] tables. [demo tenants]"
)
@click.option("--gap", type=float, default=float("inf"), help="Longest pause. [as recorded]")
@click.option("--timeout", type=float, default=10.0, help="Seconds to wait for an answer. [10]")
@click.option("--real", is_flag=True, help="Allow a URL on another machine.")
@click.option("--start-syncs", is_flag=True, help="With --real: allow requests that start syncs.")
@click.option("--accounts", metavar="ID,…", help="With --real: the only accounts to sync.")
@click.option("--ca", metavar="FILE", help="With --real: certificate authority of the server, PEM.")
@target_options.proxy_option
@report_options
@serve.settings_options
def command(
    files: tuple[str, ...],
    config: str | None,
    reading: tuple[str, ...],
    match: str | None,
    max_file: int | None,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Serve answers from recordings (HAR or .part files).

    Serves until SIGTERM or Ctrl-C. With --against, send the recorded requests instead; exit code 1
    if an answer differs.
    """
    context = click.get_current_context()
    source = context.get_parameter_source
    given_options = {name for name in context.params if source(name) is not ParameterSource.DEFAULT}
    check_options(given_options, against=options["against"] is not None)
    warn = partial(click.echo, err=True)
    keys = RequestKeys(operations.load())
    recordings = load_exchanges(files, keys, warn, max_file)
    if options["against"] is not None:
        with explain_missing_extra("--against", "contract"):
            from superoffice_mock.cli.replay_against import replay_against
        report = replay_against(recordings, options["against"], options, os.environ)
        is_observed = any(result.status != "cannot be observed" for result in report.results)
        if not is_observed:
            warn(f"superoffice-mock: {NOTHING_OBSERVED}")
        code = report.exit_code if is_observed else WRONG_USAGE
        end_with_report(report, options["format_"], options["out"], code)
    report_missing_bodies(recordings, warn)
    rules = matching_rules(match, options["timing"], repeat=options["repeat"])
    flags = {name: options[name] for name in options.keys() & given_options - NO_SETTINGS}
    configuration = serve.load_configuration(config, flags, reading)
    backend_factory = replay_backend.replay_factory(
        recordings,
        rules,
        configuration.settings.max_body,
        simulate=options["on_miss"] == "simulate",
    )
    tables = add_recorded_tenants(configuration.tenants, recordings)
    sys.exit(serve.serve(configuration, tables, partial(assemble, backend_factory=backend_factory)))


def check_options(given_options: Collection[str], *, against: bool) -> None:
    """Raise SetupError if one of *given_options* does not go with --against, or needs it."""
    for name in sorted(given_options):
        option = f"--{name.strip('_').replace('_', '-')}"
        if against and name not in AGAINST_ONLY | COMMON:
            msg = f"{option}: is for serving a recording; leave it out with --against"
            raise SetupError(msg)
        if not against and name in AGAINST_ONLY:
            msg = f"{option}: is for --against URL; add that, or leave it out"
            raise SetupError(msg)


def matching_rules(match: str | None, timing: Timing | None, *, repeat: bool) -> Rules:
    """Return the rules for matching requests by the names in *match*. Raise SetupError."""
    names = DEFAULT_FIELDS if match is None else tuple(name.strip() for name in match.split(","))
    for name in names:
        if name not in FIELDS:
            known_fields = f"the fields are: {', '.join(FIELDS)}"
            msg = f"--match: {describe_unknown('field', name, FIELDS, known_fields)}"
            raise SetupError(msg)
    return Rules(tuple(field for field in FIELDS if field in names), timing, repeat)


def add_recorded_tenants(
    tables: Sequence[Any], recordings: Sequence[RecordedExchange]
) -> list[Any]:
    """Return *tables* with a table for each recorded Online tenant that has none."""
    ids = {str(table.get("id")).capitalize() for table in tables if isinstance(table, dict)}
    all_tables = [*tables]
    for call in recordings:
        id_ = call.key.path[0].capitalize()
        is_own = (call.entry.label.tenant or id_).capitalize() == id_
        if is_own and is_tenant_id(id_) and id_ not in ids:
            ids.add(id_)
            all_tables.append({"id": id_, "installation": "online"})
    return all_tables
