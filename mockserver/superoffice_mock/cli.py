"""The command line: `superoffice-mock`. Every subcommand imports what it needs, when it runs."""

import gc
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from superoffice_mock import __version__
from superoffice_mock.errors import SetupError

WRONG_USAGE = 2
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="superoffice-mock")
def main() -> None:
    """Run a local SuperOffice that answers as documented, and tells the truth at /_mock/."""


class _Command(click.Command):
    """A command that turns a SetupError into one line and exit code 2, Ctrl-C into 130."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        try:
            return super().invoke(ctx)
        except SetupError as error:
            click.echo(f"superoffice-mock: {error}", err=True)
            ctx.exit(WRONG_USAGE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def _settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* one flag per setting, and --config and --reading."""
    from superoffice_mock.settings import options

    for option in reversed(list(options())):
        shown = "none" if option.default is None else f"{option.default}"
        about = f"{option.help[0].upper()}{option.help[1:]}. [default: {shown}]"
        command = click.option(f"--{option.name}", metavar="VALUE", help=about)(command)
    command = click.option(
        "--reading",
        multiple=True,
        metavar="NAME=VALUE",
        help="How to read what the page leaves open; see `superoffice-mock readings`.",
    )(command)
    return click.option("--config", metavar="FILE", help="TOML: settings and tenants.")(command)


def _reporting(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* what says how and where its report is written."""
    where = "Where to write the report. [default: standard output]"
    command = click.option("--out", metavar="FILE", help=where)(command)
    shapes = click.Choice(["text", "json", "junit"])
    return click.option("--format", "shape", type=shapes, default="text")(command)


_max_file = click.option(
    "--max-file", type=click.IntRange(1), metavar="BYTES", help="[default: 67108864]"
)


@main.command(cls=_Command)
@_settings
def serve(config: str | None, reading: tuple[str, ...], **flags: str | None) -> None:
    """Serve the mock until SIGTERM or Ctrl-C."""
    gc.disable()  # start-up makes no garbage; looking for it is a tenth of the time until ready
    from superoffice_mock import world
    from superoffice_mock.asgi.app import assemble
    from superoffice_mock.commands import serving
    from superoffice_mock.settings import load

    given = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    loaded = load(config, os.environ, given, reading)
    tables = world.demo() if loaded.tenants is None else loaded.tenants
    sys.exit(serving.served(loaded, tables, assemble))


@main.command(cls=_Command)
def demo() -> None:
    """Play the page's sample against a server of its own, and show what the caller can't see."""
    from superoffice_mock.commands.demo import play

    play(click.echo)


@main.command(cls=_Command)
def readings() -> None:
    """List what the page leaves open: every reading, its values and why it is open."""
    from superoffice_mock.core.readings import READINGS

    for one in READINGS.values():
        default, *others = one.values
        click.echo(f"{one.name}")
        click.echo(f"  values   {default} (default), {', '.join(others)}")
        click.echo(f"  why      {one.why}")
        click.echo(f"  source   {one.source}")


@main.command(cls=_Command)
@click.argument("har", required=False)
@click.option("--journal", metavar="URL", help="A running mock; it knows what a HAR can't say.")
@click.option("--tenant", multiple=True, metavar="ID", help="Whose journal. [default: onsite]")
@_reporting
def grade(
    har: str | None, journal: str | None, tenant: tuple[str, ...], shape: str, out: str | None
) -> None:
    """Judge an app by its traffic: a HAR file, or the journal of a mock that it called."""
    from superoffice_contract import grading
    from superoffice_contract.calls import TrafficError
    from superoffice_mock.commands import reporting

    if (har is None) == (journal is None) or (har is not None and tenant):
        msg = "give either a HAR file, or --journal URL and perhaps --tenant ID"
        raise click.UsageError(msg)
    token = os.environ.get("SUPEROFFICE_MOCK_CONTROL_TOKEN")
    try:
        if journal is None:
            found = grading.grade_har(har or "")
        else:
            found = grading.grade_journal(journal, tenant or ("onsite",), token)
    except TrafficError as error:
        raise SetupError(str(error)) from None
    reporting.written(found, shape, out, click.echo)
    sys.exit(found.exit_code)


@main.command(cls=_Command)
@click.argument("file")
@_reporting
def drift(file: str, shape: str, out: str | None) -> None:
    """Compare the vendor's page (text, Markdown) or Swagger/OpenAPI file with the contract."""
    from pathlib import Path

    from superoffice_contract import drift
    from superoffice_contract.facts import DriftError
    from superoffice_mock.commands import reporting

    try:
        found = drift.report(Path(file))
    except DriftError as error:
        raise SetupError(str(error)) from error
    reporting.written(found, shape, out, click.echo)
    sys.exit(found.exit_code)


@main.command(cls=_Command)
@click.argument("url", required=False)
@click.option("--list", "listing", is_flag=True, help="List the claims and what checks them.")
@click.option("--profile", type=click.Choice(["quick", "full"]), default="quick")
@click.option("--seed", type=int, default=1, help="The same seed sends the same requests.")
@click.option("--only", multiple=True, metavar="CHECK", help="Run this check alone, or these.")
@click.option(
    "--target-file", metavar="FILE", help="TOML: the [[tenant]] tables of the target. [demo world]"
)
@click.option(
    "--reading",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the server follows; `any`: whatever it follows, and the report tells.",
)
@click.option("--run-seconds", type=float, help="How long a run takes there. [learned]")
@click.option("--timeout", type=float, default=10.0, help="Seconds to wait for an answer.")
@click.option("--real", is_flag=True, help="Visit a real tenant: few requests, one at a time.")
@click.option("--start-syncs", is_flag=True, help="A visit may sign in and start syncs.")
@click.option("--accounts", metavar="ID,…", help="The only accounts that a visit may name.")
@click.option("--max-requests", type=int, default=60, help="A visit sends no more. [60]")
@click.option("--pace", type=float, default=2.0, help="Seconds between a visit's requests. [2]")
@click.option("--ca", metavar="FILE", help="PEM: the authority that a visited server's is from.")
@_reporting
def check(url: str | None, listing: bool, **options: Any) -> None:  # noqa: ANN401, FBT001 - click's
    """Hold a server to the contract: the one at URL, or the built-in mock.

    Starts sync runs there, so URL is on this machine; any other is visited with --real, which
    starts none unless you say so. Exit code 1 if something was found.
    """
    from superoffice_mock.commands import checking, reporting, visiting

    if listing:
        click.echo(checking.listed(), nl=False)
        return
    source = click.get_current_context().get_parameter_source
    given = {name for name in options if source(name) is not ParameterSource.DEFAULT}
    if options["real"]:
        visiting.check_options(given)
        found = visiting.visited(url, options, os.environ, partial(click.echo, err=True))
    else:
        checking.check_options(given)
        found = checking.checked(url, options, os.environ)
    reporting.written(found, options["shape"], options["out"], click.echo)
    sys.exit(found.exit_code)


@main.command(cls=_Command)
@click.option("--upstream", required=True, metavar="URL", help="The server to record.")
@click.option("--out", required=True, metavar="FILE", help="The HAR to make; FILE.part until then.")
@click.option("--host", metavar="VALUE", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", metavar="VALUE", help="Port to listen on; 0: a free one. [default: 8204]")
@click.option("--port-file", metavar="VALUE", help="File that receives the port, whole.")
@click.option("--allow-private", is_flag=True, help="Call an upstream with a private address, too.")
@click.option("--overwrite", is_flag=True, help="Replace FILE, if it is there, in the end.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86_400, min_open=True),
    default=120.0,
    help="Seconds without a word from the upstream until it counts as gone. [default: 120]",
)
@click.option("--ca", metavar="FILE", help="PEM: the authority that the upstream's is from.")
def record(host: str | None, port: str | None, port_file: str | None, **wanted: Any) -> None:  # noqa: ANN401 - click's
    """Stand before a real server and record what passes by, with pseudonyms for all secrets.

    Until SIGTERM or Ctrl-C. Exit code 1 if something could not be recorded.
    """
    from superoffice_mock.commands import proxying
    from superoffice_mock.settings import load

    flags = {"host": host, "port": port, "port-file": port_file}
    given = {name: value for name, value in flags.items() if value is not None}
    settings = load(None, {}, given, ()).settings

    def ready(url: str) -> None:
        click.echo(f"superoffice-mock ready on {url}")

    tell = partial(click.echo, err=True)
    sys.exit(proxying.recorded(proxying.Wanted(**wanted), settings, ready, tell))


@main.command(cls=_Command)
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
@_max_file
@click.option("--against", metavar="URL", help="Send the requests there, compare the answers.")
@click.option("--target-file", metavar="FILE", help="Who signs in: [[tenant]] tables. [demo world]")
@click.option("--gap", type=float, default=float("inf"), help="Longest pause. [as recorded]")
@click.option("--timeout", type=float, default=10.0, help="Seconds to wait for an answer. [10]")
@click.option("--real", is_flag=True, help="URL may be another machine.")
@click.option("--start-syncs", is_flag=True, help="Another machine may be told to sync.")
@click.option("--accounts", metavar="ID,…", help="The only accounts that may be synced there.")
@click.option("--ca", metavar="FILE", help="PEM: the authority that the server's is from.")
@_reporting
@_settings
def replay(
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
    from superoffice_mock import world
    from superoffice_mock.asgi.app import assemble
    from superoffice_mock.commands import replaying, serving
    from superoffice_mock.settings import load

    context = click.get_current_context()
    source = context.get_parameter_source
    chosen = {name for name in context.params if source(name) is not ParameterSource.DEFAULT}
    replaying.check_options(chosen, against=options["against"] is not None)
    recorded = replaying.recorded(replaying.loaded(files, max_file, partial(click.echo, err=True)))
    if options["against"] is not None:
        from superoffice_mock.commands import reporting, resending

        told = resending.sent(recorded, options["against"], options, os.environ)
        reporting.written(told, options["shape"], options["out"], click.echo)
        sys.exit(told.exit_code)
    rules = replaying.rules(match, options["timing"], repeat=options["repeat"])
    flags = {name: options[name] for name in options.keys() & chosen - replaying.OWN}
    given = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    loaded = load(config, os.environ, given, reading)
    tables = world.demo() if loaded.tenants is None else loaded.tenants
    simulate, longest = options["on_miss"] == "simulate", loaded.settings.max_body
    instead = replaying.instead(recorded, rules, longest, simulate=simulate)
    tables = replaying.tenants(tables, recorded)
    sys.exit(serving.served(loaded, tables, partial(assemble, instead=instead)))


@main.command(cls=_Command)
@click.argument("ours", metavar="A")
@click.argument("theirs", metavar="B")
@click.option("--match", metavar="NAME,…", help="Pair requests by these alone; see `replay`.")
@_max_file
@_reporting
def diff(
    ours: str, theirs: str, match: str | None, max_file: int | None, shape: str, out: str | None
) -> None:
    """Compare recording B with A: requests are paired, then their answers compared.

    Exit code 1 if something is different.
    """
    from superoffice_mock.commands import replaying, reporting

    found = replaying.differences(ours, theirs, match, max_file, partial(click.echo, err=True))
    reporting.written(found, shape, out, click.echo)
    sys.exit(found.exit_code)


@main.command(cls=_Command)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_max_file
def scan(paths: tuple[str, ...], max_file: int | None) -> None:
    """Look for secrets in HAR files and in folders of them. Exit code 1 if there are some.

    It looks into all it can read; exit code 2 if a file could not be read.
    """
    from superoffice_contract.archive import MAX_BYTES
    from superoffice_mock.traffic import scanning

    read = places = failed = 0
    for one in scanning.scanned(paths, max_file or MAX_BYTES):
        if isinstance(one, SetupError):
            failed += 1
            click.echo(f"superoffice-mock: {one}", err=True)
            continue
        read, places = read + 1, places + len(one)
        for found in one:
            click.echo(f"{found.file}: {found.place}: {found.kind}")
    told = f"{places} places; `superoffice-mock redact IN OUT` cleans a file" if places else "none"
    if read:
        click.echo(f"secrets in {read} {'file' if read == 1 else 'files'}: {told}")
    sys.exit(WRONG_USAGE if failed else min(places, 1))


@main.command(cls=_Command)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--in-place", is_flag=True, help="Let OUT be IN, which is then replaced.")
@_max_file
def redact(source: str, target: str, in_place: bool, max_file: int | None) -> None:  # noqa: FBT001 - click's
    """Write the HAR file IN to OUT with pseudonyms for secrets and names."""
    from superoffice_contract.archive import MAX_BYTES
    from superoffice_mock.traffic import cleaning

    if not in_place:
        cleaning.check_other(source, target)
    recording = cleaning.redact(source, target, max_file or MAX_BYTES)
    if recording.note:
        click.echo(f"{source}: {recording.note}", err=True)
    click.echo(f"{target}: {len(recording.entries)} exchanges, replaced:")
    for kind, count in (recording.about.redacted or {}).items():
        click.echo(f"{count:8} {kind}")
