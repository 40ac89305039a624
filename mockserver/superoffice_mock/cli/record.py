"""`superoffice-mock record`: its options, and who does it."""

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
from superoffice_mock.errors import SetupError
from superoffice_mock.proxy import upstream_address
from superoffice_mock.recordings import part_file
from superoffice_mock.recordings.model import Recording
from superoffice_mock.server import run

if TYPE_CHECKING:
    from socket import socket

    from superoffice_mock.proxy.upstream_client import UpstreamClient
    from superoffice_mock.proxy.writer import RecordingWriter


@click.command("record", cls=Command)
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
def command(host: str | None, port: str | None, port_file: str | None, **wanted: Any) -> None:  # noqa: ANN401 - click's
    """Record what passes to a real server. All secrets become pseudonyms.

    Until SIGTERM or Ctrl-C. Exit code 1 if something could not be recorded.
    """

    flags = {"host": host, "port": port, "port-file": port_file}
    given = {name: value for name, value in flags.items() if value is not None}
    settings = load(None, {}, given, ()).settings

    def ready(url: str) -> None:
        click.echo(f"superoffice-mock ready on {url}")

    tell = partial(click.echo, err=True)
    sys.exit(recorded(Wanted(**wanted), settings, ready, tell))


Tell = Callable[[str], object]


INCOMPLETE: Final = 1


class Wanted(msgspec.Struct, frozen=True):
    """What to record, where to, and how patiently."""

    upstream: str
    out: str
    allow_private: bool
    overwrite: bool
    timeout: float
    ca: str | None


def recorded(wanted: Wanted, settings: Settings, ready: Callable[[str], object], tell: Tell) -> int:
    """Record until a signal ends it, and return the exit code. Raise SetupError."""
    link = _link(wanted)
    _make_room(wanted, tell)
    with run.listen(settings) as listening:
        if settings.port_file is not None:  # now: where the port is taken, it may be another's
            run.remove_port_file(settings.port_file)
        ledger, written = _ledger(wanted, tell)
        tell(f"recording {link.upstream.url} to {wanted.out}")
        try:
            code = _served(link, ledger, settings, listening, ready)
        except BaseException:
            written.give_up()
            raise
        written.close()
    told = part_file.finish(wanted.out, ledger.about())
    tell(f"{wanted.out}: {_counted(told)}")
    if not ledger.missed:
        return code
    tell(f"{ledger.missed} more are not recorded")
    return INCOMPLETE


def _link(wanted: Wanted) -> "UpstreamClient":
    try:
        from superoffice_mock.proxy.upstream_client import UpstreamClient, trusting
    except ImportError as error:
        msg = f"record needs {error.name}: pip install 'superoffice-mock[contract]'"
        raise SetupError(msg) from None
    found = upstream_address.found(wanted.upstream, private=wanted.allow_private)
    return UpstreamClient(found, trusting(wanted.ca), wanted.timeout)


def _ledger(wanted: Wanted, tell: Tell) -> "tuple[RecordingWriter, part_file.PartFile]":
    from superoffice_mock.proxy.writer import RecordingWriter

    written = part_file.PartFile(wanted.out)
    return RecordingWriter(written, tell), written


def _served(
    link: "UpstreamClient",
    ledger: "RecordingWriter",
    settings: Settings,
    listening: "socket",
    ready: Callable[[str], object],
) -> int:
    from superoffice_mock.proxy.app import RecordingProxy

    def tell() -> None:
        if settings.port_file is not None:
            run.write_port_file(settings.port_file, run.port_of(listening))
        ready(run.url_of(listening, settings))

    running = Proxy(Proxied(RecordingProxy(link, ledger.keep)), link, settings, tell)
    try:
        running.run([listening])
    finally:
        if settings.port_file is not None:
            run.remove_port_file(settings.port_file)
    return running.exit_code


class Proxied(msgspec.Struct, frozen=True):
    """A recorder as something to serve."""

    app: Any

    def close(self, _: str) -> None:
        """Let everyone wait who does: it is for the upstream to answer."""


class Proxy(run.Server):
    """Serves a recorder; when all is answered, it closes what is left of its *link*."""

    def __init__(
        self,
        proxied: Proxied,
        link: "UpstreamClient",
        settings: Settings,
        ready: Callable[[], None],
    ) -> None:
        super().__init__(proxied, settings, ready)
        self.config.date_header = False  # the upstream's is passed on
        self._link = link

    async def shutdown(self, sockets: "list[socket] | None" = None) -> None:
        """Give calls in flight their time, then close the connections to the upstream."""
        await super().shutdown(sockets)
        await self._link.aclose()


# ---- the file --------------------------------------------------------------------------------


def _make_room(wanted: Wanted, tell: Tell) -> None:
    """Finish what a recorder that was killed left. Raise SetupError if the file is there."""
    out = wanted.out
    there, left = Path(out).exists(), part_file.left_over(out)
    otherwise = "name another --out, or say --overwrite to replace it"
    if there and not wanted.overwrite:
        also = f", and {part_file.part_of(out)} of a recorder that was killed" if left else ""
        msg = f"{out} is there already{also}; {otherwise}"
        raise SetupError(msg)
    if left:
        told = f"{out}: {_counted(part_file.finish(out))}, of a recorder that was killed"
        if not wanted.overwrite:
            msg = f"{told}; it is complete now: {otherwise}"
            raise SetupError(msg)
        tell(told)


def _counted(recording: Recording) -> str:
    outcomes = Counter(one.label.outcome for one in recording.entries)
    each = ", ".join(
        f"{count} {name.replace('_', ' ')}" for name, count in sorted(outcomes.items())
    )
    count = len(recording.entries)
    return f"{count} exchange{'' if count == 1 else 's'}" + (f" ({each})" if each else "")
