"""Defects of another server, which checks find over sockets and in real time."""

from collections.abc import Mapping
from typing import Final

from tests.contract.other_server.server import ServerBehavior

STATED_READINGS: Final = {"run": "detached", "busy": "wait-then-drop", "empty": "no-run"}

SERVER_DEFECTS: Final[Mapping[str, tuple[str, ServerBehavior]]] = {
    "another server: a turned-away call does not wait": (
        "a call during a run took 0.0",
        ServerBehavior(busy_seconds=0),
    ),
    "another server: a turned-away call waits 2.5 s": (
        "a call during a run took 2.5",
        ServerBehavior(busy_seconds=2.5),
    ),
    "another server: a call waits for its run": (
        "shows run=blocking, expected run=detached",
        ServerBehavior(blocking=True, run_seconds=2.3),
    ),
    "another server: a waiting call starts when the run ends": (
        "shows busy=try-for-1s, expected busy=wait-then-drop",
        ServerBehavior(waits_for_lease=True, run_seconds=1.4),
    ),
    "another server: an empty list never waits": (
        "expected 1 s; its list was empty",
        ServerBehavior(empty_list_waits=False),
    ),
    "another server: a run ends when another client disconnects": (
        "after the client of a turned-away call disconnected",
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
}
