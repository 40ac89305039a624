"""A recorder between raw sockets: what goes in comes out on the other side, and is recorded."""

import gzip
import json
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from superoffice_mock.proxy.body_buffer import LONGEST
from superoffice_mock.recordings import har_file
from tests.e2e import raw_http
from tests.e2e.raw_http import Connection, until
from tests.e2e.upstreams import NO_CONTENT, ONE, PATH, Stage, raw, recording, request, rest
from tests.support.server_process import Running


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    out = tmp_path_factory.mktemp("record") / "a.har"
    with raw(NO_CONTENT) as there, recording(there.url, out) as recorder:
        yield Stage(there, recorder)
    assert recorder.said == []


@pytest.fixture
def stage(theatre: Stage) -> Stage:
    """A recorder before an upstream that answers 204, until it plays something else."""
    theatre.plays(NO_CONTENT)
    return theatre


def lines(head: bytes) -> list[bytes]:
    return head.split(b"\r\n")


# ---- requests --------------------------------------------------------------------------------


def test_the_upstream_sees_what_the_app_sent_and_nothing_else_but_its_own_name(
    stage: Stage,
) -> None:
    sent = request(ONE, b"Authorization: Basic dGplMDpUamUw", b"X-Odd: a", b"x-odd: b", b"TE: gzip")
    stage.recorder.exchange(sent)
    there = stage.there
    host = there.url.removeprefix("http://").encode()
    assert lines(there.heads[0]) == [
        b"POST %s HTTP/1.1" % PATH,
        b"host: " + host,
        b"authorization: Basic dGplMDpUamUw",
        b"x-odd: a",
        b"x-odd: b",
        b"content-length: 40",
    ]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://elsewhere.example/a?b=c", b"/a?b=c"),
        (b"/a%20b/%zz?$select=x&y", b"/a%20b/%zz?$select=x&y"),
        (b"//elsewhere.example/a", b"//elsewhere.example/a"),
        (b"*", b"*"),
    ],
)
def test_no_target_leads_anywhere_but_to_the_upstream(
    target: bytes, path: bytes, stage: Stage
) -> None:
    sent = request(b"", method=b"OPTIONS", path=target)
    seen = stage.recorder.exchange(sent)
    (entry,) = stage.recorded()
    assert lines(stage.there.heads[0])[0] == b"OPTIONS %s HTTP/1.1" % path
    assert seen.startswith(b"HTTP/1.1 204")
    assert "elsewhere" not in entry.request.url


@pytest.mark.parametrize(
    "sent", [b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", b"no HTTP\r\n\r\n"]
)
def test_what_can_not_be_read_leads_nowhere(sent: bytes, stage: Stage) -> None:
    assert stage.recorder.exchange(sent).startswith(b"HTTP/1.1 400")
    assert (stage.there.heads, stage.recorded(0)) == ([], ())


def test_a_body_that_goes_wrong_halfway_is_refused_and_recorded(stage: Stage) -> None:
    stage.plays(lambda connection: connection.recv(65536))
    head = b"POST %s HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n" % PATH
    with stage.recorder.connected() as caller:
        caller.sendall(head + b"2\r\nok\r\n")
        until(lambda: stage.there.heads != [], "the upstream has been called")
        caller.sendall(b"this is no chunk\r\n")
        assert rest(caller).startswith(b"HTTP/1.1 400")
    (entry,) = stage.recorded()
    assert (entry.response.status, entry.response.failed) == (0, "aborted")


def test_headers_that_connection_names_stay_on_their_connection(stage: Stage) -> None:
    sent = request(b"", b"Connection: x-mine, keep-alive", b"X-Mine: 1", b"Keep-Alive: 5")
    stage.recorder.exchange(sent)
    assert lines(stage.there.heads[0])[2:] == []


def test_a_body_streams_to_the_upstream_while_it_comes(stage: Stage) -> None:
    halfway = threading.Event()
    came: list[bytes] = []

    def script(connection: socket.socket) -> None:
        came.append(stage.there.rest or connection.recv(65536))
        halfway.set()
        while not came[-1].endswith(b"0\r\n\r\n"):
            came.append(connection.recv(65536))
        connection.sendall(NO_CONTENT)

    head = b"POST %s HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n" % PATH
    stage.plays(script)
    with stage.recorder.connected() as caller:
        caller.sendall(head + b"Connection: close\r\n\r\n14\r\n" + ONE[:20] + b"\r\n")
        assert halfway.wait(10)
        caller.sendall(b"14\r\n" + ONE[20:] + b"\r\n0\r\n\r\n")
        assert rest(caller).startswith(b"HTTP/1.1 204")
    assert b"transfer-encoding: chunked" in lines(stage.there.heads[0])
    assert came[0] == b"14\r\n" + ONE[:20] + b"\r\n"
    assert stage.recorded()[0].request.body == ONE


def test_a_caller_that_waits_for_100_continue_gets_it(stage: Stage) -> None:
    def script(connection: socket.socket) -> None:
        stage.there.take_in(connection)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + NO_CONTENT)

    whole = request(ONE, b"Expect: 100-continue")
    stage.plays(script)
    with stage.recorder.connected() as caller:
        caller.sendall(whole[: -len(ONE)])
        assert caller.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        caller.sendall(ONE)
        assert rest(caller).startswith(b"HTTP/1.1 204")
    assert stage.recorded()[0].request.body == ONE


# ---- answers ---------------------------------------------------------------------------------


def test_the_app_sees_what_the_upstream_answered_and_no_second_date(stage: Stage) -> None:
    assert lines(stage.recorder.exchange(request())) == [
        b"HTTP/1.1 204 No Content",
        b"date: Mon, 01 Jan 2024 00:00:00 GMT",
        b"connection: close",
        b"",
        b"",
    ]


@pytest.mark.parametrize(
    ("answer", "method", "seen"),
    [
        (b"200 OK\r\nContent-Length: 5\r\n\r\n", b"HEAD", b"content-length: 5\r\n\r\n"),
        (b"304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"GET", b"\r\n\r\n"),
        (b"200 OK\r\nContent-Length: 0\r\n\r\n", b"GET", b"content-length: 0\r\n\r\n"),
        (b"200 OK\r\nContent-Length: 2\r\n\r\nok", b"GET", b"content-length: 2\r\n\r\nok"),
        (b"200 OK\r\n\r\nuntil the end", b"GET", b"d\r\nuntil the end\r\n0\r\n\r\n"),
        (b"302 Found\r\nLocation: http://a/b\r\nContent-Length: 0\r\n\r\n", b"GET", b"http://a/b"),
    ],
)
def test_answers_of_every_framing_pass(
    answer: bytes, method: bytes, seen: bytes, stage: Stage
) -> None:
    sent = request(b"", method=method)
    stage.plays(b"HTTP/1.1 " + answer)
    got = stage.recorder.exchange(sent)
    (entry,) = stage.recorded()
    assert seen in got.replace(b"\r\nconnection: close", b"")
    assert got.startswith(b"HTTP/1.1 " + answer.split(b"\r\n")[0])
    assert entry.response.status == int(answer[:3])


def test_an_encoded_answer_passes_as_it_is_and_is_recorded_plain(stage: Stage) -> None:
    packed = gzip.compress(b'{"Message": "no"}')
    head = b"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\n"
    answer = head + b"Content-Length: %d\r\n\r\n" % len(packed) + packed
    stage.plays(answer)
    seen = stage.recorder.exchange(request())
    (entry,) = stage.recorded()
    assert seen.endswith(b"\r\n\r\n" + packed)
    assert entry.response.body == b'{"Message": "no"}'


def test_an_answer_streams_to_the_app_while_it_comes(stage: Stage) -> None:
    read_by_the_app = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfirst")
        assert read_by_the_app.wait(10)
        connection.sendall(b"!")

    stage.plays(script)
    with stage.recorder.connected() as caller:
        caller.sendall(request(b""))
        seen = b""
        while not seen.endswith(b"first"):
            seen += caller.recv(65536)
        read_by_the_app.set()
        assert rest(caller) == b"!"


def test_a_body_that_is_too_long_to_keep_is_forwarded_whole(stage: Stage) -> None:
    long = b"a" * (LONGEST + 1)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(long) + long

    stage.plays(answer)
    seen = stage.recorder.exchange(request(long, b"Content-Type: text/plain"))
    assert seen.endswith(long)
    (entry,) = stage.recorded()
    assert (entry.request.body, entry.response.body) == (None, None)
    assert entry.label.notes == (
        "the request body was left out: it is longer than 1 MiB",
        "the answer's body was left out: it is longer than 1 MiB",
    )


# ---- connections that break ------------------------------------------------------------------


def resetting(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_an_upstream_that_resets_resets_the_app(stage: Stage) -> None:
    stage.plays(resetting)
    with pytest.raises(ConnectionResetError):
        stage.recorder.exchange(request())
    (entry,) = stage.recorded()
    assert (entry.response.status, entry.response.failed) == (0, "reset")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "seen"),
    [
        (b"", 0, b""),
        (b"this is no HTTP\r\n\r\n", 0, b""),
        (b"HTTP/1.1 999 Odd\r\n\r\n", 0, b""),
        (CHUNKED + b"this is no chunk\r\n", 200, b"transfer-encoding: chunked\r\n\r\n"),
        (CHUNKED + b"2\r\nok\r\n", 200, b"\r\n\r\n2\r\nok\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", 200, b"\r\n\r\npart"),
    ],
    ids=["nothing", "no HTTP", "no status", "a bad chunk", "no last chunk", "too short"],
)
def test_an_answer_that_breaks_off_breaks_off_for_the_app(
    sent: bytes, status: int, seen: bytes, stage: Stage
) -> None:
    stage.plays(sent)
    got = stage.recorder.exchange(request())
    (entry,) = stage.recorded()
    assert got.endswith(seen)
    assert b"0\r\n\r\n" not in got
    assert (entry.response.status, entry.response.failed) == (status, "cut off")
    assert entry.label.outcome == "unknown"


def test_an_upstream_that_is_not_there_is_a_502_that_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with recording(url, tmp_path / "a.har") as recorder:
        seen = recorder.exchange(request())
    assert seen.startswith(b"HTTP/1.1 502 Bad Gateway")
    assert b"superoffice-mock record: the upstream refused the connection" in seen
    (entry,) = recorder.entries
    assert (entry.response.status, entry.response.failed) == (0, "refused")
    assert entry.label.notes == ("the recorder answered 502 in the upstream's place",)


def test_an_upstream_that_says_nothing_is_a_504(tmp_path: Path) -> None:
    over = threading.Event()
    with raw(lambda _: over.wait(10)) as there:
        with recording(there.url, tmp_path / "a.har", seconds=0.1) as recorder:
            seen = recorder.exchange(request())
        over.set()
    assert seen.startswith(b"HTTP/1.1 504")
    assert recorder.entries[0].response.failed == "timed out"


def test_a_caller_that_leaves_is_noticed_by_the_upstream_and_recorded(stage: Stage) -> None:
    called, gone = threading.Event(), threading.Event()

    def script(connection: socket.socket) -> None:
        called.set()
        assert connection.recv(1) in (b"", ONE[:1])
        while connection.recv(65536):
            pass
        gone.set()

    stage.plays(script)
    with stage.recorder.connected() as caller:
        caller.sendall(request())
        assert called.wait(10)
    assert gone.wait(10)
    (entry,) = stage.recorded()
    assert (entry.response.status, entry.response.failed) == (0, "aborted")


def test_a_caller_that_leaves_before_its_body_is_complete_is_recorded(stage: Stage) -> None:
    gone = threading.Event()

    def script(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass
        gone.set()

    stage.plays(script)
    with stage.recorder.connected() as caller:
        caller.sendall(request()[:-10])
        until(lambda: stage.there.heads != [], "the upstream has been called")
    assert gone.wait(10)
    (entry,) = stage.recorded()
    assert (entry.response.status, entry.response.failed) == (0, "aborted")


# ---- whose address ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_name_is_looked_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    ask = socket.getaddrinfo

    def counted(host: str, *rest: object, **named: object) -> object:
        if host == "localhost":
            asked.append(host)
        return ask(host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    with raw(NO_CONTENT) as there:
        url = there.url.replace("127.0.0.1", "localhost")
        with recording(url, tmp_path / "a.har") as recorder:
            assert recorder.exchange(request()).startswith(b"HTTP/1.1 204")
            assert recorder.exchange(request()).startswith(b"HTTP/1.1 204")
    assert lines(there.heads[0])[1] == b"host: " + url.removeprefix("http://").encode()
    assert len(asked) == 1


# ---- TLS -------------------------------------------------------------------------------------


OPENSSL = shutil.which("openssl")
NEEDS_OPENSSL = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl on this machine")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the name localhost, signed by nobody else, and its key."""
    folder = tmp_path_factory.mktemp("upstream")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = [str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    named = ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
    where = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*made, *named, *where], check=True, capture_output=True)
    return cert, key


def secured(pair: tuple[Path, Path], names: list[str | None]) -> ssl.SSLContext:
    """Return what makes an upstream speak TLS; *names* takes what it is called."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    context.sni_callback = lambda _, name, __: names.append(name)
    return context


@NEEDS_OPENSSL
def test_an_upstream_with_tls_is_called_by_its_name_at_the_address_that_was_checked(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    names: list[str | None] = []
    with raw(NO_CONTENT, secured(pair, names)) as there:
        url = there.url.replace("127.0.0.1", "localhost")
        with recording(url, tmp_path / "a.har", ca=str(pair[0])) as recorder:
            assert recorder.exchange(request()).startswith(b"HTTP/1.1 204")
    assert names == ["localhost"]
    assert recorder.entries[0].request.url.startswith("https://pseudo-")


@NEEDS_OPENSSL
@pytest.mark.slow
@pytest.mark.parametrize(("host", "ca"), [("localhost", None), ("127.0.0.1", "cert.pem")])
def test_an_upstream_that_shows_no_certificate_of_its_name_is_not_called(
    host: str, ca: str | None, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    with raw(NO_CONTENT, secured(pair, [])) as there:
        url = there.url.replace("127.0.0.1", host)
        trusted = ca and str(pair[0].with_name(ca))
        with recording(url, tmp_path / "a.har", ca=trusted) as recorder:
            seen = recorder.exchange(request())
    assert seen.startswith(b"HTTP/1.1 502")
    assert b"shows no certificate that is trusted; --ca names its authority" in seen
    assert there.heads == []
    assert recorder.entries[0].response.failed == "TLS failed"


# ---- the mock's own recordings ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "failed"),
    [
        ("reset-by-peer", 0, "reset"),
        ("empty-response", 0, "cut off"),
        ("malformed-chunk", 200, "cut off"),
    ],
)
def test_a_mock_that_records_itself_notes_how_its_faults_broke_connections(
    kind: str, status: int, failed: str, server: Running
) -> None:
    server.control("PUT", "faults", {"faults": [{"connection": kind}]})
    server.control("POST", "recordings/start")
    with suppress(ConnectionResetError), Connection(server) as caller:
        caller.send(raw_http.request()).rest()
    told = server.control("POST", "recordings/stop")
    (entry,) = har_file.read(json.dumps(told).encode()).entries
    assert (entry.response.status, entry.response.failed) == (status, failed)
    assert (entry.label.outcome, entry.label.confidence) == ("faulted", "certain")
