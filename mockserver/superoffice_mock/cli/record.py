"""`superoffice-mock record`: a proxy records what passes between an app and a real server."""

import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from superoffice_mock.cli.base import Command
from superoffice_mock.config.settings import Settings, load
from superoffice_mock.errors import SetupError, explain_missing_extra
from superoffice_mock.proxy import upstream_address
from superoffice_mock.proxy.writer import RecordingWriter
from superoffice_mock.recordings import part_file
from superoffice_mock.recordings.model import Recording
from superoffice_mock.server import run

if TYPE_CHECKING:
    from socket import socket

    from superoffice_mock.proxy.upstream_client import UpstreamClient

PrintLine = Callable[[str], object]

INCOMPLETE: Final = 1
"""The exit code if something could not be recorded."""


class RecordOptions(msgspec.Struct, frozen=True):
    """The options of `record` that are not settings of its server."""

    upstream: str
    out: str
    allow_private: bool
    overwrite: bool
    timeout: float
    ca: str | None


@click.command("record", cls=Command)
@click.option("--upstream", required=True, metavar="URL", help="The server to record.")
@click.option("--out", required=True, metavar="FILE", help="The HAR; FILE.part until the end.")
@click.option("--host", metavar="VALUE", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", metavar="VALUE", help="Port to listen on; 0: a free one. [default: 8204]")
@click.option("--port-file", metavar="VALUE", help="File that the port is written to when ready.")
@click.option("--allow-private", is_flag=True, help="Allow an upstream with a private address.")
@click.option("--overwrite", is_flag=True, help="Replace FILE at the end if it exists.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86_400, min_open=True),
    default=120.0,
    help="Seconds without data from the upstream until a call fails. [default: 120]",
)
@click.option("--ca", metavar="FILE", help="Certificate authority of the upstream, PEM.")
def command(
    host: str | None,
    port: str | None,
    port_file: str | None,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Record the traffic to a real server.

    Records until SIGTERM or Ctrl-C. Secrets and names become pseudonyms. Exit code 1 if something
    could not be recorded.
    """
    flags = {"host": host, "port": port, "port-file": port_file}
    values = {name: value for name, value in flags.items() if value is not None}
    settings = load(None, {}, values, ()).settings
    sys.exit(record(RecordOptions(**options), settings, partial(click.echo, err=True)))


def record(options: RecordOptions, settings: Settings, print_line: PrintLine) -> int:
    """Record until a signal ends it, and return the exit code. Raise SetupError."""
    with explain_missing_extra("record", "contract"):
        from superoffice_mock.proxy.upstream_client import UpstreamClient, tls_context
    upstream = upstream_address.look_up(options.upstream, allow_private=options.allow_private)
    client = UpstreamClient(upstream, tls_context(options.ca), options.timeout)
    _prepare_file(options, print_line)
    with run.open_socket(settings) as listening:
        if settings.port_file is not None:  # not before: another server may have the port
            run.remove_port_file(settings.port_file)
        file = part_file.PartFile(options.out)
        writer = RecordingWriter(file, print_line)
        print_line(f"recording {upstream.url} to {options.out}")
        try:
            exit_code = _serve(client, writer, settings, listening)
        except BaseException:
            file.discard_if_empty()
            raise
        file.close()
    recording = part_file.finish(options.out, writer.about())
    print_line(f"{options.out}: {_count(recording)}")
    if not writer.failures:
        return exit_code
    print_line(f"{writer.failures} more are not recorded")
    return INCOMPLETE


def _serve(
    client: "UpstreamClient", writer: RecordingWriter, settings: Settings, listening: "socket"
) -> int:
    from superoffice_mock.proxy.app import RecordingProxy

    def announce() -> None:
        if settings.port_file is not None:
            run.write_port_file(settings.port_file, run.port_of(listening))
        click.echo(f"superoffice-mock ready on {run.url_of(listening, settings)}")

    server = ProxyServer(ProxyApp(RecordingProxy(client, writer.write)), client, settings, announce)
    try:
        server.run([listening])
    finally:
        if settings.port_file is not None:
            run.remove_port_file(settings.port_file)
    return server.exit_code


class ProxyApp(msgspec.Struct, frozen=True):
    """A recording proxy as an application to serve."""

    app: Any

    def close(self, _: str) -> None:
        """Do nothing: the upstream answers the calls in flight."""


class ProxyServer(run.Server):
    """Serves a recording proxy and closes the connections of its *client* at the end."""

    def __init__(
        self,
        app: ProxyApp,
        client: "UpstreamClient",
        settings: Settings,
        ready: Callable[[], None],
    ) -> None:
        super().__init__(app, settings, ready)
        self.config.date_header = False  # the one of the upstream is passed on
        self._client = client

    async def shutdown(self, sockets: "list[socket] | None" = None) -> None:
        """Let the calls in flight end, then close the connections to the upstream."""
        await super().shutdown(sockets)
        await self._client.aclose()


# ---- the file --------------------------------------------------------------------------------


def _prepare_file(options: RecordOptions, print_line: PrintLine) -> None:
    """Finish the file of a recorder that was killed. Raise SetupError if the file exists."""
    out = options.out
    is_present, is_interrupted = Path(out).exists(), part_file.has_interrupted(out)
    if is_present and not options.overwrite:
        advice = "name another --out, or add --overwrite to replace it"
        part = f", and {part_file.part_path(out)} of a recorder that was killed"
        msg = f"{out} exists already{part if is_interrupted else ''}; {advice}"
        raise SetupError(msg)
    if is_interrupted:
        exchanges = _count_exchanges(part_file.finish(out))
        done = f"{out} now holds the {exchanges} of a recorder that was killed"
        if not options.overwrite:
            msg = f"{done}. To record more, name another --out or add --overwrite"
            raise SetupError(msg)
        print_line(done)


def _count(recording: Recording) -> str:
    outcomes = Counter(entry.label.outcome for entry in recording.entries)
    counts = ", ".join(
        f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items())
    )
    return _count_exchanges(recording) + (f" ({counts})" if counts else "")


def _count_exchanges(recording: Recording) -> str:
    count = len(recording.entries)
    return f"{count} exchange{'' if count == 1 else 's'}"
