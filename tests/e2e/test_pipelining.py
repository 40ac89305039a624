"""Requests that are sent ahead: the server reads few of them, and waits for no reader for ever."""

import socket
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.raw_http import Connection, read_all, request, wait_for_waiting_calls, wait_until
from tests.support.server_process import PATH, ServerProcess, run_server

TINY = b"PUT %s HTTP/1.1\r\nHost: a\r\n\r\n" % PATH.encode()
"""A request that costs the server little: it gets a 405."""
NO_ACCOUNTS = b'{"SyncUserAccounts":[]}'
OFFER = TINY.replace(b"Host: a", b"Host: a\r\nConnection: upgrade\r\nUpgrade: h2c")
MEGABYTE = 2**20
ESTABLISHED = b"\1"
"""The state of an open connection, as Linux tells it."""
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the state")


@pytest.fixture(scope="module")
def impatient() -> Iterator[ServerProcess]:
    with run_server("--idle-timeout", "1", "--journal-exchanges", "100") as server:
        yield server


@pytest.fixture(autouse=True)
def _reset(impatient: ServerProcess) -> None:
    impatient.control("POST", "reset")


def memory_of(server: ServerProcess) -> int:
    """Return the resident memory of *server* in bytes."""
    return int(psutil.Process(server.process.pid).memory_info().rss)


def connect_with_a_small_window(server: ServerProcess) -> socket.socket:
    """Return a connection whose client takes little that it does not read.

    A window that shrinks later makes the kernel drop what comes, confirmations of requests too.
    """
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.settimeout(20)
    client.connect(server.address)
    return client


def send_without_reading(client: socket.socket, raw: bytes) -> None:
    """Send *raw* in the background, for as long as the server takes it."""

    def send() -> None:
        try:
            client.sendall(raw)
        except OSError:
            return

    threading.Thread(target=send, daemon=True).start()


def count_answers(connection: socket.socket, raw: bytes) -> int:
    """Send *raw*, read all answers, and return how many there are."""
    send_without_reading(connection, raw)
    return read_all(connection).count(b"HTTP/1.1 ")


def test_each_of_very_many_pipelined_requests_is_answered(impatient: ServerProcess) -> None:
    for raw, count in (
        (TINY, 5_000),
        (OFFER, 500),
        (request(NO_ACCOUNTS), 300),
        (request(b"17\r\n%s\r\n0\r\n\r\n" % NO_ACCOUNTS, {"Transfer-Encoding": "chunked"}), 300),
    ):
        last = raw.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        with socket.create_connection(impatient.address, timeout=20) as client:
            assert count_answers(client, raw * count + last) == count + 1, raw


def test_requests_behind_a_call_that_waits_are_read_in_turn(impatient: ServerProcess) -> None:
    impatient.control("POST", "clock/freeze")
    impatient.control("POST", "lease/hold")
    before = memory_of(impatient)
    connections = [Connection(impatient).send(request()) for _ in range(20)]
    wait_for_waiting_calls(impatient, 20)
    for connection in connections:
        connection.send(TINY * (250_000 // len(TINY)))
    impatient.control("POST", "lease/release")
    assert memory_of(impatient) - before < 20 * MEGABYTE
    impatient.control("POST", "clock/jump")
    for connection in connections:
        assert connection.read_response().status == 204
        assert [connection.read_response().status for _ in range(20)] == [405] * 20
        connection.close()


@pytest.mark.slow
@needs_linux
def test_megabytes_of_pipelined_requests_cost_no_memory(impatient: ServerProcess) -> None:
    before = memory_of(impatient)
    clients = [socket.create_connection(impatient.address, timeout=20) for _ in range(3)]
    for client in clients:
        send_without_reading(client, TINY * (10 * MEGABYTE // len(TINY)))
    wait_until(lambda: all(map(is_closed, clients)), "all are closed", within=60)
    assert memory_of(impatient) - before < 20 * MEGABYTE
    for client in clients:
        client.close()


def is_closed(client: socket.socket) -> bool:
    """Return whether the server has closed the connection of *client*, whose answers wait."""
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != ESTABLISHED


@pytest.mark.slow
@needs_linux
def test_a_client_that_reads_nothing_is_closed_and_stops_no_clock(impatient: ServerProcess) -> None:
    """Its last call is in flight until then, so that a clock that jumps stands still."""
    impatient.control("POST", "clock/jump")
    with connect_with_a_small_window(impatient) as client:
        send_without_reading(client, request(b"{") * 50_000)
        wait_until(lambda: is_closed(client), "the connection is closed", within=30)
    with Connection(impatient) as other:
        assert other.send(request()).read_response().status == 204
        assert other.send(request()).read_response().status == 204


@pytest.mark.slow
@needs_linux
def test_a_big_control_answer_that_nobody_reads_is_given_up(impatient: ServerProcess) -> None:
    impatient.control("POST", "clock/jump")
    with Connection(impatient) as connection:
        for _ in range(100):
            call = request(b'{"SyncUserAccounts":[%s]}' % b",".join([b'{"AccountId":1}'] * 900))
            assert connection.send(call).read_response().status == 204
    before = memory_of(impatient)
    readers = [connect_with_a_small_window(impatient) for _ in range(8)]
    for reader in readers:
        reader.sendall(b"GET /_mock/requests HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 50)
    wait_until(lambda: all(map(is_closed, readers)), "all are closed", within=30)
    assert memory_of(impatient) - before < 30 * MEGABYTE
    for reader in readers:
        reader.close()
