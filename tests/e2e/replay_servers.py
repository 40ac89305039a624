"""Servers that replay recordings, in this process or their own, and commands that read them."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from socket import create_connection

from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi import operations
from superoffice_mock import access_log
from superoffice_mock.app import Mock, assemble
from superoffice_mock.cli import replay as cli_replay
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About, Entry, Recording
from superoffice_mock.replay import loading
from superoffice_mock.replay.player import RecordedExchange, Rules
from superoffice_mock.replay.request_key import RequestKeys
from superoffice_mock.server.run import serve_in_background
from superoffice_mock.webapi import replay_backend
from tests.e2e.raw_http import request
from tests.support.server_process import ServerProcess, address_of, run_program

RULES = Rules()


def write_har(path: Path, *entries: Entry, redacted: dict[str, int] | None = None) -> str:
    har_file.write(str(path), Recording(entries, About(redacted=redacted)))
    return str(path)


def load_exchanges(*paths: str | Path) -> tuple[RecordedExchange, ...]:
    return loading.load_exchanges(map(str, paths), RequestKeys(operations.load()), print)


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
        for table in demo_tables()
    ]
    backend_factory = None
    if exchanges is not None:
        tables = cli_replay.add_recorded_tenants(tables, exchanges)
        backend_factory = replay_backend.replay_factory(exchanges, rules, 1 << 20, simulate=False)
    facts = tenant_file.load_tenants(settings, tables)
    mock: Mock = assemble(settings, facts, access_log.log_nothing, backend_factory=backend_factory)
    with serve_in_background(mock, settings) as url:
        yield url


def call(url: str) -> bytes:
    """Send the sample call, and return all bytes until the connection is closed or reset."""
    answer = b""
    with create_connection(address_of(url), timeout=5) as client:
        client.sendall(request(Connection="close"))
        with suppress(ConnectionResetError):
            while part := client.recv(65536):
                answer += part
    return answer


def replay(*arguments: str | Path) -> AbstractContextManager[ServerProcess]:
    """Run `replay` on a free port until the block ends."""
    return run_program("replay", *arguments, "--log", "off")
