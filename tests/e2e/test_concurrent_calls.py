"""Fifty callers at once over real sockets: one run, every time, on every clock."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from tests.e2e import raw_http
from tests.e2e.raw_http import LONG, Connection, Raw, waiting
from tests.support.server_process import Running

CALLERS = 50
Send = Callable[[list[Connection]], None]


@pytest.fixture
def again(request: pytest.FixtureRequest) -> int:
    """Which time it is; a test that asks for it is repeated."""
    return int(request.param)


@pytest.fixture
def connections(server: Running) -> Iterator[list[Connection]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Connection(server)) for _ in range(CALLERS)]


def in_a_burst(connections: list[Connection]) -> None:
    """Send every request as fast as one thread can."""
    raw = raw_http.request(LONG)
    for connection in connections:
        connection.send(raw)


def at_once(connections: list[Connection]) -> None:
    """Send every request from a thread of its own, all let go together."""
    raw, barrier = raw_http.request(LONG), Barrier(len(connections))

    def send(connection: Connection) -> None:
        barrier.wait()
        connection.send(raw)

    with ThreadPoolExecutor(len(connections)) as pool:
        list(pool.map(send, connections))


def assert_one_run(server: Running, answers: list[Raw]) -> None:
    assert len({answer.without_date for answer in answers}) == 1
    assert answers[0].status == 204
    exchanges = server.exchanges()
    outcomes = [one["outcome"] for one in exchanges]
    assert sorted(outcomes) == ["started"] + ["turned_away"] * (CALLERS - 1)
    waited = [one["elapsed"] for one in exchanges if one["outcome"] == "turned_away"]
    assert all(1.0 <= seconds < 1.5 for seconds in waited)
    assert len(server.control("GET", "runs")["runs"]) == 1


@pytest.mark.claim("simultaneous", "single-run")
@pytest.mark.parametrize("send", [in_a_burst, at_once])
@pytest.mark.usefixtures("again")
@pytest.mark.parametrize("again", range(4), indirect=True)
def test_on_a_jumping_clock_one_of_fifty_starts(
    send: Send, server: Running, connections: list[Connection]
) -> None:
    server.control("POST", "clock/jump")
    send(connections)
    assert_one_run(server, [connection.answer() for connection in connections])


@pytest.mark.claim("simultaneous", "single-run")
@pytest.mark.usefixtures("again")
@pytest.mark.parametrize("again", range(4), indirect=True)
def test_on_a_frozen_clock_one_of_fifty_starts_and_the_others_hear_when_it_is_advanced(
    server: Running, connections: list[Connection]
) -> None:
    server.control("POST", "clock/freeze")
    at_once(connections)
    waiting(server, CALLERS - 1)
    early = server.control("POST", "clock/advance", {"seconds": 0.999})
    assert early["events"] == []
    moved = server.control("POST", "clock/advance", {"seconds": 0.001})
    assert [event["event"] for event in moved["events"]] == ["answered"] * (CALLERS - 1)
    assert_one_run(server, [connection.answer() for connection in connections])


def on_a_real_clock(server: Running, connections: list[Connection]) -> None:
    at_once(connections)
    assert_one_run(server, [connection.answer() for connection in connections])


@pytest.mark.claim("simultaneous", "single-run")
def test_in_real_time_one_of_fifty_starts(server: Running, connections: list[Connection]) -> None:
    on_a_real_clock(server, connections)


@pytest.mark.slow
@pytest.mark.usefixtures("again")
@pytest.mark.parametrize("again", range(8), indirect=True)
def test_in_real_time_one_of_fifty_starts_every_time(
    server: Running, connections: list[Connection]
) -> None:
    on_a_real_clock(server, connections)


def test_after_them_the_lease_is_held_by_the_one_run_and_nobody_waits(
    server: Running, connections: list[Connection]
) -> None:
    server.control("POST", "clock/jump")
    in_a_burst(connections)
    for connection in connections:
        connection.answer()
    lease = server.control("GET", "lease")
    assert (lease["held"], lease["holder"]["run"], lease["waiting"]) == (True, 1, 0)
