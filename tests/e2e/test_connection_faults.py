"""Connection faults over real sockets: the bytes that clients receive, and their errors."""

import signal
import time
from pathlib import Path

import pytest

from superoffice_mock.core.faults import garbage_bytes
from superoffice_mock.webapi.fault_injection import MALFORMED_CHUNK
from tests.e2e.cli_process import serve
from tests.e2e.raw_http import (
    BODY,
    LONG_BODY,
    Connection,
    is_listening,
    remove_tenant,
    request,
    wait_for_waiting_calls,
    wait_until,
)
from tests.support.server_process import PATH, ServerProcess

BREAKING = {
    "empty-response": b"",
    "reset-by-peer": None,
    "malformed-chunk": MALFORMED_CHUNK,
    "random-data-then-close": garbage_bytes(0, 1),
}
"""The bytes that clients receive before the connection ends; None for a reset."""


def arm(server: ServerProcess, *kinds: str, **more: object) -> None:
    """Arm one connection fault for each coming call."""
    faults = [{"connection": kind, **more} for kind in kinds]
    content = server.control("PUT", "faults", {"faults": faults})
    assert len(content["faults"]) == len(kinds), content


def wait_for_stalls(server: ServerProcess, count: int = 1) -> None:
    wait_until(
        lambda: sum(exchange["outcome"] == "faulted" for exchange in server.exchanges()) == count,
        f"{count} calls stall",
    )


def wait_for_first_end(server: ServerProcess) -> None:
    wait_until(lambda: server.exchanges()[0]["elapsed"] is not None, "the first call is over")


# ---- bytes on the connection -----------------------------------------------------------------


def read_before_break(client: Connection) -> bytes | None:
    """Return all bytes until the connection ends; None if it is reset."""
    try:
        return client.read_to_end()
    except ConnectionResetError:
        return None


@pytest.mark.parametrize("kind", BREAKING)
def test_a_new_and_a_reused_connection_break_alike(kind: str, server: ServerProcess) -> None:
    for earlier_calls in (0, 1):
        with Connection(server) as client:
            for _ in range(earlier_calls):
                assert client.send(request()).read_response().status == 204
            arm(server, kind)
            assert read_before_break(client.send(request())) == BREAKING[kind]


def test_a_malformed_chunk_follows_a_complete_head() -> None:
    head, _, body = MALFORMED_CHUNK.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ntransfer-encoding: chunked" in head
    with pytest.raises(ValueError, match="invalid literal"):
        int(body.partition(b"\r\n")[0], 16)


def test_random_data_depends_on_the_seed_only(server: ServerProcess) -> None:
    arm(server, "random-data-then-close", times=2, seed=7)
    for number in (1, 2):
        with Connection(server) as client:
            assert client.send(request()).read_to_end() == garbage_bytes(7, number)


def test_a_stall_sends_nothing_until_the_client_disconnects(server: ServerProcess) -> None:
    arm(server, "stall")
    client = Connection(server).send(request())
    wait_for_stalls(server)
    assert client.is_silent()
    (line,) = server.exchanges()
    assert (line["status"], line["elapsed"], line["hung_up"]) == (None, None, False)
    client.close()
    wait_for_first_end(server)
    (line,) = server.exchanges()
    assert (line["outcome"], line["status"], line["hung_up"]) == ("faulted", None, True)
    assert line["reason"].endswith("until the client disconnected")


@pytest.mark.parametrize("kind", BREAKING)
def test_the_next_connection_is_not_affected(kind: str, server: ServerProcess) -> None:
    arm(server, kind)
    with Connection(server) as client:
        client.send(request())
        with Connection(server) as second:
            wait_until(lambda: len(server.exchanges()) == 1, "the fault has fired")
            assert second.send(request()).read_response().status == 204
    broken, answered = server.exchanges()
    assert (broken["outcome"], answered["outcome"]) == ("faulted", "started")
    assert broken["fault"] == 1
    assert broken["status"] == (200 if kind == "malformed-chunk" else None)
    assert broken["accounts"] == answered["accounts"]


@pytest.mark.parametrize("kind", [*BREAKING, "stall"])
def test_a_pipelined_request_is_lost_with_its_connection(kind: str, server: ServerProcess) -> None:
    arm(server, kind)
    with Connection(server) as client:
        client.send(request() + request())
        wait_until(lambda: len(server.exchanges()) == 1, "the fault has fired")
        client.close()
    wait_for_first_end(server)
    with Connection(server) as second:
        assert second.send(request()).read_response().status == 204
    assert [exchange["outcome"] for exchange in server.exchanges()] == ["faulted", "started"]


def test_a_fault_of_the_second_pipelined_request_spares_the_first(server: ServerProcess) -> None:
    arm(server, "empty-response", every=2)
    with Connection(server) as client:
        raw = client.send(request() + request()).read_to_end()
    assert raw.startswith(b"HTTP/1.1 204")
    assert raw.count(b"HTTP/1.1") == 1


def test_a_body_beyond_the_limit_leaves_an_empty_response_no_reset(server: ServerProcess) -> None:
    arm(server, "empty-response")
    with Connection(server) as client:
        assert client.send(request(b" " * 3_000_000)).read_to_end() == b""


@pytest.mark.parametrize("kind", ["empty-response", "stall"])
def test_a_client_that_expects_100_continue_gets_none(kind: str, server: ServerProcess) -> None:
    arm(server, kind)
    head = request(BODY, Expect="100-continue")[: -len(BODY)]
    with Connection(server) as client:
        client.send(head)
        wait_for_stalls(server)
        assert client.is_silent() if kind == "stall" else client.read_to_end() == b""


def test_headers_are_sent_as_latin_1(server: ServerProcess) -> None:
    fault = {"status": 503, "headers": {"X-Proxy": "caf\u00e9"}}
    server.control("PUT", "faults", {"faults": [fault]})
    with Connection(server) as client:
        assert b"x-proxy: caf\xe9\r\n" in client.send(request()).read_response().head


# ---- clocks and shutdown ----------------------------------------------------------------------


def test_a_stalled_call_does_not_stop_a_jumping_clock(server: ServerProcess) -> None:
    server.control("POST", "clock/jump")
    arm(server, "stall")
    with Connection(server) as client, Connection(server) as first, Connection(server) as second:
        client.send(request())
        wait_for_stalls(server)
        assert server.control("GET", "clock")["in_flight"] == 0
        assert first.send(request(LONG_BODY)).read_response().status == 204
        start = time.monotonic()
        assert second.send(request(LONG_BODY)).read_response().status == 204
        assert time.monotonic() - start < 0.9
        assert [exchange["outcome"] for exchange in server.exchanges()][1:] == [
            "started",
            "turned_away",
        ]
        clock = server.control("POST", "clock/advance", {"until": "idle"})
        assert clock["events"][-1]["event"] == "run-ended"
        assert time.monotonic() - start < 0.9
    wait_for_first_end(server)
    assert server.control("GET", "clock")["in_flight"] == 0


def test_a_reset_ends_a_stall(server: ServerProcess) -> None:
    arm(server, "stall")
    with Connection(server) as client:
        client.send(request())
        wait_for_stalls(server)
        assert server.control("POST", "reset") == {"reset": ["onsite"]}
        assert client.read_to_end() == b""
    assert server.exchanges() == []
    assert server.control("GET", "clock")["in_flight"] == 0


def call_new_tenant(server: ServerProcess, fault: dict[str, object]) -> tuple[Connection, str]:
    """Call a new tenant that has *fault*; return the connection and the tenant's id."""
    tenant = server.control("POST", "tenants", {"clock": "freeze"})
    path = tenant["url"].removeprefix(server.url) + PATH
    server.control("PUT", f"faults?tenant={tenant['id']}", {"faults": [fault]})
    headers = tenant["credentials"]["headers"] | {"Content-Length": str(len(BODY))}
    return Connection(server).send(request(headers=headers, path=path)), tenant["id"]


def test_the_removal_of_a_tenant_ends_stalled_and_delayed_calls(server: ServerProcess) -> None:
    stalled, first = call_new_tenant(server, {"connection": "stall"})
    delayed, second = call_new_tenant(server, {"delay": 1000})
    wait_until(lambda: is_stalled(server, first), "the call stalls")
    wait_for_waiting_calls(server, 1, second)
    remove_tenant(server, first)
    remove_tenant(server, second)
    with stalled, delayed:
        assert stalled.read_to_end() == b""
        assert delayed.read_response().status == 204


def is_stalled(server: ServerProcess, tenant: str) -> bool:
    """Return whether a call of *tenant* is faulted and no longer in flight."""
    is_faulted = [exchange["outcome"] for exchange in server.exchanges(tenant)] == ["faulted"]
    return is_faulted and server.control("GET", f"clock?tenant={tenant}")["in_flight"] == 0


@pytest.mark.slow
def test_stalls_and_delays_do_not_delay_a_shutdown(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as command:
        server = command.server
        faults = [{"connection": "stall"}, {"delay": 1000}]
        server.control("PUT", "faults", {"faults": faults})
        with Connection(server) as silent, Connection(server) as late:
            silent.send(request())
            wait_for_stalls(server)
            late.send(request())
            wait_for_waiting_calls(server, 1)
            start = time.monotonic()
            command.signal(signal.SIGTERM)
            assert silent.read_to_end() == b""
            assert late.read_response().status == 204
            code, _, log = command.wait_for_exit()
        assert time.monotonic() - start < 2
        assert code == 0
        assert "-> no answer after" in log
        assert "sent nothing until the mock was shut down" in log
        assert "Traceback" not in log


@pytest.mark.slow
def test_a_call_that_would_stall_after_a_sigterm_ends_at_once(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as command:
        arm(command.server, "stall")
        raw = request()
        with Connection(command.server) as client:
            client.send(raw[:-5])
            wait_for_stalls(command.server)
            command.signal(signal.SIGTERM)
            wait_until(
                lambda: not is_listening(command.server), "the server accepts no connections"
            )
            assert client.send(raw[-5:]).read_to_end() == b""
            assert command.wait_for_exit()[0] == 0
        assert "sent nothing until the mock was shut down" in command.log


@pytest.mark.slow
def test_breakages_log_no_exceptions(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as command:
        server = command.server
        arm(server, *BREAKING)
        for _ in BREAKING:
            with Connection(server) as client:
                read_before_break(client.send(request() + request()))
        command.signal(signal.SIGTERM)
        _, _, log = command.wait_for_exit()
    assert log.count("faulted") == len(BREAKING)
    assert "Exception" not in log
    assert "without" not in log.replace("closed the connection without a byte", "")
