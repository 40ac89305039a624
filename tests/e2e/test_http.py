"""HTTP itself: framing of bodies, reuse of connections, and headers of every response."""

import json
from itertools import product
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.e2e.raw_http import (
    BODY,
    JSON,
    Connection,
    RawResponse,
    request,
    send_request,
    wait_until,
)
from tests.support.server_process import BASIC, PATH, ServerProcess

HEADERS = {"Authorization": BASIC, "Content-Type": JSON}
HEALTH = b"GET /_mock/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
TOO_LONG_SIZE = 2**20 + 1


@pytest.fixture(autouse=True)
def _clock_jumps(server: ServerProcess) -> None:
    server.control("POST", "clock/jump")


def outcomes(server: ServerProcess) -> list[str]:
    return [exchange["outcome"] for exchange in server.exchanges()]


def encode_chunks(*parts: bytes, trailer: bytes = b"") -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return chunks + b"0\r\n" + trailer + b"\r\n"


# ---- bodies ----------------------------------------------------------------------------------


@pytest.mark.claim("transfer")
def test_a_chunked_body_is_read_like_any_other(server: ServerProcess) -> None:
    for body in (
        encode_chunks(BODY),
        encode_chunks(*(bytes([byte]) for byte in BODY)),
        encode_chunks(BODY[:7], BODY[7:], trailer=b"X-Check: 1\r\n"),
        encode_chunks(BODY).replace(b"\r\n", b";name=value\r\n", 1),
    ):
        response = send_request(server, request(body, HEADERS, Transfer_Encoding="chunked"))
        assert response.status == 204, body
        assert server.exchanges()[-1]["accounts"][0]["AccountId"] == 507, body


@pytest.mark.claim("transfer")
def test_a_chunked_body_may_arrive_in_pieces(server: ServerProcess) -> None:
    head = request(b"", HEADERS, Transfer_Encoding="chunked")
    with Connection(server) as connection:
        connection.send(head)
        for part in (BODY[:1], BODY[1:20], BODY[20:]):
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
            assert server.exchanges()[0]["outcome"] == "pending"
        assert connection.send(b"0\r\n\r\n").read_response().status == 204


@pytest.mark.claim("transfer")
def test_a_client_that_expects_100_continue_gets_it(server: ServerProcess) -> None:
    with Connection(server) as connection:
        connection.send(request(b"", HEADERS, Content_Length=str(len(BODY)), Expect="100-continue"))
        assert connection.read_response().head == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.send(BODY).read_response().status == 204
        assert connection.send(HEALTH).read_response().status == 200


@pytest.mark.claim("content-encoding")
def test_a_rejected_client_gets_no_100_continue_but_the_error(server: ServerProcess) -> None:
    for headers, status in (
        ({"Content-Type": JSON}, 401),
        ({**HEADERS, "Content-Encoding": "gzip"}, 415),
        ({**HEADERS, "Content-Length": str(TOO_LONG_SIZE)}, 413),
    ):
        framing = {"Content-Length": str(len(BODY)), "Expect": "100-continue"}
        with Connection(server) as connection:
            response = connection.send(request(b"", framing | headers)).read_response()
            assert response.status == status


def test_a_content_length_that_is_too_big_gets_a_413_before_the_body(server: ServerProcess) -> None:
    with Connection(server) as connection:
        head = request(b"", HEADERS, Content_Length=str(TOO_LONG_SIZE))
        assert connection.send(head).read_response().status == 413
        connection.send(b" " * TOO_LONG_SIZE)
        assert connection.send(request()).read_response().status == 204
    assert outcomes(server) == ["rejected", "started"]


@pytest.mark.claim("body-limit")
def test_a_body_of_the_largest_size_is_accepted_and_no_byte_more(server: ServerProcess) -> None:
    assert send_request(server, request(BODY + b" " * (2**20 - len(BODY)))).status == 204
    assert send_request(server, request(BODY + b" " * (TOO_LONG_SIZE - len(BODY)))).status == 413


def test_a_chunked_body_that_is_too_long_gets_a_413_and_no_close(server: ServerProcess) -> None:
    parts = [b" " * 65_536] * 20
    with Connection(server) as connection:
        connection.send(request(encode_chunks(*parts), HEADERS, Transfer_Encoding="chunked"))
        assert connection.read_response().status == 413
        assert connection.send(request()).read_response().status == 204


# ---- connections -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [len(BODY), 300_000, 1_000_000])
def test_an_early_401_leaves_the_connection_open(size: int, server: ServerProcess) -> None:
    body = BODY + b" " * (size - len(BODY))
    with Connection(server) as connection:
        connection.send(request(body, {"Content-Type": JSON, "Content-Length": str(size)}))
        assert connection.read_response().status == 401
        assert connection.send(request()).read_response().status == 204
    assert outcomes(server) == ["rejected", "started"]


@pytest.mark.claim("rejected-no-lease")
def test_pipelined_requests_are_answered_in_order(server: ServerProcess) -> None:
    with Connection(server) as connection:
        raw = request() + request(b"{") + HEALTH + request(method="PUT") + request()
        connection.send(raw + b"\x00\x00")
        statuses = [connection.read_response().status for _ in range(6)]
    assert statuses == [204, 400, 200, 405, 204, 400]
    assert outcomes(server) == ["started", "rejected", "rejected", "turned_away", "rejected"]


def test_after_http_1_0_or_connection_close_comes_nothing(server: ServerProcess) -> None:
    for number, raw in enumerate((request(version="1.0"), request(Connection="close")), 1):
        with Connection(server) as connection:
            response = connection.send(raw + request()).read_response()
            assert (response.status, response.headers["connection"]) == (204, "close")
            assert connection.read_to_end() == b""
        assert len(server.exchanges()) == number


@pytest.mark.claim("body-limit")
def test_a_client_that_sends_on_after_an_early_413_gets_no_reset(server: ServerProcess) -> None:
    with Connection(server) as connection:
        head = request(b"", HEADERS, Content_Length=str(5 * TOO_LONG_SIZE), Connection="close")
        response = connection.send(head).read_response()
        assert (response.status, response.headers["connection"]) == (413, "close")
        for _ in range(5):
            connection.send(b" " * TOO_LONG_SIZE)
        assert connection.read_to_end() == b""
    assert send_request(server, request()).status == 204


@pytest.mark.claim("body-limit")
def test_a_client_that_writes_all_before_it_reads_can_read_its_413(server: ServerProcess) -> None:
    for _ in range(5):
        upload = Request(server.url + PATH, b" " * 5 * TOO_LONG_SIZE, HEADERS)
        with pytest.raises(HTTPError) as error:
            urlopen(upload, timeout=20)
        with error.value as response:
            assert (response.code, b"at most 1048576 bytes" in response.read()) == (413, True)


@pytest.mark.slow
@pytest.mark.parametrize("piece", [b" ", b" " * TOO_LONG_SIZE])
def test_a_client_that_only_sends_is_disconnected(piece: bytes, server: ServerProcess) -> None:
    with Connection(server) as connection:
        head = request(b"", HEADERS, Content_Length=str(10**9), Connection="close")
        assert connection.send(head).read_response().status == 413

        def is_closed() -> bool:
            try:
                connection.send(piece)
            except OSError:
                return True
            return False

        wait_until(is_closed, "the connection closes")


def test_a_client_that_offers_an_upgrade_gets_plain_http(server: ServerProcess) -> None:
    for offer, size, framing in product(
        ("h2c", "websocket"), (1, 40, 10_000), ("Content-Length", "Transfer-Encoding")
    ):
        case = (offer, size, framing)
        upgrade = {"Upgrade": offer, "HTTP2-Settings": "AAMA"}
        has_length = framing == "Content-Length"
        headers = HEADERS | {"Connection": "Upgrade, HTTP2-Settings"} | upgrade
        headers |= {framing: str(len(BODY)) if has_length else "chunked"}
        body = BODY if has_length else encode_chunks(BODY[:9], BODY[9:])
        raw = request(body, headers) + HEALTH
        with Connection(server) as connection:
            for start in range(0, len(raw), size):
                connection.send(raw[start : start + size])
            assert connection.read_response().status == 204, case
            assert connection.read_response().status == 200, case
        assert server.exchanges()[-1]["accounts"][0]["AccountId"] == 507, case


def responses_by_status(server: ServerProcess) -> dict[str, RawResponse]:
    return {
        "204": send_request(server, request()),
        "400": send_request(server, request(b"{")),
        "401": send_request(server, request(BODY, {"Content-Length": str(len(BODY))})),
        "404": send_request(server, request(path="/api/v1/Nothing")),
        "405": send_request(server, request(method="DELETE")),
        "413": send_request(server, request(b"", HEADERS, Content_Length=str(TOO_LONG_SIZE))),
        "415": send_request(server, request(Content_Encoding="br")),
        "200": send_request(server, request(b"", {}, method="GET")),
    }


@pytest.mark.claim("no-banner", "cache-headers", "not-cacheable", "http-message")
def test_a_response_has_length_and_type_no_banner_and_no_cache(server: ServerProcess) -> None:
    for status, response in responses_by_status(server).items():
        assert response.status == int(status)
        assert not {"server", "x-powered-by", "strict-transport-security"} & set(response.headers)
        cache_headers = {
            name: response.headers[name] for name in ("cache-control", "pragma", "expires")
        }
        assert cache_headers == {"cache-control": "no-cache", "pragma": "no-cache", "expires": "-1"}
        body_headers = {"content-length", "content-type"} & set(response.headers)
        assert body_headers == (set() if status == "204" else {"content-length", "content-type"})


@pytest.mark.claim("head", "get-describes", "get-open")
def test_head_has_the_headers_of_get_and_neither_starts_a_run(server: ServerProcess) -> None:
    with Connection(server) as connection:
        get = connection.send(request(b"", {}, method="GET")).read_response()
        head = connection.send(request(b"", {}, method="HEAD")).read_response(to_head=True)
        assert connection.send(HEALTH).read_response().status == 200
    assert (head.headers | {"date": ""}) == (get.headers | {"date": ""})
    assert get.json()["Method"] == "POST"
    assert get.json()["Path"] == PATH
    assert outcomes(server) == ["served", "served"]
    assert server.control("GET", "runs") == {"runs": []}


def test_a_client_of_http_1_0_gets_a_long_list_without_chunks(server: ServerProcess) -> None:
    with Connection(server) as connection:
        for _ in range(3):
            long_path = request(path=f"/{'x' * 50_000}{PATH}")
            assert connection.send(long_path).read_response().status == 204
    with Connection(server) as connection:
        connection.send(b"GET /_mock/requests HTTP/1.0\r\nConnection: keep-alive\r\n")
        answer = connection.send(b"Host: 127.0.0.1\r\n\r\n").read_to_end()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert len(json.loads(body)["requests"]) == 3
