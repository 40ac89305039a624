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
        "of another make: no second",
        "throttle-on-the-wire",
        "busy-second",
        "a call during a run took 0.0",
        ServerBehavior(busy_seconds=0),
    ),
    DefectiveServer(
        "of another make: seconds",
        "throttle-on-the-wire",
        "busy-second",
        "a call during a run took 2.5",
        ServerBehavior(busy_seconds=2.5),
    ),
    DefectiveServer(
        "of another make: the call waits for its run",
        "throttle-on-the-wire",
        "run-detached",
        "shows run=blocking, expected run=detached",
        ServerBehavior(blocking=True, run_seconds=2.3),
    ),
    DefectiveServer(
        "of another make: a call that waits starts as the run ends",
        "lease-on-the-wire",
        "busy-drop",
        "shows busy=try-for-1s, expected busy=wait-then-drop",
        ServerBehavior(waits_for_lease=True, run_seconds=1.4),
    ),
    DefectiveServer(
        "of another make: an empty list never waits",
        "lease-on-the-wire",
        "empty-busy",
        "expected 1 s; its list was empty",
        ServerBehavior(empty_list_waits=False),
    ),
    DefectiveServer(
        "of another make: a run ends when somebody else hangs up",
        "lease-on-the-wire",
        "disconnect-counts",
        "after a turned-away client hung up",
        ServerBehavior(any_disconnect_ends_run=True, run_seconds=0.7),
    ),
    DefectiveServer(
        "of another make: no bodies in chunks",
        "transfer",
        "transfer",
        "a body in chunks: expected 204, got HTTP/1.1 400",
        ServerBehavior(reads_chunks=False),
    ),
    DefectiveServer(
        "of another make: nobody is told to go on",
        "transfer",
        "transfer",
        "Expect: 100-continue: expected 100, got no answer",
        ServerBehavior(sends_continue=False),
    ),
)
