"""How `serve` and `demo` end: signals, with callers waiting, and the exit codes."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli_process import PROGRAM, Served, run, serve
from tests.e2e.raw_http import JSON, Connection, request, until, waiting
from tests.support.server_process import BASIC, environment

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
HALF = {"Authorization": BASIC, "Content-Type": JSON, "Content-Length": "40"}


def callers(served: Served, count: int) -> list[Connection]:
    """Callers who wait for what never comes: the clock is frozen, the lease held by hand."""
    served.running.control("POST", "clock/freeze")
    served.running.control("POST", "lease/hold")
    connections = [Connection(served.running).send(request()) for _ in range(count)]
    waiting(served.running, count)
    return connections


def half_a_call(served: Served) -> Connection:
    """A caller whose body is never complete, so that the server has to wait for it."""
    connection = Connection(served.running).send(request(b"{", HALF))
    until(lambda: len(served.running.exchanges()) == 1, "the call has arrived")
    return connection


@POSIX
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_answers_everyone_who_waits_and_ends_the_server(
    number: int, code: int, tmp_path: Path
) -> None:
    with serve(tmp_path, "--log", "text") as served:
        connections = callers(served, 3)
        sent = time.perf_counter()
        served.signal(number)
        for connection in connections:
            answer = connection.answer()
            assert (answer.status, answer.body) == (204, b"")
            assert connection.rest() == b""
        exit_code, out, log = served.ended()
        took = time.perf_counter() - sent
    assert (exit_code, out) == (code, "")
    assert took < 3
    *lines, last = log.splitlines()
    assert (len(lines), last) == (3, "superoffice-mock stopped")
    assert all(line.endswith("turned away: the mock was shut down") for line in lines)


@POSIX
def test_a_caller_who_blocks_until_its_run_ends_is_answered_too(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text", "--reading", "run=blocking") as served:
        with Connection(served.running).send(request()) as connection:
            waiting(served.running, 1)
            served.signal(signal.SIGTERM)
            assert connection.answer().status == 204
        code, _, log = served.ended()
    assert code == 0
    assert log.splitlines()[-2].endswith("started: the mock was shut down")


@POSIX
def test_connections_that_only_idle_do_not_keep_the_server(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        idle = Connection(served.running)
        used = Connection(served.running)
        assert used.send(request()).answer().status == 204
        served.signal(signal.SIGTERM)
        assert (idle.rest(), used.rest()) == (b"", b"")
        assert served.ended()[0] == 0


@POSIX
@pytest.mark.parametrize(("second", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_second_signal_waits_for_nobody(second: int, code: int, tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        slow, idle = half_a_call(served), Connection(served.running)
        sent = time.perf_counter()
        served.signal(signal.SIGTERM)
        idle.rest()  # it is closed, so the first signal was heard
        served.signal(second)
        assert served.ended()[0] == code
        assert time.perf_counter() - sent < 3
        slow.hang_up()


@POSIX
@pytest.mark.slow
def test_a_call_that_never_completes_keeps_the_server_for_five_seconds(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as served:
        slow = half_a_call(served)
        sent = time.perf_counter()
        served.signal(signal.SIGTERM)
        answer = slow.answer()
        assert slow.rest() == b""
        code, _, log = served.ended()
        took = time.perf_counter() - sent
    assert (answer.status, code) == (503, 0)
    assert 4.5 < took < 8
    assert "Traceback" not in log
    told = log.splitlines()[-2]
    assert told.endswith("rejected: the mock was shut down before the call was complete")


# ---- the demo --------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_demo_ends_by_itself_and_tells_both_sides_of_the_story(
    record_property: Callable[[str, object], None],
) -> None:
    started = time.perf_counter()
    done = run("demo")
    took = time.perf_counter() - started
    record_property("seconds_of_the_demo", round(took, 2))
    print(f"the demo took {took:.2f} s")  # noqa: T201 - a figure to look at
    assert (done.returncode, done.stderr) == (0, "")
    assert took < 5
    rows = [line for line in done.stdout.splitlines() if re.match("Ann|Bob|Cid", line)]
    saw = [re.search(r"(\d{3}) after (\d\.\d\d) s", row) for row in rows]
    assert [(found[1], float(found[2]) >= 1) for found in saw if found] == [
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
    assert process.returncode == 130
    assert "Traceback" not in errors


@POSIX
def test_a_control_call_that_waits_for_requests_does_not_keep_the_server(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        sent = request(b'{"timeout":60}', path="/_mock/requests/wait")
        with Connection(served.running).send(sent) as wait:
            served.running.control("GET", "health")  # the wait was sent before
            served.signal(signal.SIGTERM)
            assert wait.answer().json()["reason"] == "the mock was shut down"
        assert served.ended()[0] == 0
