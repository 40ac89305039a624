"""The client of the control surface: reused connections, and answers that are not as expected."""

import re
from contextlib import closing

import pytest

from superoffice_contract.control import connection
from superoffice_contract.control.answers import ClockState, Health
from superoffice_contract.control.client import ControlClient
from superoffice_contract.errors import ControlFailed, TargetError
from superoffice_mock import MockServer
from tests.e2e.upstreams import raw_upstream
from tests.support.endless_answers import INTERIM, OK, Taken, drip, endless_answers


def test_a_connection_that_the_server_closed_is_replaced() -> None:
    with MockServer() as first:
        client = ControlClient(first.url)
        client.control("GET", "clock", ClockState)
        port = first.url.rpartition(":")[2]
    with MockServer(port=port):
        assert client.control("GET", "clock", ClockState).clock == "real"
    client.close()


def test_a_token_that_no_header_can_have_is_an_error_that_does_not_repeat_it() -> None:
    for token in ("S3cret\n", "S3cret\r\nX: y", "S3cret\x00", "S3cret\u202e", "S3cret€"):
        with pytest.raises(TargetError, match="such as a line break") as error:
            ControlClient("http://127.0.0.1:1", token)
        assert "S3cret" not in str(error.value), token


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


def test_an_answer_is_read_no_further_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_BYTES", 2**20)
    with endless_answers() as answers:
        for name, upstream, taken in answers:
            with (
                closing(ControlClient(upstream.url)) as client,
                pytest.raises(ControlFailed) as error,
            ):
                raise AssertionError((name, client.control("GET", "health", Health)))
            assert re.search(
                r"the answer from http://\S+ is longer than 1 MiB; the rest was not read"
                r"|no answer from http://\S+: got more than (65536 bytes|100 headers)",
                str(error.value),
            ), str(error.value)
            assert taken.count < 16 * 2**20, name


def test_an_answer_that_goes_on_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_BYTES", 2**20)
    for script, problem in (
        (Taken(b"", INTERIM), "is longer than 1 MiB"),
        (drip(), "takes longer than 0.3 s"),
        (drip(OK + b"\r\n"), "takes longer than 0.3 s"),
    ):
        with (
            raw_upstream(script) as upstream,
            closing(ControlClient(upstream.url, timeout=0.1)) as client,
            pytest.raises(ControlFailed, match=f"the answer from .* {problem}; the rest was not"),
        ):
            client.control("GET", "health", Health)


def test_what_an_answer_says_is_cut_and_printable() -> None:
    detail = "a\\u001b" + "b" * 10_000
    for answer in (b'{"detail":"%b"}' % detail.encode(), b"[" * 100_000):
        head = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n" % len(answer)
        with (
            raw_upstream(head + answer) as upstream,
            closing(ControlClient(upstream.url)) as client,
        ):
            with pytest.raises(ControlFailed) as error:
                client.control("GET", "health", Health)
            assert (len(str(error.value)) < 2100, "\x1b" in str(error.value)) == (True, False)
