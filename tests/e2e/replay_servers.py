"""Recordings served from a thread of this process, and the commands that read them."""

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
from superoffice_mock.replay.player import Recorded, Rules
from superoffice_mock.server.run import in_background
from superoffice_mock.webapi import replay_backend
from tests.e2e.cli_process import PROGRAM
from tests.e2e.raw_http import request
from tests.support.server_process import READY, Running, environment

RULES = Rules()


def written(path: Path, *entries: Entry) -> str:
    """Write a HAR of *entries* and return its path."""
    har_file.write(str(path), Recording(entries))
    return str(path)


def recorded(*paths: str | Path) -> tuple[Recorded, ...]:
    """What can be replayed of the files at *paths*."""
    return loading.recorded(loading.loaded([*map(str, paths)], None, print))


@contextmanager
def served(found: Sequence[Recorded] | None, rules: Rules = RULES, **more: float) -> Iterator[str]:
    """Serve what was *found* until the block ends; None is the simulation. Yield the URL."""
    settings = Settings(port=0, seconds_per_account=more.get("each", 5.0))
    tables = [{k: v for k, v in one.items() if k != "accounts"} for one in tenant_file.demo()]
    known = tables if found is None else cli_replay.tenants(tables, found)
    facts = tenant_file.tenants(known, "the test", settings.seconds_per_account, settings.readings)
    instead = None
    if found is not None:
        instead = replay_backend.instead(found, rules, 1 << 20, simulate=False)
    mock: Mock = assemble(settings, facts, access_log.silent, instead=instead)
    with in_background(mock, settings) as url:
        yield url


def run(*arguments: str | Path) -> Result:
    """Run the program in this process."""
    return CliRunner().invoke(cli.main, [*map(str, arguments)])


def raw(url: str, sent: bytes | None = None) -> bytes:
    """Send *sent* and return all that comes until the connection is closed, however."""
    parts = urlsplit(url)
    came = b""
    asked = request(Connection="close") if sent is None else sent
    with create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5) as caller:
        caller.sendall(asked)
        with suppress(ConnectionResetError):
            while more := caller.recv(65536):
                came += more
    return came


@contextmanager
def replay(*arguments: str | Path) -> Iterator[Running]:
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
            yield Running(line.removeprefix(READY).strip(), process)
        finally:
            process.kill()
