"""The recording proxy between raw sockets: what it forwards unchanged, and what it records."""

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from superoffice_mock.proxy.body_buffer import MAX_BODY_BYTES
from superoffice_mock.recordings import har_file
from tests.e2e import raw_http
from tests.e2e.raw_http import Connection, read_all, wait_until
from tests.e2e.upstreams import (
    NO_CONTENT,
    ONE_ACCOUNT,
    PATH,
    RecorderFixture,
    raw_upstream,
    record_in_process,
    request,
)
from tests.support.local_servers import make_certificate, needs_openssl
from tests.support.server_process import ServerProcess

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def shared_recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecorderFixture]:
    out = tmp_path_factory.mktemp("record") / "a.har"
    with raw_upstream(NO_CONTENT) as upstream, record_in_process(upstream.url, out) as recorder:
        yield RecorderFixture(upstream, recorder)
    assert recorder.messages == []


@pytest.fixture
def recorder(shared_recorder: RecorderFixture) -> RecorderFixture:
    """A recorder and an upstream that answers 204 unless a test sets another script."""
    shared_recorder.play(NO_CONTENT)
    return shared_recorder


def lines(head: bytes) -> list[bytes]:
    return head.split(b"\r\n")


# ---- requests --------------------------------------------------------------------------------


def test_the_upstream_gets_requests_unchanged_but_for_their_host(recorder: RecorderFixture) -> None:
    headers = (b"Authorization: Basic dGplMDpUamUw", b"X-Odd: a", b"x-odd: b", b"TE: gzip")
    recorder.exchange(request(ONE_ACCOUNT, *headers))
    upstream = recorder.upstream
    host = upstream.url.removeprefix("http://").encode()
    assert lines(upstream.heads[0]) == [
        b"POST %s HTTP/1.1" % PATH,
        b"host: " + host,
        b"authorization: Basic dGplMDpUamUw",
        b"x-odd: a",
        b"x-odd: b",
        b"content-length: 40",
    ]


def test_every_request_target_goes_to_the_upstream(recorder: RecorderFixture) -> None:
    for target, path in (
        (b"http://elsewhere.localhost/a?b=c", b"/a?b=c"),
        (b"/a%20b/%zz?$select=x&y", b"/a%20b/%zz?$select=x&y"),
        (b"//elsewhere.example/a", b"//elsewhere.example/a"),
        (b"*", b"*"),
    ):
        recorder.play(NO_CONTENT)
        answer = recorder.exchange(request(b"", method=b"OPTIONS", path=target))
        (entry,) = recorder.wait_for_entries()
        assert lines(recorder.upstream.heads[0])[0] == b"OPTIONS %s HTTP/1.1" % path
        assert answer.startswith(b"HTTP/1.1 204"), target
        assert "elsewhere" not in entry.request.url


def test_a_page_or_a_rebound_host_is_refused_and_not_forwarded(recorder: RecorderFixture) -> None:
    foreign = b"Origin: https://evil.example"
    rebound = request().replace(b"Host: 127.0.0.1", b"Host: evil.example")
    for raw_request in (
        request(ONE_ACCOUNT, foreign, b"Content-Type: text/plain"),
        request(ONE_ACCOUNT, b"Origin: null"),
        request(b"", b"Sec-Fetch-Site: cross-site", method=b"GET"),
        request(b"", foreign, b"Access-Control-Request-Method: POST", method=b"OPTIONS"),
        rebound,
        request(path=b"http://evil.example/a"),
    ):
        answer = recorder.exchange(raw_request)
        assert answer.startswith(b"HTTP/1.1 403"), raw_request
        assert b'{"Message":"Authorization has been denied for this request.",' in answer
        assert b'"MessageDetail":"superoffice-mock record: ' in answer
    recorder.exchange(request(b"", b"Origin: http://localhost:3000", method=b"GET"))
    assert len(recorder.wait_for_entries()) == len(recorder.upstream.heads) == 1


def test_an_unreadable_request_is_not_forwarded(recorder: RecorderFixture) -> None:
    for first_line in (b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: a", b"no HTTP"):
        assert recorder.exchange(first_line + b"\r\n\r\n").startswith(b"HTTP/1.1 400")
        assert (recorder.upstream.heads, recorder.wait_for_entries(0)) == ([], ()), first_line


def test_a_body_that_turns_malformed_gets_a_400_and_is_recorded(recorder: RecorderFixture) -> None:
    recorder.play(lambda connection: connection.recv(65536))
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % PATH
    with recorder.connect() as client:
        client.sendall(head + b"2\r\nok\r\n")
        wait_until(lambda: recorder.upstream.heads != [], "the upstream has been called")
        client.sendall(b"this is no chunk\r\n")
        assert read_all(client).startswith(b"HTTP/1.1 400")
    (entry,) = recorder.wait_for_entries()
    assert (entry.response.status, entry.response.failure) == (0, "aborted")


def test_a_request_body_is_streamed_to_the_upstream(recorder: RecorderFixture) -> None:
    halfway = threading.Event()
    parts: list[bytes] = []

    def script(connection: socket.socket) -> None:
        parts.append(recorder.upstream.body or connection.recv(65536))
        halfway.set()
        while not parts[-1].endswith(b"0\r\n\r\n"):
            parts.append(connection.recv(65536))
        connection.sendall(NO_CONTENT)

    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" % PATH
    recorder.play(script)
    with recorder.connect() as client:
        client.sendall(head + b"Connection: close\r\n\r\n14\r\n" + ONE_ACCOUNT[:20] + b"\r\n")
        assert halfway.wait(10)
        client.sendall(b"14\r\n" + ONE_ACCOUNT[20:] + b"\r\n0\r\n\r\n")
        assert read_all(client).startswith(b"HTTP/1.1 204")
    assert b"transfer-encoding: chunked" in lines(recorder.upstream.heads[0])
    assert parts[0] == b"14\r\n" + ONE_ACCOUNT[:20] + b"\r\n"
    assert recorder.wait_for_entries()[0].request.body == ONE_ACCOUNT


def test_a_client_that_waits_for_100_continue_gets_it(recorder: RecorderFixture) -> None:
    def script(connection: socket.socket) -> None:
        recorder.upstream.read_body(connection)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + NO_CONTENT)

    whole = request(ONE_ACCOUNT, b"Expect: 100-continue")
    recorder.play(script)
    with recorder.connect() as client:
        client.sendall(whole[: -len(ONE_ACCOUNT)])
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(ONE_ACCOUNT)
        assert read_all(client).startswith(b"HTTP/1.1 204")
    assert recorder.wait_for_entries()[0].request.body == ONE_ACCOUNT


# ---- answers ---------------------------------------------------------------------------------


def test_the_app_gets_the_answer_unchanged_without_a_second_date(recorder: RecorderFixture) -> None:
    date = b"date: Mon, 01 Jan 2024 00:00:00 GMT"
    expected = [b"HTTP/1.1 204 No Content", date, b"connection: close", b"", b""]
    assert lines(recorder.exchange(request())) == expected


def test_answers_of_every_framing_are_forwarded(recorder: RecorderFixture) -> None:
    for answer, method, expected in (
        (b"200 OK\r\nContent-Length: 5\r\n\r\n", b"HEAD", b"content-length: 5\r\n\r\n"),
        (b"304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"GET", b"\r\n\r\n"),
        (b"200 OK\r\nContent-Length: 0\r\n\r\n", b"GET", b"content-length: 0\r\n\r\n"),
        (b"200 OK\r\nContent-Length: 2\r\n\r\nok", b"GET", b"content-length: 2\r\n\r\nok"),
        (b"200 OK\r\n\r\nuntil the end", b"GET", b"d\r\nuntil the end\r\n0\r\n\r\n"),
        (b"302 Found\r\nLocation: http://a/b\r\nContent-Length: 0\r\n\r\n", b"GET", b"http://a/b"),
    ):
        recorder.play(b"HTTP/1.1 " + answer)
        forwarded = recorder.exchange(request(b"", method=method))
        (entry,) = recorder.wait_for_entries()
        assert expected in forwarded.replace(b"\r\nconnection: close", b""), answer
        assert forwarded.startswith(b"HTTP/1.1 " + answer.split(b"\r\n")[0])
        assert entry.response.status == int(answer[:3])


def test_an_answer_is_decompressed_in_the_recording_only(recorder: RecorderFixture) -> None:
    compressed = gzip.compress(b'{"Message": "The request is invalid."}')
    head = b"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\n"
    answer = head + b"Content-Length: %d\r\n\r\n" % len(compressed) + compressed
    recorder.play(answer)
    forwarded = recorder.exchange(request())
    (entry,) = recorder.wait_for_entries()
    assert forwarded.endswith(b"\r\n\r\n" + compressed)
    assert entry.response.body == b'{"Message": "The request is invalid."}'


def test_an_answer_is_streamed_to_the_app(recorder: RecorderFixture) -> None:
    app_has_read = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfirst")
        assert app_has_read.wait(10)
        connection.sendall(b"!")

    recorder.play(script)
    with recorder.connect() as client:
        client.sendall(request(b""))
        data = b""
        while not data.endswith(b"first"):
            data += client.recv(65536)
        app_has_read.set()
        assert read_all(client) == b"!"


def test_a_body_that_is_too_long_to_record_is_still_forwarded(recorder: RecorderFixture) -> None:
    long = b"a" * (MAX_BODY_BYTES + 1)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(long) + long
    recorder.play(answer)
    forwarded = recorder.exchange(request(long, b"Content-Type: text/plain"))
    assert forwarded.endswith(long)
    (entry,) = recorder.wait_for_entries()
    assert (entry.request.body, entry.response.body) == (None, None)
    assert entry.label.notes == (
        "the request body was left out: it is longer than 1 MiB",
        "the response body was left out: it is longer than 1 MiB",
    )


# ---- broken connections ----------------------------------------------------------------------


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reset_by_the_upstream_resets_the_app_too(recorder: RecorderFixture) -> None:
    recorder.play(reset)
    with pytest.raises(ConnectionResetError):
        recorder.exchange(request())
    (entry,) = recorder.wait_for_entries()
    assert (entry.response.status, entry.response.failure) == (0, "reset")


def test_an_answer_that_is_cut_off_is_cut_off_for_the_app(recorder: RecorderFixture) -> None:
    for answer, status, expected in (
        (b"", 0, b""),
        (b"this is no HTTP\r\n\r\n", 0, b""),
        (b"HTTP/1.1 999 Odd\r\n\r\n", 0, b""),
        (CHUNKED + b"this is no chunk\r\n", 200, b"transfer-encoding: chunked\r\n\r\n"),
        (CHUNKED + b"2\r\nok\r\n", 200, b"\r\n\r\n2\r\nok\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", 200, b"\r\n\r\npart"),
    ):
        recorder.play(answer)
        forwarded = recorder.exchange(request())
        (entry,) = recorder.wait_for_entries()
        assert forwarded.endswith(expected), answer
        assert b"0\r\n\r\n" not in forwarded
        assert (entry.response.status, entry.response.failure) == (status, "cut off"), answer
        assert entry.label.outcome == "unknown"


def test_an_upstream_that_refuses_connections_results_in_a_502(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    chunked = (
        b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n%b\r\n0\r\n\r\n"
        % ONE_ACCOUNT
    )
    whole = request()
    with record_in_process(url, tmp_path / "a.har") as recorder:
        for parts in (
            (whole,),
            (whole[:-40], whole[-40:]),
            (whole[:-10], whole[-10:-5], whole[-5:]),
            (whole.partition(b"Content-Length")[0] + chunked,),
        ):
            with recorder.connect() as client:
                for part in parts:
                    client.sendall(part)
                answer = read_all(client)
            assert answer.startswith(b"HTTP/1.1 502 Bad Gateway"), parts
            assert b"superoffice-mock record: the upstream refused the connection" in answer
    for entry in recorder.entries:
        assert (entry.response.status, entry.response.failure) == (0, "refused")
        assert entry.label.notes == ("the recorder answered 502 in the upstream's place",)
        assert entry.request.body == ONE_ACCOUNT


def test_an_upstream_that_does_not_answer_results_in_a_504(tmp_path: Path) -> None:
    over = threading.Event()
    with raw_upstream(lambda _: over.wait(10)) as upstream:
        with record_in_process(upstream.url, tmp_path / "a.har", seconds=0.1) as recorder:
            answer = recorder.exchange(request())
        over.set()
    assert answer.startswith(b"HTTP/1.1 504")
    assert recorder.entries[0].response.failure == "timed out"
    assert recorder.entries[0].request.body == ONE_ACCOUNT


def test_a_disconnect_reaches_the_upstream_and_is_recorded(recorder: RecorderFixture) -> None:
    def script(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass
        client_disconnected.set()

    for length in (None, -10):
        client_disconnected = threading.Event()
        recorder.play(script)
        with recorder.connect() as client:
            client.sendall(request()[:length])
            wait_until(lambda: recorder.upstream.heads != [], "the upstream has been called")
        assert client_disconnected.wait(10)
        (entry,) = recorder.wait_for_entries()
        assert (entry.response.status, entry.response.failure) == (0, "aborted")
    assert entry.request.body is None
    assert entry.label.notes == ("the request body was left out: it did not arrive completely",)


@pytest.mark.slow
def test_an_upstream_is_resolved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lookups: list[object] = []
    getaddrinfo = socket.getaddrinfo

    def count(host: str, *arguments: object, **options: object) -> object:
        if host == "localhost":
            lookups.append(host)
        return getaddrinfo(host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", count)
    with raw_upstream(NO_CONTENT) as upstream:
        url = upstream.url.replace("127.0.0.1", "localhost")
        with record_in_process(url, tmp_path / "a.har") as recorder:
            assert recorder.exchange(request()).startswith(b"HTTP/1.1 204")
            assert recorder.exchange(request()).startswith(b"HTTP/1.1 204")
    assert lines(upstream.heads[0])[1] == b"host: " + url.removeprefix("http://").encode()
    assert len(lookups) == 1


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for the name localhost, and its key."""
    return make_certificate(tmp_path_factory.mktemp("upstream"), "DNS:localhost")


def server_tls(pair: tuple[Path, Path], names: list[str | None]) -> ssl.SSLContext:
    """Return the TLS context of an upstream; the server names that clients send go to *names*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    context.sni_callback = lambda _, name, __: names.append(name)
    return context


@needs_openssl
def test_an_upstream_with_tls_is_called_by_name(pair: tuple[Path, Path], tmp_path: Path) -> None:
    names: list[str | None] = []
    with raw_upstream(NO_CONTENT, server_tls(pair, names)) as upstream:
        url = upstream.url.replace("127.0.0.1", "localhost")
        with record_in_process(url, tmp_path / "a.har", ca=str(pair[0])) as recorder:
            assert recorder.exchange(request()).startswith(b"HTTP/1.1 204")
    assert names == ["localhost"]
    assert recorder.entries[0].request.url.startswith("https://pseudo-")


@needs_openssl
@pytest.mark.slow
@pytest.mark.parametrize(("host", "ca"), [("localhost", None), ("127.0.0.1", "cert.pem")])
def test_an_upstream_without_a_trusted_certificate_is_not_called(
    host: str, ca: str | None, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    with raw_upstream(NO_CONTENT, server_tls(pair, [])) as upstream:
        url = upstream.url.replace("127.0.0.1", host)
        trusted_authority = ca and str(pair[0].with_name(ca))
        with record_in_process(url, tmp_path / "a.har", ca=trusted_authority) as recorder:
            answer = recorder.exchange(request())
    assert answer.startswith(b"HTTP/1.1 502")
    assert b"shows no certificate that is trusted; --ca names its authority" in answer
    assert upstream.heads == []
    assert recorder.entries[0].response.failure == "TLS failed"
    assert recorder.entries[0].request.body == ONE_ACCOUNT


def test_a_recording_by_the_mock_has_connections_that_faults_broke(server: ServerProcess) -> None:
    for kind, status, failure in (
        ("reset-by-peer", 0, "reset"),
        ("empty-response", 0, "cut off"),
        ("malformed-chunk", 200, "cut off"),
    ):
        server.control("PUT", "faults", {"faults": [{"connection": kind}]})
        server.control("POST", "recordings/start")
        with suppress(ConnectionResetError), Connection(server) as client:
            client.send(raw_http.request()).read_to_end()
        recording = server.control("POST", "recordings/stop")
        (entry,) = har_file.read(json.dumps(recording).encode()).entries
        assert (entry.response.status, entry.response.failure) == (status, failure), kind
        assert (entry.label.outcome, entry.label.confidence) == ("faulted", "certain")
