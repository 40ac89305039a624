"""Clients that disconnect, over real sockets: the journal records it, the readings decide more."""

from collections.abc import Iterator

import pytest

from tests.e2e.raw_http import BODY, JSON, Connection, request, wait_for_waiting_calls, wait_until
from tests.support.server_process import BASIC, ServerProcess, run_server

WITHDRAWN = "the client disconnected; its call was withdrawn"


@pytest.fixture(scope="module")
def _withdrawing() -> Iterator[ServerProcess]:
    readings = ("--reading", "disconnect=withdraws", "--reading", "run=blocking")
    with run_server("--log", "off", *readings, "--reading", "busy=try-for-1s") as server:
        yield server


@pytest.fixture
def withdrawing(_withdrawing: ServerProcess) -> ServerProcess:
    """A server whose calls block, try for a second, and are withdrawn by a disconnect."""
    _withdrawing.control("POST", "reset?all=true")
    return _withdrawing


def wait_for_disconnect(server: ServerProcess) -> None:
    wait_until(lambda: bool(server.exchanges()[0]["hung_up"]), "the first client has disconnected")


def wait_for_outcome(server: ServerProcess) -> None:
    wait_until(
        lambda: server.exchanges()[0]["outcome"] != "pending", "the first request is finished"
    )


def send_call(server: ServerProcess) -> Connection:
    return Connection(server).send(request())


@pytest.mark.claim("disconnect-counts")
def test_a_waiting_call_counts_although_its_client_disconnects(server: ServerProcess) -> None:
    server.control("POST", "clock/freeze")
    server.control("POST", "lease/hold")
    first = send_call(server)
    wait_for_waiting_calls(server, 1)
    first.close()
    wait_for_disconnect(server)
    assert server.control("GET", "lease")["waiting"] == 1
    server.control("POST", "clock/advance", {"seconds": 1})
    (exchange,) = server.exchanges()
    assert (exchange["outcome"], exchange["status"]) == ("turned_away", 204)
    assert (exchange["hung_up"], exchange["elapsed"]) == (True, 1.0)


def test_a_withdrawn_call_leaves_the_lease_to_the_next(withdrawing: ServerProcess) -> None:
    withdrawing.control("POST", "clock/freeze")
    withdrawing.control("POST", "lease/hold")
    first = send_call(withdrawing)
    wait_for_waiting_calls(withdrawing, 1)
    with send_call(withdrawing) as second:
        wait_for_waiting_calls(withdrawing, 2)
        first.close()
        wait_for_outcome(withdrawing)
        withdrawing.control("POST", "lease/release")
        withdrawing.control("POST", "clock/advance", {"until": "idle"})
        assert second.read_response().status == 204
    first_call, second_call = withdrawing.exchanges()
    assert (first_call["outcome"], second_call["outcome"]) == ("turned_away", "started")
    assert (first_call["reason"], first_call["elapsed"]) == (WITHDRAWN, 0)


@pytest.mark.parametrize("part", [b"", BODY[:10]])
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_half_a_body_starts_nothing(part: bytes, framing: str, server: ServerProcess) -> None:
    headers = {"Authorization": BASIC, "Content-Type": JSON}
    headers |= {"Content-Length": "40"} if framing == "length" else {"Transfer-Encoding": "chunked"}
    body = part if framing == "length" or not part else b"%x\r\n%s\r\n" % (len(part), part)
    connection = Connection(server).send(request(body, headers))
    wait_until(lambda: len(server.exchanges()) == 1, "the call has arrived")
    connection.close()
    wait_for_outcome(server)
    (exchange,) = server.exchanges()
    assert (exchange["outcome"], exchange["hung_up"]) == ("rejected", True)
    assert exchange["reason"] == "the client disconnected before the body was complete"
    assert server.control("GET", "runs") == {"runs": []}


def test_a_disconnected_client_does_not_stop_a_jumping_clock(server: ServerProcess) -> None:
    server.control("POST", "clock/jump")
    server.control("POST", "lease/hold")
    half_sent = Connection(server).send(
        request(BODY[:5], {"Authorization": BASIC, "Content-Length": "40"})
    )
    wait_until(lambda: len(server.exchanges()) == 1, "the call has arrived")
    with send_call(server) as second:
        wait_for_waiting_calls(server, 1)
        half_sent.close()
        assert second.read_response().status == 204


def test_a_disconnect_with_pipelined_requests_does_no_harm(server: ServerProcess) -> None:
    server.control("POST", "clock/freeze")
    server.control("POST", "lease/hold")
    first = Connection(server).send(request() + request())
    wait_for_waiting_calls(server, 1)
    first.close()
    server.control("POST", "clock/advance", {"seconds": 1})
    wait_for_outcome(server)
    server.control("POST", "reset")
    with send_call(server) as next_client:
        assert next_client.read_response().status == 204


@pytest.mark.claim("disconnect-counts")
def test_a_disconnect_right_after_a_call_has_started_a_run(server: ServerProcess) -> None:
    server.control("POST", "clock/freeze")
    Connection(server).send(request()).close()
    wait_until(lambda: len(server.exchanges()) == 1, "the call has arrived")
    wait_for_outcome(server)
    assert server.exchanges()[0]["outcome"] == "started"
