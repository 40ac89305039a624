"""The client of the control surface: reused connections, and answers that are not as expected."""

from contextlib import closing

import pytest

from superoffice_contract.control.answers import ClockState, Health
from superoffice_contract.control.client import ControlClient
from superoffice_contract.errors import ControlFailed
from superoffice_mock import MockServer
from tests.e2e.upstreams import raw_upstream


def test_a_connection_that_the_server_closed_is_replaced() -> None:
    with MockServer() as first:
        client = ControlClient(first.url)
        client.control("GET", "clock", ClockState)
        port = first.url.rpartition(":")[2]
    with MockServer(port=port):
        assert client.control("GET", "clock", ClockState).clock == "real"
    client.close()


def test_an_answer_that_is_not_as_expected_is_an_error() -> None:
    for answer, detail in (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "unexpected answer: .*`status`"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "unexpected answer: JSON is mal"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "no answer from .*7 more expected"),
        (b"HTTP/1.1 501 Other\r\nContent-Length: 6\r\n\r\n<html>", "it answered 501"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "it answered 302"),
        (b"not HTTP", "no answer from http://127.0.0.1:.*; is it running"),
        (b"", "no answer from http://127.0.0.1:.*; is it running"),
    ):
        with raw_upstream(answer) as upstream, closing(ControlClient(upstream.url)) as client:
            with pytest.raises(ControlFailed, match=f"GET /_mock/health: {detail}") as error:
                client.control("GET", "health", Health)
            assert (error.value.status is None) == detail.startswith("no answer"), answer
