"""How `serve` and `demo` end: signals with and without waiting calls, and exit codes."""

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli_process import ServeCommand, run, serve
from tests.e2e.raw_http import JSON, Connection, request, wait_for_waiting_calls, wait_until
from tests.support.server_process import BASIC, PROGRAM, environment

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
HALF_HEADERS = {"Authorization": BASIC, "Content-Type": JSON, "Content-Length": "40"}


def send_waiting_calls(command: ServeCommand, count: int) -> list[Connection]:
    """Send *count* calls that wait: the clock is frozen and the lease is held by hand."""
    command.server.control("POST", "clock/freeze")
    command.server.control("POST", "lease/hold")
    connections = [Connection(command.server).send(request()) for _ in range(count)]
    wait_for_waiting_calls(command.server, count)
    return connections


def send_half_a_call(command: ServeCommand) -> Connection:
    """Send a call whose body is never complete, so that the server has to wait for it."""
    connection = Connection(command.server).send(request(b"{", HALF_HEADERS))
    wait_until(lambda: len(command.server.exchanges()) == 1, "the call has arrived")
    return connection


@POSIX
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_answers_waiting_calls_and_stops(number: int, code: int, tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as command:
        connections = send_waiting_calls(command, 3)
        start = time.perf_counter()
        command.signal(number)
        for connection in connections:
            response = connection.read_response()
            assert (response.status, response.body) == (204, b"")
            assert connection.read_to_end() == b""
        exit_code, output, log = command.wait_for_exit()
        seconds = time.perf_counter() - start
    assert (exit_code, output) == (code, "")
    assert seconds < 3
    *lines, last = log.splitlines()
    assert (len(lines), last) == (3, "superoffice-mock stopped")
    assert all(line.endswith("turned away: the mock was shut down") for line in lines)


@POSIX
def test_idle_connections_do_not_delay_a_shutdown(tmp_path: Path) -> None:
    with serve(tmp_path) as command:
        idle = Connection(command.server)
        reused = Connection(command.server)
        assert reused.send(request()).read_response().status == 204
        command.signal(signal.SIGTERM)
        assert (idle.read_to_end(), reused.read_to_end()) == (b"", b"")
        assert command.wait_for_exit()[0] == 0


@POSIX
@pytest.mark.parametrize(("second", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_second_signal_stops_the_server_at_once(second: int, code: int, tmp_path: Path) -> None:
    with serve(tmp_path) as command:
        slow, idle = send_half_a_call(command), Connection(command.server)
        start = time.perf_counter()
        command.signal(signal.SIGTERM)
        idle.read_to_end()  # it is closed, so the first signal has arrived
        command.signal(second)
        assert command.wait_for_exit()[0] == code
        assert time.perf_counter() - start < 3
        slow.close()


@POSIX
@pytest.mark.slow
def test_a_shutdown_waits_five_seconds_for_half_a_call_and_prints_no_traceback(
    tmp_path: Path,
) -> None:
    """No longer for half a control call, nor for a client that does not read its answers."""
    half_control_call = request(b"{", HALF_HEADERS, path="/_mock/clock/freeze")
    with (
        serve(tmp_path, "--log", "text") as command,
        Connection(command.server) as control,
        Connection(command.server) as unread,
    ):
        slow = send_half_a_call(command)
        control.send(half_control_call)
        threading.Thread(target=flood, args=(unread,), daemon=True).start()
        wait_until(lambda: len(command.server.exchanges()) == 1_000, "the server is busy")
        start = time.perf_counter()
        command.signal(signal.SIGTERM)
        response, control_response = slow.read_response(), control.read_response()
        assert slow.read_to_end() == b""
        code, _, log = command.wait_for_exit()
        seconds = time.perf_counter() - start
    assert (response.status, control_response.status, code) == (503, 503, 0)
    assert control_response.headers["content-type"] == "application/problem+json"
    assert 4.5 < seconds < 8
    assert "Traceback" not in log
    assert "rejected: the mock was shut down before the call was complete\n" in log


def flood(connection: Connection) -> None:
    """Send calls without reading the answers, until the connection is closed."""
    with contextlib.suppress(OSError):
        connection.send(request(b"{") * 100_000)


@pytest.mark.slow
def test_the_demo_ends_by_itself_and_prints_responses_and_outcomes(
    record_property: Callable[[str, object], None],
) -> None:
    start = time.perf_counter()
    done = run("demo")
    seconds = time.perf_counter() - start
    record_property("seconds_of_the_demo", round(seconds, 2))
    print(f"the demo took {seconds:.2f} s")  # noqa: T201 - a figure to look at
    assert (done.returncode, done.stderr) == (0, "")
    assert seconds < 5
    rows = [line for line in done.stdout.splitlines() if re.match("Ann|Bob|Cid", line)]
    matches = [re.search(r"(\d{3}) after (\d\.\d\d) s", row) for row in rows]
    assert [(match[1], float(match[2]) >= 1) for match in matches if match] == [
        ("204", False),
        ("204", True),
        ("204", False),
    ]
    assert "started: run 1 syncs 2 accounts" in rows[0]
    assert "turned away: run 1 holds the lease" in rows[1]
    assert "started: run 2 syncs 2 accounts" in rows[2]
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


@POSIX
def test_ctrl_c_ends_the_demo_with_130_and_without_a_traceback() -> None:
    with subprocess.Popen(
        [*PROGRAM, "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors


@POSIX
def test_a_wait_for_requests_does_not_delay_a_shutdown(tmp_path: Path) -> None:
    with serve(tmp_path) as command:
        raw = request(b'{"timeout":60}', path="/_mock/requests/wait")
        with Connection(command.server).send(raw) as wait:
            command.server.control("GET", "health")  # answered after the wait has arrived
            command.signal(signal.SIGTERM)
            assert wait.read_response().json()["reason"] == "the mock was shut down"
        assert command.wait_for_exit()[0] == 0
