"""`superoffice-mock record`: a proxy records what passes between an app and a real server."""

import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final

import click

from superoffice_mock.cli.base import Command
from superoffice_mock.config.settings import load
from superoffice_mock.errors import SetupError, explain_missing_extra
from superoffice_mock.proxy import upstream_address
from superoffice_mock.proxy.writer import RecordingWriter
from superoffice_mock.recordings import part_file
from superoffice_mock.recordings.model import Recording
from superoffice_mock.server import run

INCOMPLETE: Final = 1
"""The exit code if something could not be recorded."""
_print_line = partial(click.echo, err=True)


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
    upstream: str,
    out: str,
    allow_private: bool,  # noqa: FBT001 - click's
    overwrite: bool,  # noqa: FBT001 - click's
    timeout: float,
    ca: str | None,
    **flags: str | None,
) -> None:
    """Record the traffic to a real server.

    Records until SIGTERM or Ctrl-C. Secrets and names become pseudonyms. Exit code 1 if something
    could not be recorded.
    """
    values = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    settings = load(None, {}, values, ()).settings
    with explain_missing_extra("record", "contract"):
        from superoffice_contract.target.http import tls_context
        from superoffice_mock.proxy.app import RecordingProxy
        from superoffice_mock.proxy.upstream_client import UpstreamClient
    address = upstream_address.look_up(upstream, allow_private=allow_private)
    client = UpstreamClient(address, tls_context(ca), timeout)
    _prepare_file(out, overwrite=overwrite)
    with run.open_socket(settings) as listening:
        file = part_file.PartFile(out)
        writer = RecordingWriter(file, _print_line)
        _print_line(f"recording {address.url} to {out}")
        proxy = RecordingProxy(client, writer.write)
        # The Date of the upstream is passed on.
        make_server = partial(run.Server, date_header=False, at_end=client.aclose)
        try:
            exit_code = run.serve(proxy, settings, listening, click.echo, make_server)
        except BaseException:
            file.discard_if_empty()
            raise
        file.close()
    recording = part_file.finish(out, writer.about())
    _print_line(f"{out}: {_count(recording)}")
    if writer.failures:
        _print_line(f"{writer.failures} more are not recorded")
        exit_code = INCOMPLETE
    sys.exit(exit_code)


# ---- the file --------------------------------------------------------------------------------


def _prepare_file(out: str, *, overwrite: bool) -> None:
    """Finish the file of a recorder that was killed. Raise SetupError if the file exists."""
    is_present, is_interrupted = Path(out).exists(), part_file.has_interrupted(out)
    if is_present and not overwrite:
        advice = "name another --out, or add --overwrite to replace it"
        part = f", and {part_file.part_path(out)} of a recorder that was killed"
        msg = f"{out} exists already{part if is_interrupted else ''}; {advice}"
        raise SetupError(msg)
    if is_interrupted:
        exchanges = _count_exchanges(part_file.finish(out))
        done = f"{out} now holds the {exchanges} of a recorder that was killed"
        if not overwrite:
            msg = f"{done}. To record more, name another --out or add --overwrite"
            raise SetupError(msg)
        _print_line(done)


def _count(recording: Recording) -> str:
    outcomes = Counter(entry.label.outcome for entry in recording.entries)
    counts = ", ".join(
        f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items())
    )
    return _count_exchanges(recording) + (f" ({counts})" if counts else "")


def _count_exchanges(recording: Recording) -> str:
    count = len(recording.entries)
    return f"{count} exchange{'' if count == 1 else 's'}"
