"""Servers that replay recordings, in this process or their own, and commands that read them."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

from click.testing import CliRunner, Result

from superoffice_mock import access_log, cli
from superoffice_mock.app import Mock, assemble
from superoffice_mock.cli import replay as cli_replay
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry, Recording
from superoffice_mock.replay import loading
from superoffice_mock.replay.player import RecordedExchange, Rules
from superoffice_mock.server.run import serve_in_background
from superoffice_mock.webapi import replay_backend
from tests.e2e.cli_process import PROGRAM
from tests.e2e.raw_http import request
from tests.support.server_process import READY, ServerProcess, environment

RULES = Rules()


def write_har(path: Path, *entries: Entry) -> str:
    """Write a HAR of *entries* and return its path."""
    har_file.write(str(path), Recording(entries))
    return str(path)


def load_exchanges(*paths: str | Path) -> tuple[RecordedExchange, ...]:
    """Return the exchanges in the files at *paths*."""
    return loading.replayable(loading.load_recordings([*map(str, paths)], None, print))


@contextmanager
def serve(
    exchanges: Sequence[RecordedExchange] | None,
    rules: Rules = RULES,
    seconds_per_account: float = 5.0,
) -> Iterator[str]:
    """Replay *exchanges*, or simulate if they are None, until the block ends. Yield the URL."""
    settings = Settings(port=0, seconds_per_account=seconds_per_account)
    tables = [
        {name: value for name, value in table.items() if name != "accounts"}
        for table in tenant_file.demo_tables()
    ]
    backend_factory = None
    if exchanges is not None:
        tables = cli_replay.add_recorded_tenants(tables, exchanges)
        backend_factory = replay_backend.replay_factory(exchanges, rules, 1 << 20, simulate=False)
    facts = tenant_file.parse_tenants(tables, "the test", seconds_per_account, settings.readings)
    mock: Mock = assemble(settings, facts, access_log.log_nothing, backend_factory=backend_factory)
    with serve_in_background(mock, settings) as url:
        yield url


def run(*arguments: str | Path) -> Result:
    """Run the program in this process."""
    return CliRunner().invoke(cli.main, [*map(str, arguments)])


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of *url*, for a socket."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


def call(url: str) -> bytes:
    """Send the sample call, and return all bytes until the connection is closed or reset."""
    answer = b""
    with create_connection(address_of(url), timeout=5) as client:
        client.sendall(request(Connection="close"))
        with suppress(ConnectionResetError):
            while part := client.recv(65536):
                answer += part
    return answer


@contextmanager
def replay(*arguments: str | Path) -> Iterator[ServerProcess]:
    """Run `replay` on a free port until the block ends."""
    with subprocess.Popen(
        [*PROGRAM, "replay", *map(str, arguments), "--port", "0", "--log", "off"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(READY), process.communicate()
            yield ServerProcess(line.removeprefix(READY).strip(), process)
        finally:
            process.kill()
