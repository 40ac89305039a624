"""Defects of another server, which checks find over sockets and in real time."""

from dataclasses import dataclass
from typing import Final

from tests.contract.other_server.server import ServerBehavior

STATED_READINGS: Final = {"run": "detached", "busy": "wait-then-drop", "empty": "no-run"}


@dataclass(frozen=True, slots=True)
class DefectiveServer:
    """A server that breaks the contract, the check that must find it, and the reason."""

    name: str
    check: str
    claim: str
    reason: str
    behavior: ServerBehavior


SERVER_DEFECTS: Final = (
    DefectiveServer(
        "another server: a turned-away call does not wait",
        "throttle-on-the-wire",
        "busy-second",
        "a call during a run took 0.0",
        ServerBehavior(busy_seconds=0),
    ),
    DefectiveServer(
        "another server: a turned-away call waits 2.5 s",
        "throttle-on-the-wire",
        "busy-second",
        "a call during a run took 2.5",
        ServerBehavior(busy_seconds=2.5),
    ),
    DefectiveServer(
        "another server: a call waits for its run",
        "throttle-on-the-wire",
        "run-detached",
        "shows run=blocking, expected run=detached",
        ServerBehavior(blocking=True, run_seconds=2.3),
    ),
    DefectiveServer(
        "another server: a waiting call starts when the run ends",
        "lease-on-the-wire",
        "busy-drop",
        "shows busy=try-for-1s, expected busy=wait-then-drop",
        ServerBehavior(waits_for_lease=True, run_seconds=1.4),
    ),
    DefectiveServer(
        "another server: an empty list never waits",
        "lease-on-the-wire",
        "empty-busy",
        "expected 1 s; its list was empty",
        ServerBehavior(empty_list_waits=False),
    ),
    DefectiveServer(
        "another server: a run ends when another client disconnects",
        "lease-on-the-wire",
        "disconnect-counts",
        "after the client of a turned-away call disconnected",
        ServerBehavior(any_disconnect_ends_run=True, run_seconds=0.7),
    ),
    DefectiveServer(
        "another server: chunked bodies are not read",
        "transfer",
        "transfer",
        "a body in chunks: expected 204, got HTTP/1.1 400",
        ServerBehavior(reads_chunks=False),
    ),
    DefectiveServer(
        "another server: no 100 Continue is sent",
        "transfer",
        "transfer",
        "Expect: 100-continue: expected 100, got no answer",
        ServerBehavior(sends_continue=False),
    ),
)
