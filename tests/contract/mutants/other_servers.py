"""Defects of a server of another make that only the clock on the wall shows, over sockets."""

from dataclasses import dataclass
from typing import Final

from tests.contract.other_server.server import Make

TOLD: Final = {"run": "detached", "busy": "wait-then-drop", "empty": "no-run"}


@dataclass(frozen=True, slots=True)
class DefectiveMake:
    """A make that breaks the contract, the check that catches it, and the reason it tells."""

    name: str
    check: str
    claim: str
    reason: str
    make: Make


MAKES: Final = (
    DefectiveMake(
        "of another make: no second",
        "throttle-on-the-wire",
        "busy-second",
        "a call during a run took 0.0",
        Make(busy_seconds=0),
    ),
    DefectiveMake(
        "of another make: seconds",
        "throttle-on-the-wire",
        "busy-second",
        "a call during a run took 2.5",
        Make(busy_seconds=2.5),
    ),
    DefectiveMake(
        "of another make: the call waits for its run",
        "throttle-on-the-wire",
        "run-detached",
        "shows run=blocking, expected run=detached",
        Make(blocking=True, run_seconds=2.3),
    ),
    DefectiveMake(
        "of another make: a call that waits starts as the run ends",
        "lease-on-the-wire",
        "busy-drop",
        "shows busy=try-for-1s, expected busy=wait-then-drop",
        Make(tries=True, run_seconds=1.4),
    ),
    DefectiveMake(
        "of another make: an empty list never waits",
        "lease-on-the-wire",
        "empty-busy",
        "expected 1 s; its list was empty",
        Make(empty_waits=False),
    ),
    DefectiveMake(
        "of another make: a run ends when somebody else hangs up",
        "lease-on-the-wire",
        "disconnect-counts",
        "somebody else, who was turned away, had hung up",
        Make(frees=True, run_seconds=0.7),
    ),
    DefectiveMake(
        "of another make: no bodies in chunks",
        "transfer",
        "transfer",
        "a body in chunks: expected 204, got HTTP/1.1 400",
        Make(chunks=False),
    ),
    DefectiveMake(
        "of another make: nobody is told to go on",
        "transfer",
        "transfer",
        "Expect: 100-continue: expected 100, got no answer",
        Make(goes_on=False),
    ),
)
