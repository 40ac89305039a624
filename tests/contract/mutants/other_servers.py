"""Defects of another server, which checks find over sockets and in real time."""

from collections.abc import Mapping
from typing import Any, Final

from tests.contract.other_server.bodies import FORM
from tests.contract.other_server.server import ServerBehavior

STATED_READINGS: Final = {"run": "detached", "busy": "wait-then-drop", "empty": "no-run"}

_DEFECTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "a turned-away call does not wait": ("the same call again: 0.", {"busy_seconds": 0}),
    "a turned-away call waits 2.5 s": ("the same call again: 2.5", {"busy_seconds": 2.5}),
    "of two turned-away calls one does not wait": (
        "s: a call during a run is not answered after 1 s",
        {"one_waits": True},
    ),
    "a call waits for its run": (
        "it shows run=blocking, expected run=detached",
        {"blocking": True, "run_seconds": 2.3},
    ),
    "a waiting call starts when the run ends": (
        "it shows busy=try-for-1s, expected busy=wait-then-drop",
        {"waits_for_lease": True, "run_seconds": 1.4},
    ),
    "an empty list never waits": (
        "an empty list during a run is not answered after 1 s",
        {"empty_list_waits": False, "run_seconds": 0.7},
    ),
    "a run ends when another client disconnects": (
        "a run ends when the client of a turned-away call disconnects",
        {"any_disconnect_ends_run": True, "run_seconds": 1.5},
    ),
    "chunked bodies are not read": (
        "a body in chunks: expected 204, got HTTP/1.1 400",
        {"reads_chunks": False},
    ),
    "no 100 Continue is sent": (
        "Expect: 100-continue: expected 100, got no answer",
        {"sends_continue": False},
    ),
    "a lease per credential": ("with SOTicket: 0.", {"lease_per": "Authorization"}),
    "a lease per credential, in a slow network": (
        "s: a call with another credential starts a run while one is under way",
        {"lease_per": "Authorization", "latency": (0.05, 0.2), "run_seconds": 1.5},
    ),
    "a lease per query": ("with $select: 0.", {"lease_per": "query"}),
    "a lease per path": ("with another spelling of the path: 0.", {"lease_per": "path"}),
    "a lease per Accept": ("with Accept: 0.", {"lease_per": "Accept"}),
    "a lease per body": (
        "s: a call that is written in another way starts a run",
        {"lease_per": "body"},
    ),
    "two runs at once": (
        "of calls that arrive together several start a run",
        {"runs_at_once": 2, "run_seconds": 1.5},
    ),
    "calls that arrive together all start": (
        "of calls that arrive together several start a run",
        {"race_seconds": 0.05},
    ),
    "a media type does not meet the lease": (
        "as text/xml: 0.",
        {"free_media_types": frozenset({"text/xml"})},
    ),
    "forms do not meet the lease": (f"as {FORM}: 0.", {"free_media_types": frozenset({FORM})}),
    "the connection of a turned-away call is closed": (
        "is told from a started one by whether its connection is closed",
        {"closes_turned_away": True},
    ),
    "Connection for a turned-away call": (
        "by whether its connection is closed, its header connection",
        {"turned_away_headers": (("Connection", "close"),)},
    ),
    "Retry-After for a turned-away call": (
        "is told from a started one by its header retry-after",
        {"turned_away_headers": (("Retry-After", "1"),), "request_ids": True},
    ),
    "429 for a turned-away call": (
        "is told from a started one by its status",
        {"turned_away": 429, "busy_seconds": 0},
    ),
    "a 204 in chunks": (
        r"the plain call: '2\r\n{}\r\n0\r\n\r\n': bytes follow the head of a 204",
        {
            "accepted_headers": (("Transfer-Encoding", "chunked"),),
            "behind_answers": {"POST 204": b"2\r\n{}\r\n0\r\n\r\n"},
        },
    ),
    "a 204 with a length and bytes": (
        "the plain call: 'null': bytes follow the head of a 204",
        {"accepted_headers": (("Content-Length", "4"),), "behind_answers": {"POST 204": b"null"}},
    ),
    "bytes behind a 204": (
        "the plain call: 'null': bytes follow the head of a 204",
        {"behind_answers": {"POST 204": b"null"}},
    ),
    "content for HEAD": (
        "HEAD: '{}': bytes follow the head of the answer to HEAD",
        {"behind_answers": {"HEAD 200": b"{}"}},
    ),
    "an error is longer than its length": (
        "a call without a credential: 'more': bytes follow an answer behind its end",
        {"behind_answers": {"POST 401": b"more"}},
    ),
    "garbage before the status line": (
        r"No Content\r\n\r\n': the answer is no valid HTTP message: no status line",
        {"raw_answer": b"\0HTTP/1.1 204 No Content\r\n\r\n"},
    ),
    "a status line that is none": (
        "'204 No Content': the answer is no valid HTTP message: no status line",
        {"raw_answer": b"204 No Content"},
    ),
    "an answer that is cut": (
        "'HTTP/1.1 204 No': the answer is no valid HTTP message: it is cut off",
        {"raw_answer": b"HTTP/1.1 204 No"},
    ),
    "a broken chunk": (
        r"zz\r\n': the answer is no valid HTTP message: a chunk has no size",
        {"raw_answer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
    ),
    "two lengths": (
        "the answer is no valid HTTP message: it has several Content-Lengths",
        {"raw_answer": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"},
    ),
}
"""By name: a part of `where: what` of a finding, and the behavior of the server."""
SERVER_DEFECTS: Final = {
    f"another server: {name}": (reason, ServerBehavior(**behavior))
    for name, (reason, behavior) in _DEFECTS.items()
}
