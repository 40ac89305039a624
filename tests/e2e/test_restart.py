"""What happens to a server: it is killed and started again, started twice, its clock set back."""

import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.cli_process import run, serve, started_after
from tests.e2e.raw_http import LONG, Connection, exchange, request, until, waiting
from tests.support.server_process import Running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals"),
]
SET = """
import signal, time
time_ns, hours = time.time_ns, []
time.time_ns = lambda: time_ns() + sum(hours) * 3600 * 10**9
time.time = lambda: time.time_ns() / 1e9
signal.signal(signal.SIGUSR1, lambda *_: hours.append({hours}))
"""
"""Sets the wall clock of the process by some hours at SIGUSR1."""


def gone(connection: Connection) -> bytes:
    """Return what still comes until the connection ends, however it ends."""
    with suppress(ConnectionError):
        return connection.rest()
    return b""


def test_a_server_that_was_killed_starts_again_on_its_port_and_knows_nothing_of_before(
    tmp_path: Path,
) -> None:
    port_file = tmp_path / "port"
    with serve(tmp_path, "--port-file", str(port_file)) as killed:
        port = str(killed.running.address[1])
        killed.running.control("POST", "lease/hold")
        caller = Connection(killed.running).send(request())
        waiting(killed.running, 1)
        killed.signal(signal.SIGKILL)
        assert gone(caller) == b""
        assert killed.ended()[0] == -signal.SIGKILL
    assert port_file.read_text() == port  # of nobody, until the next start
    with serve(tmp_path, "--port", port, "--port-file", str(port_file)) as again:
        assert port_file.read_text() == port
        assert again.running.exchanges() == []
        assert again.running.control("GET", "lease")["held"] is False
        assert exchange(again.running, request()).status == 204
        again.signal(signal.SIGTERM)
        assert again.ended()[0] == 0
    assert not port_file.exists()


def test_a_second_server_on_the_same_port_ends_and_the_first_keeps_serving_and_its_port_file(
    tmp_path: Path,
) -> None:
    port_file = tmp_path / "port"
    with serve(tmp_path, "--port-file", str(port_file)) as first:
        port = str(first.running.address[1])
        second = run("serve", "--port", port, "--port-file", str(port_file))
        assert (second.returncode, second.stdout) == (2, "")
        assert f"cannot listen on 127.0.0.1 port {port}: " in second.stderr
        assert port_file.read_text() == port
        assert exchange(first.running, request()).status == 204


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wall_clock_that_is_set_ends_no_run_early_or_late_and_turns_no_time_around(
    hours: int, tmp_path: Path
) -> None:
    program = started_after(SET.format(hours=hours))
    with serve(tmp_path, "--seconds-per-account", "3", program=program) as served:
        running = served.running
        began = time.monotonic()
        assert exchange(running, request()).status == 204
        before = moment(running)
        served.signal(signal.SIGUSR1)
        until(lambda: abs(date(running) - before) > 3_000, "the wall clock shows another hour")
        sent = time.monotonic()
        assert exchange(running, request()).status == 204
        assert 0.9 < time.monotonic() - sent < 3
        until(lambda: not running.control("GET", "lease")["held"], "the run has ended")
        assert 2.9 < time.monotonic() - began < 8
        assert exchange(running, request(LONG)).status == 204
        ats = [one["at"] for one in running.exchanges()]
        outcomes = [one["outcome"] for one in running.exchanges()]
    assert ats == sorted(ats)
    assert outcomes == ["started", "turned_away", "started"]


def moment(running: Running) -> float:
    """Return the tenant's time in seconds since the epoch."""
    from datetime import datetime

    told = running.control("GET", "clock")["now"]
    return datetime.fromisoformat(told).timestamp()


def date(running: Running) -> float:
    """Return the wall clock of the server, as its answers tell."""
    from email.utils import parsedate_to_datetime

    health = exchange(running, request(b"", {}, method="GET", path="/_mock/health"))
    return parsedate_to_datetime(health.headers["date"]).timestamp()
