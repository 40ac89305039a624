"""Connection faults over real sockets: a raw reader sees each breakage, and nothing else."""

import http.client
import signal
import time
from pathlib import Path
from urllib.request import Request, urlopen

import httpx2
import pytest

from superoffice_mock.core.faults import garbage
from superoffice_mock.webapi.fault_injection import MALFORMED_CHUNK
from tests.e2e.cli_process import serve
from tests.e2e.raw_http import LONG, ONE, Connection, request, until, waiting
from tests.support.server_process import BASIC, PATH, Running

BREAKING = ("empty-response", "reset-by-peer", "malformed-chunk", "random-data-then-close")


def arm(server: Running, *kinds: str, **more: object) -> None:
    """Arm connection faults, one for each call to come."""
    faults = [{"connection": kind, **more} for kind in kinds]
    told = server.control("PUT", "faults", {"faults": faults})
    assert len(told["faults"]) == len(kinds), told


def stalled(server: Running, count: int = 1) -> None:
    """Return once so many calls are faulted and unanswered."""
    until(
        lambda: sum(one["outcome"] == "faulted" for one in server.exchanges()) == count,
        f"{count} calls stall",
    )


def ended(server: Running) -> None:
    """Return once the first call is over."""
    until(lambda: server.exchanges()[0]["elapsed"] is not None, "the first call is over")


# ---- what a raw reader sees ------------------------------------------------------------------


def test_an_empty_response_is_an_orderly_end_without_a_byte(server: Running) -> None:
    arm(server, "empty-response")
    with Connection(server) as caller:
        assert caller.send(request()).rest() == b""


def test_a_reset_is_a_reset_without_a_byte(server: Running) -> None:
    arm(server, "reset-by-peer")
    with Connection(server) as caller, pytest.raises(ConnectionResetError):
        caller.send(request()).rest()


def test_a_malformed_chunk_comes_after_a_whole_head_and_before_the_end(server: Running) -> None:
    arm(server, "malformed-chunk")
    with Connection(server) as caller:
        raw = caller.send(request()).rest()
    assert raw == MALFORMED_CHUNK
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ntransfer-encoding: chunked" in head
    with pytest.raises(ValueError, match="invalid literal"):
        int(rest.partition(b"\r\n")[0], 16)


def test_random_data_is_the_seeds_and_then_the_end(server: Running) -> None:
    arm(server, "random-data-then-close", times=2, seed=7)
    for number in (1, 2):
        with Connection(server) as caller:
            assert caller.send(request()).rest() == garbage(7, number)


def test_a_stall_sends_nothing_and_stays_open_until_the_caller_leaves(server: Running) -> None:
    arm(server, "stall")
    caller = Connection(server).send(request())
    stalled(server)
    assert caller.silent()
    (line,) = server.exchanges()
    assert (line["status"], line["elapsed"], line["hung_up"]) == (None, None, False)
    caller.hang_up()
    ended(server)
    (line,) = server.exchanges()
    assert (line["outcome"], line["status"], line["hung_up"]) == ("faulted", None, True)
    assert line["reason"].endswith("until the caller hung up")


@pytest.mark.parametrize("kind", BREAKING)
def test_the_next_connection_is_served_at_once(kind: str, server: Running) -> None:
    arm(server, kind)
    with Connection(server) as caller:
        caller.send(request())
        with Connection(server) as other:
            until(lambda: len(server.exchanges()) == 1, "the fault has struck")
            assert other.send(request()).answer().status == 204
    broken, served = server.exchanges()
    assert (broken["outcome"], served["outcome"]) == ("faulted", "started")
    assert broken["fault"] == 1
    assert broken["status"] == (200 if kind == "malformed-chunk" else None)
    assert broken["accounts"] == served["accounts"]


def test_a_stall_keeps_nobody_else_waiting(server: Running) -> None:
    arm(server, "stall")
    with Connection(server) as caller, Connection(server) as other:
        caller.send(request())
        stalled(server)
        assert other.send(request()).answer().status == 204


@pytest.mark.parametrize("kind", BREAKING)
def test_a_connection_that_was_used_before_breaks_too(kind: str, server: Running) -> None:
    with Connection(server) as caller:
        assert caller.send(request()).answer().status == 204
        arm(server, kind)
        caller.send(request())
        if kind == "reset-by-peer":
            with pytest.raises(ConnectionResetError):
                caller.rest()
        else:
            expected = {"malformed-chunk": MALFORMED_CHUNK, "empty-response": b""}
            assert caller.rest() == expected.get(kind, garbage(0, 1))


@pytest.mark.parametrize("kind", [*BREAKING, "stall"])
def test_a_pipelined_second_request_is_lost_with_its_connection(kind: str, server: Running) -> None:
    arm(server, kind)
    with Connection(server) as caller:
        caller.send(request() + request())
        until(lambda: len(server.exchanges()) == 1, "the fault has struck")
        caller.hang_up()
    ended(server)
    with Connection(server) as other:
        assert other.send(request()).answer().status == 204
    assert [one["outcome"] for one in server.exchanges()] == ["faulted", "started"]


def test_a_fault_that_strikes_the_second_of_two_pipelined_requests_leaves_the_first_its_answer(
    server: Running,
) -> None:
    arm(server, "empty-response", every=2)
    with Connection(server) as caller:
        raw = caller.send(request() + request()).rest()
    assert raw.startswith(b"HTTP/1.1 204")
    assert raw.count(b"HTTP/1.1") == 1


def test_a_body_beyond_the_limit_does_not_turn_an_empty_response_into_a_reset(
    server: Running,
) -> None:
    arm(server, "empty-response")
    with Connection(server) as caller:
        assert caller.send(request(b" " * 3_000_000)).rest() == b""


@pytest.mark.parametrize("kind", ["empty-response", "stall"])
def test_who_waits_for_a_100_continue_gets_none(kind: str, server: Running) -> None:
    arm(server, kind)
    head = request(ONE, Expect="100-continue")[: -len(ONE)]
    with Connection(server) as caller:
        caller.send(head)
        stalled(server)
        assert caller.silent() if kind == "stall" else caller.rest() == b""


def test_headers_reach_the_caller_as_latin_1(server: Running) -> None:
    fault = {"status": 503, "headers": {"X-Proxy": "caf\u00e9"}}
    server.control("PUT", "faults", {"faults": [fault]})
    with Connection(server) as caller:
        assert b"x-proxy: caf\xe9\r\n" in caller.send(request()).answer().head


# ---- clocks and ends -------------------------------------------------------------------------


def test_a_stalled_call_does_not_keep_a_clock_from_jumping(server: Running) -> None:
    server.control("POST", "clock/jump")
    arm(server, "stall")
    with Connection(server) as caller, Connection(server) as first, Connection(server) as second:
        caller.send(request())
        stalled(server)
        assert server.control("GET", "clock")["in_flight"] == 0
        assert first.send(request(LONG)).answer().status == 204
        began = time.monotonic()
        assert second.send(request(LONG)).answer().status == 204
        assert time.monotonic() - began < 0.9
        assert [one["outcome"] for one in server.exchanges()][1:] == ["started", "turned_away"]
        told = server.control("POST", "clock/advance", {"until": "idle"})
        assert told["events"][-1]["event"] == "run-ended"
        assert time.monotonic() - began < 0.9
    ended(server)
    assert server.control("GET", "clock")["in_flight"] == 0


def test_a_reset_ends_a_stall_before_it_answers(server: Running) -> None:
    arm(server, "stall")
    with Connection(server) as caller:
        caller.send(request())
        stalled(server)
        assert server.control("POST", "reset") == {"reset": ["onsite"]}
        assert caller.rest() == b""
    assert server.exchanges() == []
    assert server.control("GET", "clock")["in_flight"] == 0


def test_a_reset_answers_a_delayed_call(server: Running) -> None:
    server.control("PUT", "faults", {"faults": [{"delay": 1000}]})
    with Connection(server) as caller:
        caller.send(request())
        waiting(server, 1)
        server.control("POST", "reset")
        assert caller.answer().status == 204


def called(server: Running, fault: dict[str, object]) -> tuple[Connection, str]:
    """Return somebody who called a fresh tenant that has this *fault*, and the tenant's id."""
    made = server.control("POST", "tenants", {"clock": "freeze"})
    tenant, path = made["id"], made["url"].removeprefix(server.url) + PATH
    server.control("PUT", f"faults?tenant={tenant}", {"faults": [fault]})
    headers = made["credentials"]["headers"] | {"Content-Length": str(len(ONE))}
    return Connection(server).send(request(headers=headers, path=path)), tenant


def remove(server: Running, tenant: str) -> None:
    """Remove a tenant that was made."""
    raw = request(b"", {}, method="DELETE", path=f"/_mock/tenants/{tenant}")
    with Connection(server) as caller:
        assert caller.send(raw).answer().status == 204


def test_a_tenant_that_is_removed_lets_go_of_a_call_that_stalls(server: Running) -> None:
    caller, tenant = called(server, {"connection": "stall"})
    until(lambda: stalls(server, tenant), "the call stalls")
    remove(server, tenant)
    with caller:
        assert caller.rest() == b""


def stalls(server: Running, tenant: str) -> bool:
    """Tell whether a call of *tenant* is faulted and no longer in flight."""
    faulted = [one["outcome"] for one in server.exchanges(tenant)] == ["faulted"]
    return faulted and server.control("GET", f"clock?tenant={tenant}")["in_flight"] == 0


def test_a_tenant_that_is_removed_answers_a_call_that_is_delayed(server: Running) -> None:
    caller, tenant = called(server, {"delay": 1000})
    waiting(server, 1, tenant)
    remove(server, tenant)
    with caller:
        assert caller.answer().status == 204


@pytest.mark.slow
def test_stalls_and_delays_do_not_hold_up_a_sigterm(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as served:
        server = served.running
        faults = [{"connection": "stall"}, {"delay": 1000}]
        server.control("PUT", "faults", {"faults": faults})
        with Connection(server) as silent, Connection(server) as late:
            silent.send(request())
            stalled(server)
            late.send(request())
            waiting(server, 1)
            began = time.monotonic()
            served.signal(signal.SIGTERM)
            assert silent.rest() == b""
            assert late.answer().status == 204
            code, _, log = served.ended()
        assert time.monotonic() - began < 2
        assert code == 0
        assert "-> no answer after" in log
        assert "sent nothing until the mock was shut down" in log
        assert "Traceback" not in log


@pytest.mark.slow
def test_a_call_that_would_stall_after_a_sigterm_is_let_go_at_once(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as served:
        arm(served.running, "stall")
        raw = request()
        with Connection(served.running) as caller:
            caller.send(raw[:-5])
            stalled(served.running)
            served.signal(signal.SIGTERM)
            until(lambda: not listens(served.running), "the server accepts nobody")
            assert caller.send(raw[-5:]).rest() == b""
            assert served.ended()[0] == 0
        assert "sent nothing until the mock was shut down" in served.log


def listens(server: Running) -> bool:
    """Tell whether a connection is accepted."""
    try:
        Connection(server).hang_up()
    except ConnectionError:
        return False
    return True


@pytest.mark.slow
def test_breakages_leave_no_word_in_the_servers_log(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as served:
        server = served.running
        arm(server, *BREAKING)
        for _ in BREAKING:
            with Connection(server) as caller:
                caller.send(request() + request())
                try:
                    caller.rest()
                except ConnectionResetError:
                    continue
        served.signal(signal.SIGTERM)
        _, _, log = served.ended()
    assert log.count("faulted") == len(BREAKING)
    assert "Exception" not in log
    assert "without" not in log.replace("closed the connection without a byte", "")


# ---- what real clients make of it ------------------------------------------------------------


def posted(server: Running, *, timeout: float = 5) -> object:
    """Send the call with the standard library."""
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    with urlopen(Request(server.url + PATH, ONE, headers), timeout=timeout) as answer:
        return answer.read()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("empty-response", http.client.RemoteDisconnected),
        ("reset-by-peer", ConnectionResetError),
        ("malformed-chunk", http.client.IncompleteRead),
        ("random-data-then-close", http.client.BadStatusLine),
    ],
)
def test_the_standard_library_reports_each_breakage_as_what_it_is(
    kind: str, error: type[Exception], server: Running
) -> None:
    arm(server, kind)
    with pytest.raises(error):
        posted(server)
    assert posted(server) == b""


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("empty-response", httpx2.RemoteProtocolError),
        ("reset-by-peer", httpx2.ReadError),
        ("malformed-chunk", httpx2.RemoteProtocolError),
        ("random-data-then-close", httpx2.RemoteProtocolError),
        ("stall", httpx2.ReadTimeout),
    ],
)
def test_httpx_reports_each_breakage_as_what_it_is(
    kind: str, error: type[Exception], server: Running
) -> None:
    arm(server, kind)
    with httpx2.Client(trust_env=False, timeout=0.3) as client:
        headers = {"Authorization": BASIC}
        with pytest.raises(error):
            client.post(server.url + PATH, json={}, headers=headers)
        assert client.post(server.url + PATH, json={}, headers=headers).status_code == 204
