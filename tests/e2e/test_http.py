"""HTTP itself: how bodies come, how connections go on, and what every answer has or has not."""

from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.e2e.raw_http import JSON, ONE, Connection, Raw, exchange, request, until
from tests.support.server_process import BASIC, PATH, Running

SIGNED = {"Authorization": BASIC, "Content-Type": JSON}
HEALTH = b"GET /_mock/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
TOO_LONG = 2**20 + 1


@pytest.fixture(autouse=True)
def _clock_jumps(server: Running) -> None:
    server.control("POST", "clock/jump")


def outcomes(server: Running) -> list[str]:
    return [one["outcome"] for one in server.exchanges()]


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    sized = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return sized + b"0\r\n" + trailer + b"\r\n"


# ---- bodies ----------------------------------------------------------------------------------


@pytest.mark.claim("transfer")
@pytest.mark.parametrize(
    "body",
    [
        chunked(ONE),
        chunked(*(bytes([byte]) for byte in ONE)),
        chunked(ONE[:7], ONE[7:], trailer=b"X-Check: 1\r\n"),
        chunked(ONE).replace(b"\r\n", b";name=value\r\n", 1),
    ],
)
def test_a_chunked_body_is_read_like_any_other(body: bytes, server: Running) -> None:
    answer = exchange(server, request(body, SIGNED, Transfer_Encoding="chunked"))
    assert answer.status == 204
    assert server.exchanges()[0]["accounts"][0]["AccountId"] == 507


@pytest.mark.claim("transfer")
def test_a_chunked_body_may_come_piece_by_piece(server: Running) -> None:
    head = request(b"", SIGNED, Transfer_Encoding="chunked")
    with Connection(server) as connection:
        connection.send(head)
        for part in (ONE[:1], ONE[1:20], ONE[20:]):
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
            assert server.exchanges()[0]["outcome"] == "pending"
        assert connection.send(b"0\r\n\r\n").answer().status == 204


@pytest.mark.claim("transfer")
def test_who_expects_100_continue_is_told_to_go_on(server: Running) -> None:
    with Connection(server) as connection:
        connection.send(request(b"", SIGNED, Content_Length=str(len(ONE)), Expect="100-continue"))
        assert connection.answer().head == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.send(ONE).answer().status == 204
        assert connection.send(HEALTH).answer().status == 200


@pytest.mark.claim("content-encoding")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": JSON}, 401),
        ({**SIGNED, "Content-Encoding": "gzip"}, 415),
        ({**SIGNED, "Content-Length": str(TOO_LONG)}, 413),
    ],
)
def test_who_expects_100_continue_and_is_refused_hears_that_at_once(
    headers: dict[str, str], status: int, server: Running
) -> None:
    with Connection(server) as connection:
        framing = {"Content-Length": str(len(ONE)), "Expect": "100-continue"}
        assert connection.send(request(b"", framing | headers)).answer().status == status


def test_a_body_that_was_announced_too_long_is_a_413_before_it_comes(server: Running) -> None:
    with Connection(server) as connection:
        head = request(b"", SIGNED, Content_Length=str(TOO_LONG))
        assert connection.send(head).answer().status == 413
        connection.send(b" " * TOO_LONG)
        assert connection.send(request()).answer().status == 204
    assert outcomes(server) == ["rejected", "started"]


@pytest.mark.claim("body-limit")
def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_a_413(server: Running) -> None:
    assert exchange(server, request(ONE + b" " * (2**20 - len(ONE)))).status == 204
    assert exchange(server, request(ONE + b" " * (TOO_LONG - len(ONE)))).status == 413


def test_a_chunked_body_that_grows_too_long_is_a_413_and_the_connection_goes_on(
    server: Running,
) -> None:
    parts = [b" " * 65_536] * 20
    with Connection(server) as connection:
        connection.send(request(chunked(*parts), SIGNED, Transfer_Encoding="chunked"))
        assert connection.answer().status == 413
        assert connection.send(request()).answer().status == 204


# ---- connections -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [len(ONE), 300_000, 1_000_000])
def test_after_an_early_401_the_connection_goes_on_whatever_body_was_not_read(
    size: int, server: Running
) -> None:
    body = ONE + b" " * (size - len(ONE))
    with Connection(server) as connection:
        connection.send(request(body, {"Content-Type": JSON, "Content-Length": str(size)}))
        assert connection.answer().status == 401
        assert connection.send(request()).answer().status == 204
    assert outcomes(server) == ["rejected", "started"]


@pytest.mark.claim("rejected-no-lease")
def test_requests_in_a_row_on_one_connection_are_answered_in_their_order(server: Running) -> None:
    with Connection(server) as connection:
        connection.send(request() + request(b"{") + HEALTH + request(method="PUT") + request())
        assert [connection.answer().status for _ in range(5)] == [204, 400, 200, 405, 204]
    assert outcomes(server) == ["started", "rejected", "rejected", "turned_away"]


def test_an_http_1_0_client_is_answered_and_the_connection_closed(server: Running) -> None:
    with Connection(server) as connection:
        answer = connection.send(request(version="1.0")).answer()
        assert (answer.status, answer.headers["connection"]) == (204, "close")
        assert connection.rest() == b""


def test_who_asks_for_the_connection_to_be_closed_gets_the_answer_first(server: Running) -> None:
    with Connection(server) as connection:
        assert connection.send(request(Connection="close")).answer().status == 204
        assert connection.rest() == b""


@pytest.mark.claim("body-limit")
def test_who_sends_on_after_an_early_answer_that_closes_is_heard_out(server: Running) -> None:
    with Connection(server) as connection:
        head = request(b"", SIGNED, Content_Length=str(5 * TOO_LONG), Connection="close")
        answer = connection.send(head).answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        for _ in range(5):
            connection.send(b" " * TOO_LONG)
        assert connection.rest() == b""
    assert exchange(server, request()).status == 204


@pytest.mark.claim("body-limit")
def test_a_client_that_writes_all_before_it_reads_can_read_its_413(server: Running) -> None:
    for _ in range(5):
        asked = Request(server.url + PATH, b" " * 5 * TOO_LONG, SIGNED)
        with pytest.raises(HTTPError) as refused:
            urlopen(asked, timeout=20)
        with refused.value as answer:
            assert (answer.code, b"at most 1048576 bytes" in answer.read()) == (413, True)


@pytest.mark.slow
@pytest.mark.parametrize("piece", [b" ", b" " * TOO_LONG])
def test_who_goes_on_for_ever_after_an_early_answer_is_cut_off(
    piece: bytes, server: Running
) -> None:
    with Connection(server) as connection:
        head = request(b"", SIGNED, Content_Length=str(10**9), Connection="close")
        assert connection.send(head).answer().status == 413

        def cut_off() -> bool:
            try:
                connection.send(piece)
            except OSError:
                return True
            return False

        until(cut_off, "the connection closes")


@pytest.mark.parametrize("offer", ["h2c", "websocket"])
@pytest.mark.parametrize("size", [1, 40, 10_000])
@pytest.mark.parametrize("framing", ["Content-Length", "Transfer-Encoding"])
def test_a_client_that_offers_an_upgrade_is_answered_in_plain_http_however_it_comes(
    offer: str, size: int, framing: str, server: Running
) -> None:
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": offer, "HTTP2-Settings": "AAMA"}
    whole = framing == "Content-Length"
    framed = SIGNED | upgrade | {framing: str(len(ONE)) if whole else "chunked"}
    raw = request(ONE if whole else chunked(ONE[:9], ONE[9:]), framed) + HEALTH
    with Connection(server) as connection:
        for start in range(0, len(raw), size):
            connection.send(raw[start : start + size])
        assert connection.answer().status == 204
        assert connection.answer().status == 200
    assert server.exchanges()[0]["accounts"][0]["AccountId"] == 507


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST\r\n\r\n",
        b"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://127.0.0.1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_4xx_and_the_server_lives(raw: bytes, server: Running) -> None:
    with Connection(server) as connection:
        answer = connection.send(raw).answer()
    assert 400 <= answer.status < 500
    assert "server" not in answer.headers
    assert exchange(server, HEALTH).status == 200


# ---- what every answer has or has not --------------------------------------------------------


def every_kind(server: Running) -> dict[str, Raw]:
    return {
        "204": exchange(server, request()),
        "400": exchange(server, request(b"{")),
        "401": exchange(server, request(ONE, {"Content-Length": str(len(ONE))})),
        "404": exchange(server, request(path="/api/v1/Agents/EMail/Nothing")),
        "405": exchange(server, request(method="DELETE")),
        "413": exchange(server, request(b"", SIGNED, Content_Length=str(TOO_LONG))),
        "415": exchange(server, request(Content_Encoding="br")),
        "200": exchange(server, request(b"", {}, method="GET")),
    }


@pytest.mark.claim("no-banner", "cache-headers")
def test_no_answer_names_its_server_or_asks_for_https_and_none_may_be_kept(
    server: Running,
) -> None:
    for status, answer in every_kind(server).items():
        assert answer.status == int(status)
        assert not {"server", "x-powered-by", "strict-transport-security"} & set(answer.headers)
        cached = {name: answer.headers[name] for name in ("cache-control", "pragma", "expires")}
        assert cached == {"cache-control": "no-cache", "pragma": "no-cache", "expires": "-1"}


def test_every_answer_with_a_body_says_how_long_and_of_which_type_it_is(server: Running) -> None:
    for status, answer in every_kind(server).items():
        framed = {"content-length", "content-type"} & set(answer.headers)
        assert framed == (set() if status == "204" else {"content-length", "content-type"})


@pytest.mark.claim("head", "get-describes", "get-open")
def test_head_has_the_headers_of_get_and_no_body_and_neither_starts_anything(
    server: Running,
) -> None:
    with Connection(server) as connection:
        got = connection.send(request(b"", {}, method="GET")).answer()
        head = connection.send(request(b"", {}, method="HEAD")).answer(to_head=True)
        assert connection.send(HEALTH).answer().status == 200
    assert (head.headers | {"date": ""}) == (got.headers | {"date": ""})
    assert got.json()["Method"] == "POST"
    assert got.json()["Path"] == PATH
    assert outcomes(server) == ["served", "served"]
    assert server.control("GET", "runs") == {"runs": []}
