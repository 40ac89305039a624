"""Too few file descriptors: the server warns, serves as many clients as it can, and survives."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.server.file_limits import RESERVED_FILES, fit_to_file_limit
from tests.e2e.cli_process import ServeCommand, program_after, serve
from tests.e2e.raw_http import Connection, request, wait_until
from tests.e2e.upstreams import NO_CONTENT, raw_upstream
from tests.support.server_process import run_program

resource = pytest.importorskip("resource", reason="Windows has no limit of open files")
FILE_LIMIT = 80
CLIENTS = 150
CALL = request(b'{"SyncUserAccounts":[]}')
SET_LIMIT = (
    f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({FILE_LIMIT}, {FILE_LIMIT}))"
)


@contextmanager
def limit_files(soft: int, hard: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Pretend that the limits are *soft* and *hard*; yield the limits that are set."""
    set_limits: list[int] = []

    def setrlimit(_: int, limits: tuple[int, int]) -> None:
        if limits[0] > hard >= 0:
            raise ValueError
        set_limits.append(limits[0])

    with monkeypatch.context() as patch:
        patch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        patch.setattr(resource, "setrlimit", setrlimit)
        yield set_limits


def test_the_limit_is_raised_as_far_as_needed_and_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, hard, files, expected_limits, max_connections in (
        (1_024, 524_288, 1, [10_056], 10_000),
        (256, resource.RLIM_INFINITY, 1, [10_056], 10_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 1, [], 10_000),
        (20_000, 20_000, 1, [], 10_000),
        (1_024, 4_096, 1, [4_096], 4_096 - RESERVED_FILES),
        (80, 80, 1, [80], 80 - RESERVED_FILES),
        (32, 32, 1, [32], 8),
        (2, 2, 1, [2], 1),
        (1_024, 524_288, 2, [20_056], 10_000),
        (20_000, 20_000, 2, [20_000], 9_972),
        (80, 80, 2, [80], 12),
        (32, 32, 2, [32], 4),
        (2, 2, 2, [2], 1),
    ):
        with limit_files(soft, hard, monkeypatch) as set_limits:
            settings, warnings = fit_to_file_limit(Settings(), files)
        assert (settings.max_connections, set_limits) == (max_connections, expected_limits), soft
        assert len(warnings) == (max_connections != 10_000), soft


def test_a_limit_that_the_system_refuses_keeps_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    settings, (warning,) = fit_to_file_limit(Settings())
    assert settings.max_connections == 256 - RESERVED_FILES
    assert "only 256 files open, so 200 is used; to allow more: ulimit -n 10056" in warning


@pytest.mark.slow
def test_at_the_limit_clients_get_a_503_and_later_all_are_served_again(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "json", program=program_after(SET_LIMIT)) as command:
        warning, *_ = command.log.splitlines()
        with ExitStack() as stack:
            clients = [stack.enter_context(Connection(command.server)) for _ in range(CLIENTS)]
            statuses = Counter(try_call(client) for client in clients)
        for _ in range(CLIENTS):
            wait_until(lambda: is_serving(command), "it serves again")
        exchanges = command.server.exchanges()
    assert "only 80 files open, so 24 is used" in warning
    assert statuses[204] == FILE_LIMIT - RESERVED_FILES
    assert statuses[503] > 0
    assert set(statuses) == {204, 503, None}
    reasons = {exchange["reason"] for exchange in exchanges if exchange["status"] == 503}
    assert reasons == {"there are 24 connections already; close some"}


@pytest.mark.slow
def test_a_recorder_at_the_limit_refuses_clients_and_its_calls_go_on(tmp_path: Path) -> None:
    full, arrivals = threading.Event(), list[object]()

    def script(upstream: socket.socket) -> None:
        arrivals.append(upstream)
        full.wait(20)
        upstream.sendall(NO_CONTENT)

    errors = tmp_path / "errors"
    with (
        raw_upstream(script) as upstream,
        errors.open("w") as stream,
        run_program(
            *("record", "--upstream", upstream.url, "--out", tmp_path / "a.har"),
            program=program_after(SET_LIMIT),
            errors=stream,
        ) as recorder,
        ExitStack() as stack,
    ):
        clients = [stack.enter_context(Connection(recorder)) for _ in range(CLIENTS)]
        for client in clients:
            with suppress(ConnectionError):
                client.send(CALL)
        wait_until(lambda: len(arrivals) >= 12, "the upstream has all calls")
        full.set()
        statuses = Counter(try_read(client) for client in clients)
    assert "only 80 files open, so 12 is used; to allow more: ulimit -n 10056" in errors.read_text()
    assert statuses[204] == len(arrivals) == 12
    assert statuses[503] > 0
    assert set(statuses) == {204, 503, None}


@pytest.mark.slow
def test_at_the_limit_no_control_call_gets_a_500(tmp_path: Path) -> None:
    """The modules of the control surface are loaded before connections take all files."""
    raw = request(b"", {}, method="GET", path="/_mock/clock")
    with serve(tmp_path, program=program_after(SET_LIMIT)) as command, ExitStack() as stack:
        clients = [stack.enter_context(Connection(command.server)) for _ in range(CLIENTS)]
        statuses = Counter(try_call(client, raw) for client in clients)
    assert statuses[200] == FILE_LIMIT - RESERVED_FILES
    assert set(statuses) == {200, 503, None}


def try_call(client: Connection, raw: bytes = CALL) -> int | None:
    """Call; return the status, or None if the connection is closed without a response."""
    with suppress(ConnectionError):
        client.send(raw)
        return try_read(client)
    return None


def try_read(client: Connection) -> int | None:
    with suppress(ConnectionError, AssertionError):
        return client.read_response().status
    return None


def is_serving(command: ServeCommand) -> bool:
    with Connection(command.server) as client:
        return try_call(client) == 204
