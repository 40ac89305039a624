"""Defects of another server, which checks find over sockets and in real time."""

from collections.abc import Mapping
from typing import Final

from tests.contract.other_server.bodies import FORM
from tests.contract.other_server.server import ServerBehavior

STATED_READINGS: Final = {"run": "detached", "busy": "wait-then-drop", "empty": "no-run"}

SERVER_DEFECTS: Final[Mapping[str, tuple[str, ServerBehavior]]] = {
    "another server: a turned-away call does not wait": (
        "the same call again: 0.0",
        ServerBehavior(busy_seconds=0),
    ),
    "another server: a turned-away call waits 2.5 s": (
        "the same call again: 2.50 s: a call during a run is not answered after 1 s",
        ServerBehavior(busy_seconds=2.5),
    ),
    "another server: of two turned-away calls one does not wait": (
        "s: a call during a run is not answered after 1 s",
        ServerBehavior(one_waits=True),
    ),
    "another server: a call waits for its run": (
        "it shows run=blocking, expected run=detached",
        ServerBehavior(blocking=True, run_seconds=2.3),
    ),
    "another server: a waiting call starts when the run ends": (
        "it shows busy=try-for-1s, expected busy=wait-then-drop",
        ServerBehavior(waits_for_lease=True, run_seconds=1.4),
    ),
    "another server: an empty list never waits": (
        "an empty list during a run is not answered after 1 s",
        ServerBehavior(empty_list_waits=False, run_seconds=0.7),
    ),
    "another server: a run ends when another client disconnects": (
        "a run ends when the client of a turned-away call disconnects",
        ServerBehavior(any_disconnect_ends_run=True, run_seconds=0.7),
    ),
    "another server: chunked bodies are not read": (
        "a body in chunks: expected 204, got HTTP/1.1 400",
        ServerBehavior(reads_chunks=False),
    ),
    "another server: no 100 Continue is sent": (
        "Expect: 100-continue: expected 100, got no answer",
        ServerBehavior(sends_continue=False),
    ),
    "another server: a lease per credential": (
        "with SOTicket: 0.0",
        ServerBehavior(lease_per="Authorization"),
    ),
    "another server: a lease per credential, in a slow network": (
        "s: a call with another credential starts a run while one is under way",
        ServerBehavior(lease_per="Authorization", latency=(0.05, 0.2), run_seconds=1.5),
    ),
    "another server: a lease per query": (
        "with $select: 0.0",
        ServerBehavior(lease_per="query"),
    ),
    "another server: a lease per path": (
        "with another spelling of the path: 0.0",
        ServerBehavior(lease_per="path"),
    ),
    "another server: a lease per Accept": (
        "with Accept: 0.0",
        ServerBehavior(lease_per="Accept"),
    ),
    "another server: a lease per body": (
        "s: a call that is written in another way starts a run",
        ServerBehavior(lease_per="body"),
    ),
    "another server: two runs at once": (
        "of calls that arrive together several start a run",
        ServerBehavior(runs_at_once=2, run_seconds=1.5),
    ),
    "another server: calls that arrive together all start": (
        "of calls that arrive together several start a run",
        ServerBehavior(race_seconds=0.05),
    ),
    "another server: a media type does not meet the lease": (
        "as text/xml: 0.0",
        ServerBehavior(free_media_types=frozenset({"text/xml"})),
    ),
    "another server: forms do not meet the lease": (
        f"as {FORM}: 0.0",
        ServerBehavior(free_media_types=frozenset({FORM})),
    ),
    "another server: the connection of a turned-away call is closed": (
        "is told from a started one by whether its connection is closed",
        ServerBehavior(closes_turned_away=True),
    ),
    "another server: Connection for a turned-away call": (
        "by whether its connection is closed, its header connection",
        ServerBehavior(turned_away_headers=(("Connection", "close"),)),
    ),
    "another server: Retry-After for a turned-away call": (
        "is told from a started one by its header retry-after",
        ServerBehavior(turned_away_headers=(("Retry-After", "1"),), request_ids=True),
    ),
    "another server: 429 for a turned-away call": (
        "is told from a started one by its status",
        ServerBehavior(turned_away=429, busy_seconds=0),
    ),
    "another server: a 204 in chunks": (
        r"the plain call: '2\r\n{}\r\n0\r\n\r\n': bytes follow the head of a 204",
        ServerBehavior(
            accepted_headers=(("Transfer-Encoding", "chunked"),),
            behind_answers={"POST 204": b"2\r\n{}\r\n0\r\n\r\n"},
        ),
    ),
    "another server: a 204 with a length and bytes": (
        "the plain call: 'null': bytes follow the head of a 204",
        ServerBehavior(
            accepted_headers=(("Content-Length", "4"),), behind_answers={"POST 204": b"null"}
        ),
    ),
    "another server: bytes behind a 204": (
        "the plain call: 'null': bytes follow the head of a 204",
        ServerBehavior(behind_answers={"POST 204": b"null"}),
    ),
    "another server: content for HEAD": (
        "HEAD: '{}': bytes follow the head of the answer to HEAD",
        ServerBehavior(behind_answers={"HEAD 200": b"{}"}),
    ),
    "another server: an error is longer than its length": (
        "a call without a credential: 'more': bytes follow an answer behind its end",
        ServerBehavior(behind_answers={"POST 401": b"more"}),
    ),
    "another server: garbage before the status line": (
        r"No Content\r\n\r\n': the answer is no valid HTTP message: no status line",
        ServerBehavior(raw_answer=b"\0HTTP/1.1 204 No Content\r\n\r\n"),
    ),
    "another server: a status line that is none": (
        "'204 No Content': the answer is no valid HTTP message: no status line",
        ServerBehavior(raw_answer=b"204 No Content"),
    ),
    "another server: an answer that is cut": (
        "'HTTP/1.1 204 No': the answer is no valid HTTP message: it is cut off",
        ServerBehavior(raw_answer=b"HTTP/1.1 204 No"),
    ),
    "another server: a broken chunk": (
        r"zz\r\n': the answer is no valid HTTP message: a chunk has no size",
        ServerBehavior(raw_answer=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ),
    "another server: two lengths": (
        "the answer is no valid HTTP message: it has several Content-Lengths",
        ServerBehavior(
            raw_answer=b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"
        ),
    ),
}
