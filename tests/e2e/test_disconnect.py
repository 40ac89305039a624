"""Callers who hang up, over real sockets: the journal says so, and the readings what it means."""

from collections.abc import Iterator

import pytest

from tests.e2e.raw_http import JSON, ONE, Connection, request, until, waiting
from tests.support.server_process import BASIC, Running, serving


@pytest.fixture(scope="module")
def _withdrawing() -> Iterator[Running]:
    readings = ("--reading", "disconnect=withdraws", "--reading", "run=blocking")
    with serving("--log", "off", *readings, "--reading", "busy=try-for-1s") as running:
        yield running


@pytest.fixture
def withdrawing(_withdrawing: Running) -> Running:
    """A server whose callers block, try for a second, and withdraw when they hang up."""
    _withdrawing.control("POST", "reset?all=true")
    return _withdrawing


def noticed(server: Running) -> None:
    """Return once the journal knows that the first caller hung up."""
    until(lambda: bool(server.exchanges()[0]["hung_up"]), "the first caller is gone")


def finished(server: Running) -> None:
    """Return once the first request is answered or given up."""
    until(lambda: server.exchanges()[0]["outcome"] != "pending", "the first request is finished")


def caller(server: Running) -> Connection:
    """Somebody who has sent the call and waits."""
    return Connection(server).send(request())


@pytest.mark.claim("disconnect-counts")
def test_a_caller_who_hangs_up_while_it_waits_is_noted_and_still_counts(server: Running) -> None:
    server.control("POST", "clock/freeze")
    server.control("POST", "lease/hold")
    gone = caller(server)
    waiting(server, 1)
    gone.hang_up()
    noticed(server)
    assert server.control("GET", "lease")["waiting"] == 1
    server.control("POST", "clock/advance", {"seconds": 1})
    (exchange,) = server.exchanges()
    assert (exchange["outcome"], exchange["status"]) == ("turned_away", 204)
    assert (exchange["hung_up"], exchange["elapsed"]) == (True, 1.0)


@pytest.mark.claim("disconnect-counts")
def test_the_run_of_a_caller_who_hung_up_goes_on(server: Running) -> None:
    server.control("POST", "clock/freeze")
    with caller(server) as started:
        assert started.answer().status == 204
    server.control("POST", "clock/advance", {"seconds": 4.9})
    assert server.control("GET", "lease")["holder"]["run"] == 1


def test_a_caller_whose_run_blocks_ends_it_by_hanging_up_if_that_withdraws(
    withdrawing: Running,
) -> None:
    withdrawing.control("POST", "clock/freeze")
    gone = caller(withdrawing)
    waiting(withdrawing, 1)
    gone.hang_up()
    finished(withdrawing)
    (run,) = withdrawing.control("GET", "runs")["runs"]
    assert run["state"] == "released"
    assert withdrawing.control("GET", "lease")["held"] is False
    (exchange,) = withdrawing.exchanges()
    assert (exchange["outcome"], exchange["hung_up"]) == ("started", True)
    assert exchange["reason"] == "the caller hung up and withdrew"


def test_a_caller_who_tries_for_a_second_leaves_the_lease_to_the_next_by_hanging_up(
    withdrawing: Running,
) -> None:
    withdrawing.control("POST", "clock/freeze")
    withdrawing.control("POST", "lease/hold")
    gone = caller(withdrawing)
    waiting(withdrawing, 1)
    with caller(withdrawing) as patient:
        waiting(withdrawing, 2)
        gone.hang_up()
        finished(withdrawing)
        withdrawing.control("POST", "lease/release")
        withdrawing.control("POST", "clock/advance", {"until": "idle"})
        assert patient.answer().status == 204
    assert [one["outcome"] for one in withdrawing.exchanges()] == ["turned_away", "started"]


@pytest.mark.parametrize("sent", [b"", ONE[:10]])
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_caller_who_hangs_up_before_its_body_is_complete_starts_nothing(
    sent: bytes, framing: str, server: Running
) -> None:
    headers = {"Authorization": BASIC, "Content-Type": JSON}
    headers |= {"Content-Length": "40"} if framing == "length" else {"Transfer-Encoding": "chunked"}
    body = sent if framing == "length" or not sent else b"%x\r\n%s\r\n" % (len(sent), sent)
    connection = Connection(server).send(request(body, headers))
    until(lambda: len(server.exchanges()) == 1, "the call has arrived")
    connection.hang_up()
    finished(server)
    (exchange,) = server.exchanges()
    assert (exchange["outcome"], exchange["hung_up"]) == ("rejected", True)
    assert exchange["reason"] == "the caller hung up before the body was complete"
    assert server.control("GET", "runs") == {"runs": []}


def test_nobody_who_hung_up_keeps_a_jumping_clock_from_jumping(server: Running) -> None:
    server.control("POST", "clock/jump")
    server.control("POST", "lease/hold")
    half = Connection(server).send(
        request(ONE[:5], {"Authorization": BASIC, "Content-Length": "40"})
    )
    until(lambda: len(server.exchanges()) == 1, "the call has arrived")
    with caller(server) as patient:
        waiting(server, 1)
        half.hang_up()
        assert patient.answer().status == 204


def test_who_hangs_up_in_a_pipeline_is_answered_to_nobody_and_the_server_lives(
    server: Running,
) -> None:
    server.control("POST", "clock/freeze")
    server.control("POST", "lease/hold")
    gone = Connection(server).send(request() + request())
    waiting(server, 1)
    gone.hang_up()
    server.control("POST", "clock/advance", {"seconds": 1})
    finished(server)
    server.control("POST", "reset")
    with caller(server) as next_one:
        assert next_one.answer().status == 204


@pytest.mark.claim("disconnect-counts")
def test_a_caller_who_sends_its_call_and_hangs_up_at_once_has_started_a_run(
    server: Running,
) -> None:
    server.control("POST", "clock/freeze")
    Connection(server).send(request()).hang_up()
    until(lambda: len(server.exchanges()) == 1, "the call has arrived")
    finished(server)
    assert server.exchanges()[0]["outcome"] == "started"
