"""`superoffice-mock record`: a proxy records what passes between an app and a real server."""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec

from superoffice_contract import output_files
from superoffice_contract.messages import show_path
from superoffice_mock.cli.base import CONTROL_TOKEN_VARIABLE, Command
from superoffice_mock.config.settings import Settings, load
from superoffice_mock.errors import SetupError, explain_missing_extra
from superoffice_mock.proxy import upstream_address
from superoffice_mock.proxy.access import AccessRules
from superoffice_mock.proxy.writer import RecordingWriter
from superoffice_mock.recordings.model import Recording
from superoffice_mock.recordings.part_file import PartFile, WriteFile, part_path
from superoffice_mock.server import run
from superoffice_mock.server.file_limits import fit_to_file_limit

INCOMPLETE: Final = 1
"""The exit code if something could not be recorded."""
FILES_PER_CONNECTION: Final = 2
"""Its own, and that of the connection to the upstream."""
MAX_CONNECTIONS: Final = 5_000
"""Half of what the mock allows by default, so that it takes as many open files."""
_print_line = partial(click.echo, err=True)


@click.command("record", cls=Command)
@click.option("--upstream", required=True, metavar="URL", help="The server to record.")
@click.option("--out", required=True, metavar="FILE", help="The HAR; FILE.part until the end.")
@click.option("--host", metavar="VALUE", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", metavar="VALUE", help="Port to listen on; 0: a free one. [default: 8204]")
@click.option("--port-file", metavar="VALUE", help="File that the port is written to when ready.")
@click.option("--cors-origins", metavar="VALUE", help="Pages that may call. [default: loopback]")
@click.option(
    "--control-token",
    metavar="VALUE",
    envvar=CONTROL_TOKEN_VARIABLE,
    help="The first segment of every path; mandatory if the host is not loopback.",
)
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
    settings, warnings = _load_settings(flags)
    with explain_missing_extra("record", "contract"):
        from superoffice_contract.control.connection import tls_context
        from superoffice_mock.proxy.app import RecordingProxy
        from superoffice_mock.proxy.upstream_client import UpstreamClient
    address = upstream_address.look_up(upstream, allow_private=allow_private)
    client = UpstreamClient(address, tls_context(ca), timeout)
    write_file = output_files.replace if overwrite else output_files.create
    _prepare_file(out, write_file, overwrite=overwrite)
    with run.open_socket(settings) as listening:
        file = PartFile.create(out)
        writer = RecordingWriter(file, _print_line)
        for warning in warnings:
            _print_line(f"superoffice-mock: {warning}")
        _print_line(f"recording {address.url} to {out}")
        if settings.control_token is not None:
            base_url = run.url_of(listening, settings)
            _print_line(f"whoever reaches {base_url}/TOKEN/ reaches {address.url}")
        proxy = RecordingProxy(client, writer.write, AccessRules.of_settings(settings))
        # The Date of the upstream is passed on.
        make_server = partial(run.Server, date_header=False, at_end=client.aclose)
        try:
            exit_code = run.serve(proxy, settings, listening, click.echo, make_server)
        except BaseException:
            file.discard_if_empty()
            raise
    finished = file.finish(write_file, writer.about())
    problems = [f"{problem}; the recording is in {finished.file}" for problem in finished.problems]
    if writer.failures:
        problems.append(f"{writer.failures} more are not recorded")
    for line in (f"{finished.file}: {_count(finished.recording)}", *problems):
        _print_line(line)
    sys.exit(INCOMPLETE if problems else exit_code)


def _load_settings(flags: Mapping[str, str | None]) -> tuple[Settings, list[str]]:
    """Return the settings of *flags* that this process can keep, and warnings.

    Raise SetupError if they are invalid or unsafe.
    """
    values = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    settings = load(None, {}, values, ()).settings
    settings = msgspec.structs.replace(settings, max_connections=MAX_CONNECTIONS)
    settings, warnings = fit_to_file_limit(settings, FILES_PER_CONNECTION)
    run.check_settings(settings)
    return settings, warnings


# ---- the file --------------------------------------------------------------------------------


def _prepare_file(out: str, write_file: WriteFile, *, overwrite: bool) -> None:
    """Raise SetupError if the file exists, or an earlier recorder left a part; that is finished."""
    if Path(out).is_dir():
        raise SetupError(f"{show_path(out)} is a folder; name a file in it")
    interrupted = PartFile.find_interrupted(out)
    if os.path.lexists(out) and not overwrite:
        advice = "name another --out, or add --overwrite to replace it"
        part = ""
        if interrupted is not None:
            interrupted.close()
            part = f", and {show_path(part_path(out))} of an earlier recorder"
        raise SetupError(f"{show_path(out)} exists already{part}; {advice}")
    if interrupted is not None:
        finished = interrupted.finish(write_file)
        exchanges = _count_exchanges(finished.recording)
        done = f"{finished.file} now holds the {exchanges} of an earlier recorder"
        msg = f"{done}. To record more, name another --out; with --overwrite, it will be replaced"
        raise SetupError(msg)


def _count(recording: Recording) -> str:
    outcomes = Counter(entry.label.outcome for entry in recording.entries)
    counts = ", ".join(
        f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items())
    )
    return _count_exchanges(recording) + (f" ({counts})" if counts else "")


def _count_exchanges(recording: Recording) -> str:
    count = len(recording.entries)
    return f"{count} exchange{'' if count == 1 else 's'}"
