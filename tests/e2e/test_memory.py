"""A real server grows by what its journal counts, and by one piece for a client that reads none."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final

import psutil
import pytest

from tests.e2e.raw_http import Connection
from tests.support.server_process import BASIC, PATH, ServerProcess, run_server

LIMIT: Final = 8 * 2**20
"""The limit of the journal, in bytes."""
FLAGS: Final = ("--journal-bytes", f"{LIMIT}", "--seconds-per-account", "0")
SPARE: Final = 8 * 2**20
"""What a server grows by apart from the journal: modules that load late, buffers, free memory."""
BODY: Final = b'{"SyncUserAccounts":[{"AccountId":507}]}'


def call(
    headers: bytes = b"", *, path: str = PATH, body: bytes = BODY, user: bytes = BASIC.encode()
) -> bytes:
    """Return a call; *headers* are more header lines, each with its CRLF."""
    lines = b"POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\n" % (path.encode(), user)
    if b"Content-Type" not in headers:
        lines += b"Content-Type: application/json\r\n"
    return lines + headers + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def many(line: bytes, number: int, count: int = 5_000) -> bytes:
    """Return headers of *count* equal lines, which no other call has."""
    return b"User-Agent: %d\r\n" % number + line * count


def names(number: int) -> str:
    return ",".join(f"{place % 256:02x}{chr(97 + number % 26)}" for place in range(14_000))


EMAIL: Final = "%F0%9F%93%A7"
"""A character that makes every other character of a text take four bytes."""
PARTS: Final[Mapping[str, Callable[[int], bytes]]] = {
    "names in $select": lambda n: call(path=f"{PATH}?$select={names(n)}"),
    "one name in $select": lambda n: call(path=f"{PATH}?$select={n}{'x' * 60_000}"),
    "a value of Accept": lambda n: call(b"Accept: %d%s\r\n" % (n, b"x" * 60_000)),
    "an Origin": lambda n: call(b"Origin: http://%d%s\r\n" % (n, b"x" * 60_000)),
    "many values of Accept": lambda n: call(many(b"Accept:\r\n", n)),
    "many cookies": lambda n: call(many(b"Cookie: a\r\n", n)),
    "other headers": lambda n: call(many(b"X: a\r\n", n)),
    "a Content-Type": lambda n: call(b"Content-Type: text/json;x=%d%s\r\n" % (n, b"x" * 60_000)),
    "a path of a folder": lambda n: call(path=f"/{n}{'x' * 60_000}{PATH}"),
    "a wide path": lambda n: call(path=f"/{n}{'x' * 60_000}{EMAIL}{PATH}"),
    "a path of nothing": lambda n: call(path=f"/{n}{'x' * 60_000}{EMAIL}"),
    "an unknown user": lambda n: call(user=b"Basic " + b64encode(b"%d%s:" % (n, b"x" * 40_000))),
    "violations": lambda n: call(
        body=json.dumps(
            {f"{place}-{n}-{'中' * 200}": 1 for place in range(20)} | json.loads(BODY)
        ).encode()
    ),
    "a body": lambda n: call(body=BODY + b" " * (60_000 + n)),
    "accounts": lambda n: call(
        body=json.dumps(
            {"SyncUserAccounts": [{"AccountId": 10_000 + n + place} for place in range(3_000)]}
        ).encode()
    ),
}
"""Calls that are large in one part of the exchange, by part; the number makes each different."""
KEPT_ELSEWHERE: Final = ("other headers", "an unknown user")
"""Parts that the journal does not keep."""


def megabytes(server: ServerProcess) -> float:
    return psutil.Process(server.process.pid).memory_info().rss / 2**20


def send(connection: Connection, make: Callable[[int], bytes]) -> None:
    """Send twice as much as the journal may keep."""
    size, number = 0, 0
    while size < 2 * LIMIT:
        raw = make(number)
        connection.send(raw).read_response()
        size, number = size + len(raw), number + 1


@pytest.mark.slow
def test_a_server_grows_as_its_journal_counts_whatever_part_of_calls_is_large() -> None:
    flags = (*FLAGS, "--journal-exchanges", "1000000")
    for part, make in PARTS.items():
        with (
            run_server(*flags, "--seconds-per-account", "0") as server,
            Connection(server) as caller,
        ):
            caller.send(call()).read_response()
            before = megabytes(server)
            send(caller, make)
            growth = (megabytes(server) - before) * 2**20
            page = server.control("GET", "requests?limit=0")
            is_full = page["forgotten"] > 0
            assert is_full is (part not in KEPT_ELSEWHERE), part
            assert growth <= LIMIT * 1.25 * is_full + SPARE, f"{part}: {growth / 2**20:.1f} MiB"


def test_a_client_that_does_not_read_a_long_list_costs_one_piece_and_stops_nobody() -> None:
    with run_server(*FLAGS) as server, ExitStack() as stack:
        caller = stack.enter_context(Connection(server))
        send(caller, PARTS["one name in $select"])
        server.control("GET", "requests?limit=1")
        before = megabytes(server)
        readers = [stack.enter_context(Connection(server)) for _ in range(8)]
        for reader in readers:
            reader.send(b"GET /_mock/requests HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert caller.send(call()).read_response().status == 204
        assert megabytes(server) - before <= LIMIT / 2**20
        for reader in readers:
            assert len(reader.read_response().body) > LIMIT / 2
