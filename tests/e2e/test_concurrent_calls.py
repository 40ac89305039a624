"""Fifty concurrent calls over real sockets start one run, on every clock."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from tests.e2e import raw_http
from tests.e2e.raw_http import LONG_BODY, Connection, RawResponse, wait_for_waiting_calls
from tests.support.server_process import ServerProcess

CLIENTS = 50
Send = Callable[[list[Connection]], None]


@pytest.fixture
def connections(server: ServerProcess) -> Iterator[list[Connection]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Connection(server)) for _ in range(CLIENTS)]


def send_in_a_burst(connections: list[Connection]) -> None:
    """Send all requests from one thread."""
    raw = raw_http.request(LONG_BODY)
    for connection in connections:
        connection.send(raw)


def send_at_once(connections: list[Connection]) -> None:
    """Send each request from its own thread, all at the same time."""
    raw, barrier = raw_http.request(LONG_BODY), Barrier(len(connections))

    def send(connection: Connection) -> None:
        barrier.wait()
        connection.send(raw)

    with ThreadPoolExecutor(len(connections)) as pool:
        list(pool.map(send, connections))


def assert_one_run(server: ServerProcess, responses: list[RawResponse]) -> None:
    assert len({response.bytes_without_date for response in responses}) == 1
    assert responses[0].status == 204
    exchanges = server.exchanges()
    outcomes = [exchange["outcome"] for exchange in exchanges]
    assert sorted(outcomes) == ["started"] + ["turned_away"] * (CLIENTS - 1)
    waits = [exchange["elapsed"] for exchange in exchanges if exchange["outcome"] == "turned_away"]
    assert all(1.0 <= seconds < 1.5 for seconds in waits)
    assert len(server.control("GET", "runs")["runs"]) == 1
    lease = server.control("GET", "lease")
    assert (lease["held"], lease["holder"]["run"], lease["waiting"]) == (True, 1, 0)


@pytest.mark.claim("simultaneous", "single-run")
@pytest.mark.parametrize("send", [send_in_a_burst, send_at_once])
@pytest.mark.parametrize("_repetition", range(4))
def test_on_a_jumping_clock_one_of_fifty_calls_starts_a_run(
    send: Send, _repetition: int, server: ServerProcess, connections: list[Connection]
) -> None:
    server.control("POST", "clock/jump")
    send(connections)
    assert_one_run(server, [connection.read_response() for connection in connections])


@pytest.mark.claim("simultaneous", "single-run")
@pytest.mark.parametrize("_repetition", range(4))
def test_on_a_frozen_clock_one_of_fifty_calls_starts_a_run_and_an_advance_answers_the_others(
    _repetition: int, server: ServerProcess, connections: list[Connection]
) -> None:
    server.control("POST", "clock/freeze")
    send_at_once(connections)
    wait_for_waiting_calls(server, CLIENTS - 1)
    clock = server.control("POST", "clock/advance", {"seconds": 0.999})
    assert clock["events"] == []
    clock = server.control("POST", "clock/advance", {"seconds": 0.001})
    assert [event["event"] for event in clock["events"]] == ["answered"] * (CLIENTS - 1)
    assert_one_run(server, [connection.read_response() for connection in connections])


@pytest.mark.claim("simultaneous", "single-run")
@pytest.mark.parametrize(
    "_repetition", [0, *(pytest.param(n, marks=pytest.mark.nightly) for n in range(1, 9))]
)
def test_in_real_time_one_of_fifty_calls_starts_a_run(
    _repetition: int, server: ServerProcess, connections: list[Connection]
) -> None:
    send_at_once(connections)
    assert_one_run(server, [connection.read_response() for connection in connections])
