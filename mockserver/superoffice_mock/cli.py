"""The command line: `superoffice-mock`. Every subcommand imports what it needs, when it runs."""

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from superoffice_mock import __version__
from superoffice_mock.errors import SetupError

WRONG_USAGE = 2
STOPPED = "superoffice-mock stopped"
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


@main.command(cls=_Command)
@_settings
def serve(config: str | None, reading: tuple[str, ...], **flags: str | None) -> None:
    """Serve the mock until SIGTERM or Ctrl-C."""
    gc.disable()  # start-up makes no garbage; looking for it is a tenth of the time until ready
    from superoffice_mock import server, world
    from superoffice_mock.asgi.app import assemble
    from superoffice_mock.log import logger
    from superoffice_mock.settings import load

    given = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    loaded = load(config, os.environ, given, reading)
    settings = loaded.settings
    server.check(settings)
    tables = world.demo() if loaded.tenants is None else loaded.tenants
    each, readings = settings.seconds_per_account, settings.readings
    facts = world.tenants(tables, loaded.source, each, readings)
    if settings.port_file is not None:
        server.remove_port_file(settings.port_file)
    with server.listen(settings) as listening:

        def ready() -> None:
            gc.freeze()
            gc.enable()
            if settings.port_file is not None:
                server.write_port_file(settings.port_file, server.port_of(listening))
            click.echo(f"superoffice-mock ready on {server.url_of(listening, settings)}")

        mock = assemble(settings, facts, logger(settings.log))
        running = server.Server(mock, settings, ready)
        running.run([listening])
    if settings.port_file is not None:
        server.remove_port_file(settings.port_file)
    if settings.log in ("auto", "text"):
        click.echo(STOPPED, err=True)
    sys.exit(running.exit_code)


@main.command(cls=_Command)
def demo() -> None:
    """Play the page's sample against a server of its own, and show what the caller can't see."""
    from superoffice_mock.demo import play

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
@click.option("--format", "shape", type=click.Choice(["text", "json", "junit"]), default="text")
def grade(har: str | None, journal: str | None, tenant: tuple[str, ...], shape: str) -> None:
    """Judge an app by its traffic: a HAR file, or the journal of a mock that it called."""
    from superoffice_contract import grading, report
    from superoffice_contract.calls import TrafficError

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
    written = {"text": report.as_text, "json": report.as_json, "junit": report.as_junit}[shape]
    click.echo(written(found), nl=False)
    sys.exit(found.exit_code)


@main.command(cls=_Command)
@click.argument("file")
@click.option("--format", "shape", type=click.Choice(["text", "json", "junit"]), default="text")
@click.option("--out", metavar="FILE", help="Where to write the report. [default: standard output]")
def drift(file: str, shape: str, out: str | None) -> None:
    """Compare the vendor's page (text, Markdown) or Swagger/OpenAPI file with the contract."""
    from pathlib import Path

    from superoffice_contract import drift, report
    from superoffice_contract.facts import DriftError

    try:
        found = drift.report(Path(file))
        written = report.FORMATS[shape](found)
        if out is None:
            click.echo(written, nl=False)
        else:
            Path(out).write_text(written, encoding="utf-8")
    except DriftError as error:
        raise SetupError(str(error)) from error
    except OSError as error:
        msg = f"{out}: can't be written: {error.strerror}"
        raise SetupError(msg) from error
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
@click.option("--reading", multiple=True, metavar="NAME=VALUE", help="What the server follows.")
@click.option("--timeout", type=float, default=10.0, help="Seconds to wait for an answer.")
@click.option("--format", "shape", type=click.Choice(["text", "json", "junit"]), default="text")
@click.option("--out", metavar="FILE", help="Where to write the report. [standard output]")
def check(url: str | None, listing: bool, **options: Any) -> None:  # noqa: ANN401, FBT001 - click's
    """Hold a server to the contract: the one at URL, or the built-in mock.

    Starts sync runs there, so URL is on this machine. Exit code 1 if something was found.
    """
    from superoffice_mock import checking

    if listing:
        click.echo(checking.listed(), nl=False)
        return
    found = checking.checked(url, options, lambda name: click.echo(f"  … {name}", err=True))
    checking.written(found, options["shape"], options["out"], click.echo)
    sys.exit(found.exit_code)
