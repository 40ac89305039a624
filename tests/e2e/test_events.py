"""Events over a real socket: they come as they happen, and end with the server."""

import http.client
import socket

from tests.e2e.raw_http import request, send_request
from tests.support.server_process import run_server


def read_until(stream: http.client.HTTPResponse, mark: bytes) -> bytes:
    """Return the lines of *stream* up to the one that begins with *mark*, or to its end."""
    lines = []
    for line in stream:
        lines.append(line)
        if line.startswith(mark):
            break
    return b"".join(lines)


def test_a_reader_sees_calls_and_the_end_and_one_that_does_not_read_holds_nothing_up() -> None:
    with run_server("--log", "off") as server:
        with socket.create_connection(server.address) as idle:
            idle.sendall(b"GET /_mock/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            connection = http.client.HTTPConnection(*server.address, timeout=10)
            connection.request("GET", "/_mock/events")
            stream = connection.getresponse()
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert b"event: hello" in read_until(stream, b"data:")
            send_request(server, request())
            assert b'"outcome":"started"' in read_until(stream, b"data:")
            server.process.terminate()
            assert b'"reason":"the mock was shut down"' in stream.read()
            assert server.process.wait(5) == 0
        connection.close()
