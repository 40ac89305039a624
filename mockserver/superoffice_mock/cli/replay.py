"""`superoffice-mock replay`: its options, and who does it."""

import os
import sys
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Final

import click
from click.core import ParameterSource

from superoffice_contract.report import Report
from superoffice_mock.cli import options as cli_options
from superoffice_mock.cli.base import Command
from superoffice_mock.errors import SetupError
from superoffice_mock.replay import recording_diff
from superoffice_mock.replay.loading import loaded, recorded
from superoffice_mock.replay.matching import FIELDS, STRICT
from superoffice_mock.replay.player import Recorded, Rules, Timing
from superoffice_mock.tenants.registry import names_a_tenant


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
    help="none: all at once. recorded: after who had arrived before, even where none overlapped.",
)
@click.option("--repeat", is_flag=True, help="Give answers again that have all been given.")
@click.option(
    "--on-miss",
    type=click.Choice(["404", "simulate"]),
    default="404",
    help="What to answer where nothing is recorded. [default: 404]",
)
@cli_options.max_file
@click.option("--against", metavar="URL", help="Send the requests there, compare the answers.")
@click.option("--target-file", metavar="FILE", help="Who signs in: [[tenant]] tables. [demo world]")
@click.option("--gap", type=float, default=float("inf"), help="Longest pause. [as recorded]")
@click.option("--timeout", type=float, default=10.0, help="Seconds to wait for an answer. [10]")
@click.option("--real", is_flag=True, help="URL may be another machine.")
@click.option("--start-syncs", is_flag=True, help="Another machine may be told to sync.")
@click.option("--accounts", metavar="ID,…", help="The only accounts that may be synced there.")
@click.option("--ca", metavar="FILE", help="PEM: the authority that the server's is from.")
@cli_options.reporting
@cli_options.settings
def command(
    files: tuple[str, ...],
    config: str | None,
    reading: tuple[str, ...],
    match: str | None,
    max_file: int | None,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Answer from recordings, HAR or .part, until SIGTERM or Ctrl-C.

    With --against, be the client instead; exit code 1 if an answer is another than recorded.
    """
    from superoffice_mock.app import assemble
    from superoffice_mock.cli import serve
    from superoffice_mock.config import tenant_file
    from superoffice_mock.replay import loading
    from superoffice_mock.webapi import replay_backend

    context = click.get_current_context()
    source = context.get_parameter_source
    chosen = {name for name in context.params if source(name) is not ParameterSource.DEFAULT}
    check_options(chosen, against=options["against"] is not None)
    recorded = loading.recorded(loading.loaded(files, max_file, partial(click.echo, err=True)))
    if options["against"] is not None:
        from superoffice_mock.cli import base, replay_against

        told = replay_against.sent(recorded, options["against"], options, os.environ)
        base.write_report(told, options["shape"], options["out"], click.echo)
        sys.exit(told.exit_code)
    rules = matching_rules(match, options["timing"], repeat=options["repeat"])
    flags = {name: options[name] for name in options.keys() & chosen - OWN}
    loaded = cli_options.configured(config, flags, reading)
    simulate, longest = options["on_miss"] == "simulate", loaded.settings.max_body
    instead = replay_backend.instead(recorded, rules, longest, simulate=simulate)
    tables = tenants(tenant_file.tables(loaded), recorded)
    sys.exit(serve.served(loaded, tables, partial(assemble, instead=instead)))


AGAINST: Final = frozenset(
    {"target_file", "gap", "timeout", "real", "start_syncs", "accounts", "ca", "shape", "out"}
)
"""Options that only `--against` has."""


BOTH: Final = frozenset({"files", "against", "max_file"})


OWN: Final = AGAINST | BOTH | {"timing", "repeat", "on_miss"}
"""Options of `replay` that are no settings of a server."""


def check_options(given: Collection[str], *, against: bool) -> None:
    """Raise SetupError if an option is *given* that the other kind of replay has."""
    for name in sorted(given):
        flag = f"--{'format' if name == 'shape' else name.replace('_', '-')}"
        if against and name not in AGAINST | BOTH:
            msg = f"{flag}: is for serving a recording; leave it out beside --against"
            raise SetupError(msg)
        if not against and name in AGAINST:
            msg = f"{flag}: is for --against URL; add that, or leave it out"
            raise SetupError(msg)


def differences(
    ours: str,
    theirs: str,
    match: str | None,
    max_file: int | None,
    tell: Callable[[str], object],
) -> Report:
    """Return in what the recording *theirs* is another than *ours*. Raise SetupError."""
    known, other = (recorded(loaded((path,), max_file, tell)) for path in (ours, theirs))
    fields = matching_rules(match, "none", repeat=False).fields
    return Report(
        f"{theirs} compared with {ours}", tuple(recording_diff.compared(known, other, fields))
    )


def matching_rules(match: str | None, timing: Timing | None, *, repeat: bool) -> Rules:
    """Return how requests are matched, *match* being names between commas. Raise SetupError."""
    names = STRICT if match is None else tuple(one.strip() for one in match.split(","))
    for name in names:
        if name not in FIELDS:
            msg = f"--match {match}: {name!r} is not known; known are {', '.join(FIELDS)}"
            raise SetupError(msg)
    return Rules(tuple(one for one in FIELDS if one in names), timing, repeat)


def tenants(tables: Sequence[Any], replayed: Sequence[Recorded]) -> list[Any]:
    """Return *tables* with those tenants that were recorded, and are not among them, beside."""
    known = {str(one.get("id")).lower() for one in tables if isinstance(one, dict)}
    seen = dict.fromkeys(
        one.sent.path[0]
        for one in replayed
        if names_a_tenant(one.sent.path[0])
        and one.entry.label.tenant in (None, *_spellings(one.sent.path[0]))
    )
    made = ({"id": _spellings(id_)[0], "installation": "online"} for id_ in seen)
    return [*tables, *(one for one in made if one["id"].lower() not in known)]


def _spellings(id_: str) -> tuple[str, ...]:
    return id_.capitalize(), id_
