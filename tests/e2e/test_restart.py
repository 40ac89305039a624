"""A server that is killed and restarted, started twice, or whose system clock is changed."""

import signal
import sys
import time
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.e2e.cli_process import program_after, run, serve
from tests.e2e.raw_http import (
    LONG_BODY,
    Connection,
    request,
    send_request,
    wait_for_waiting_calls,
    wait_until,
)
from tests.support.server_process import ServerProcess

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals"),
]
SET_CLOCK = """
import signal, time
time_ns, hours = time.time_ns, []
time.time_ns = lambda: time_ns() + sum(hours) * 3600 * 10**9
time.time = lambda: time.time_ns() / 1e9
signal.signal(signal.SIGUSR1, lambda *_: hours.append({hours}))
"""
"""Python code that moves the wall clock of its process by some hours at SIGUSR1."""


def read_until_closed(connection: Connection) -> bytes:
    with suppress(ConnectionError):
        return connection.read_to_end()
    return b""


def test_a_killed_server_restarts_on_its_port_with_an_empty_journal(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    with serve(tmp_path, "--port-file", str(port_file)) as first:
        port = str(first.server.address[1])
        first.server.control("POST", "lease/hold")
        client = Connection(first.server).send(request())
        wait_for_waiting_calls(first.server, 1)
        first.signal(signal.SIGKILL)
        assert read_until_closed(client) == b""
        assert first.wait_for_exit()[0] == -signal.SIGKILL
    assert port_file.read_text() == port  # stale until the next start
    with serve(tmp_path, "--port", port, "--port-file", str(port_file)) as second:
        assert port_file.read_text() == port
        assert second.server.exchanges() == []
        assert second.server.control("GET", "lease")["held"] is False
        assert send_request(second.server, request()).status == 204
        second.signal(signal.SIGTERM)
        assert second.wait_for_exit()[0] == 0
    assert not port_file.exists()


def test_a_second_server_on_a_port_exits_and_leaves_the_first_as_it_is(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    with serve(tmp_path, "--port-file", str(port_file)) as first:
        port = str(first.server.address[1])
        second = run("serve", "--port", port, "--port-file", str(port_file))
        assert (second.returncode, second.stdout) == (2, "")
        assert f"cannot listen on 127.0.0.1 port {port}: " in second.stderr
        assert port_file.read_text() == port
        assert send_request(first.server, request()).status == 204


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_change_of_the_wall_clock_changes_no_run_and_no_order(hours: int, tmp_path: Path) -> None:
    program = program_after(SET_CLOCK.format(hours=hours))
    with serve(tmp_path, "--seconds-per-account", "2", program=program) as command:
        server = command.server
        start = time.monotonic()
        assert send_request(server, request()).status == 204
        first_time = tenant_time(server)
        command.signal(signal.SIGUSR1)
        wait_until(
            lambda: abs(wall_clock(server) - first_time) > 3_000,
            "the wall clock shows another hour",
        )
        second_start = time.monotonic()
        assert send_request(server, request()).status == 204
        assert 0.9 < time.monotonic() - second_start < 3
        wait_until(lambda: not server.control("GET", "lease")["held"], "the run has ended")
        assert 1.9 < time.monotonic() - start < 8
        assert send_request(server, request(LONG_BODY)).status == 204
        times = [exchange["at"] for exchange in server.exchanges()]
        outcomes = [exchange["outcome"] for exchange in server.exchanges()]
    assert times == sorted(times)
    assert outcomes == ["started", "turned_away", "started"]


def tenant_time(server: ServerProcess) -> float:
    """Return the tenant's time in seconds since the epoch."""
    return datetime.fromisoformat(server.control("GET", "clock")["now"]).timestamp()


def wall_clock(server: ServerProcess) -> float:
    """Return the wall clock of the server, from the Date header of a response."""
    health = send_request(server, request(b"", {}, method="GET", path="/_mock/health"))
    return parsedate_to_datetime(health.headers["date"]).timestamp()
