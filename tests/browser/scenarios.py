"""Traffic worth looking at: calls at chosen moments, on a clock that is advanced."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import httpx2
import msgspec

from superoffice_mock import AccountOptions, MockServer, SuperOffice
from tests.support.server_process import BASIC, PATH

TICKET: Final = "SOTicket 7T:night-job"
CALLERS: Final[dict[str, Any]] = {
    "users": [{"name": "tje0", "password": "Tje0"}],
    "tickets": ["7T:night-job"],
}
"""Two callers: the user tje0, and a ticket."""
ACCOUNTS: Final[list[AccountOptions]] = [
    {"id": id_, "address": f"mail.{id_}@example.com", "associate": "tje0"}
    for id_ in range(501, 513)
]


class Step(msgspec.Struct, frozen=True):
    """A call at a moment, in seconds after the first; with other content if *body* is given."""

    at: float
    accounts: Sequence[int] = ()
    authorization: str = BASIC
    body: bytes | None = None

    def content(self) -> bytes:
        """Return the body to send."""
        entries = [{"AccountId": id_, "AssociateName": "tje0"} for id_ in self.accounts]
        return self.body or json.dumps({"SyncUserAccounts": entries}).encode()


SILENT_DROP: Final = (
    Step(0.0, range(501, 509)),
    Step(1.2, (509, 510, 512), TICKET),
    Step(3.0, (511,)),
    Step(6.5, (511, 501)),
    Step(7.0, (509, 510), TICKET),
    Step(9.0, (502,), body=b'{"SyncUserAccounts": [{"AccountId": "five"}]}'),
)
"""Two callers: of six calls two start, three do nothing, one is refused."""
TEN_TASKS: Final = (
    Step(0.0, range(501, 526)),
    Step(4.0, (530,), TICKET),
    Step(9.0, range(540, 560)),
)
"""A run of ten tasks, and one behind it."""


def play(office: SuperOffice, steps: Sequence[Step], until: float = 2.0) -> None:
    """Send *steps* to *office*, whose clock is frozen, and advance it *until* seconds behind."""
    elapsed = 0.0
    with ThreadPoolExecutor(len(steps)) as pool:
        pending: list[Future[httpx2.Response]] = []
        for count, step in enumerate(steps, 1):
            office.clock.advance(step.at - elapsed)
            elapsed = step.at
            pending.append(pool.submit(send, office, step))
            office.wait(count=count)
            while sum(call.pending for call in office.requests) != office.clock.waiting:
                pass  # its body is still on the way
        office.clock.advance(until)
        for answer in pending:
            answer.result()


def send(office: SuperOffice, step: Step) -> httpx2.Response:
    """Send one call and return its answer."""
    headers = {"Authorization": step.authorization, "Content-Type": "application/json"}
    with httpx2.Client(trust_env=False, timeout=30) as client:
        return client.post(f"{office.url}{PATH}", content=step.content(), headers=headers)


@contextmanager
def played(
    server: MockServer, steps: Sequence[Step], until: float = 2.0, **options: Any
) -> Iterator[SuperOffice]:
    """Yield a tenant at which *steps* have happened."""
    with server.tenant(clock="freeze", accounts=ACCOUNTS, **(CALLERS | options)) as office:
        play(office, steps, until)
        yield office


def send_many(office: SuperOffice, count: int, seconds: float = 0.5) -> None:
    """Send *count* calls one after the other, *seconds* apart; some are refused."""
    bodies = [Step(0, (501 + number % 12,)).content() for number in range(12)] + [b"{", b"null"]
    headers = [
        {"Authorization": value, "Content-Type": "application/json"}
        for value in (BASIC, TICKET, "Basic d3Jvbmc6d3Jvbmc=")
    ]
    with httpx2.Client(trust_env=False, timeout=30) as client:
        for number in range(count):
            body, signed = bodies[number % len(bodies)], headers[number % 7 % 3]
            client.post(f"{office.url}{PATH}", content=body, headers=signed)
            office.clock.advance(seconds)
