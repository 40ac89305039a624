"""Who works during the full load: each does one kind of thing, again and again, until it is over.

A worker returns nothing and raises AssertionError for an answer that is wrong.
"""

import itertools
import random
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from tests.benchmarks.bodies import accounts
from tests.e2e.raw_http import Connection, Raw
from tests.soak.bodies import AT_THE_LIMIT, TOO_MUCH
from tests.soak.disconnects import WAYS
from tests.soak.http_pipeline import answers, call, control, said
from tests.support.server_process import PATH, Running

BREAKAGES: Final = (
    *("empty-response", "reset-by-peer", "malformed-chunk", "random-data-then-close", "stall"),
)
QUERIES: Final = (
    *("health", "tenants", "accounts", "requests?limit=20", "lease", "runs", "clock", "faults"),
    *("readings", "openapi.json", "requests?outcome=rejected", "requests/1"),
)
BARRED: Final = ((b"", 400), (b"{", 400), (b"[]", 400), (b'{"SyncUserAccounts":[{"a":1}]}', 204))


class Shift:
    """What a worker has: the server, luck that is the same every time, and a count of its calls."""

    def __init__(self, running: Running, over: threading.Event, seed: int) -> None:
        self.running = running
        self.luck = random.Random(seed)
        self._over = over
        self._calls = 0

    def work(self, worker: Callable[["Shift"], None]) -> int:
        """Let *worker* go on until the shift is over; return how many calls it made."""
        while not self._over.is_set():
            worker(self)
        return self._calls

    def ask(self, raw: bytes) -> Raw:
        """Make one call on a connection of its own."""
        with Connection(self.running) as connection:
            return self.on(connection, [raw])[0]

    def on(self, connection: Connection, calls: list[bytes]) -> list[Raw]:
        """Make *calls* on *connection*."""
        self._calls += len(calls)
        return answers(connection, calls)

    def leave(self) -> None:
        """Make a call and do not wait for its answer."""
        self._calls += 1
        with suppress(ConnectionError):
            self.luck.choice(WAYS)(self.running.address)

    @contextmanager
    def tenant(self, **spec: object) -> Iterator[Any]:
        """A tenant for as long as the block lasts."""
        made = said(self.ask(control("POST", "tenants", spec)))
        try:
            yield made
        finally:
            said(self.ask(control("DELETE", f"tenants/{made['id']}")))


def _to(made: Any, body: bytes = b'{"SyncUserAccounts":[{"AccountId":507}]}') -> bytes:
    return call(body, path=f"/{made['id']}{PATH}", headers=made["credentials"]["headers"])


def _at(made: Any, method: str, path: str, sent: object = None) -> bytes:
    mark = "&" if "?" in path else "?"
    return control(method, f"{path}{mark}tenant={made['id']}", sent)


def callers(shift: Shift) -> None:
    """Call on a connection that stays, short and long, good and bad."""
    good = [call(accounts(n % 20, camel=n % 2 == 0), path=f"/Anyone{PATH}") for n in range(20)]
    with Connection(shift.running) as connection:
        for body, status in BARRED:
            assert shift.on(connection, [call(body)])[0].status == status
        nobody = call(headers={"Authorization": "Basic bm9ib2R5Om5v"})
        assert shift.on(connection, [nobody])[0].status == 401
    with shift.tenant(seconds_per_account=0.001) as made, Connection(shift.running) as connection:
        got = shift.on(connection, [_to(made), *(_to(made, b"{}") for _ in good)])
        assert {raw.status for raw in got} == {204}


def crowds(shift: Shift) -> None:
    """Twenty call at once; those who come second hear so on a clock that jumps."""
    with shift.tenant(clock="jump") as made:
        crowd = [Connection(shift.running) for _ in range(20)]
        try:
            for one in crowd:
                one.send(_to(made))
            assert {one.answer().status for one in crowd} == {204}
        finally:
            for one in crowd:
                one.hang_up()
        told = said(shift.ask(_at(made, "GET", "requests")))["requests"]
        assert sorted({one["outcome"] for one in told}) == ["started", "turned_away"]
        shift.ask(_at(made, "POST", "clock/advance", {"until": "idle"}))


def faulty(shift: Shift) -> None:
    """Faults of every kind strike calls; who is struck sees no more than it should."""
    with shift.tenant(clock="jump") as made:
        faults = [{"status": 503, "retry_after": 1}, {"expired_credential": True}, {"delay": 2.5}]
        said(shift.ask(_at(made, "PUT", "faults", {"faults": faults})))
        assert [shift.ask(_to(made)).status for _ in faults] == [503, 401, 204]
        for kind in BREAKAGES[:-1]:
            said(shift.ask(_at(made, "POST", "faults", {"connection": kind})))
            with suppress(ConnectionError, AssertionError, ValueError, IndexError):
                shift.ask(_to(made))
        told = said(shift.ask(_at(made, "GET", "requests?outcome=faulted")))
        assert len(told["requests"]) == len(faults) - 1 + len(BREAKAGES) - 1


def stalled(shift: Shift) -> None:
    """Connections that stall, some left by their callers, some ended by a reset."""
    with shift.tenant(clock="freeze") as made, Connection(shift.running) as patient:
        said(shift.ask(_at(made, "POST", "faults", {"connection": "stall", "times": 2})))
        with Connection(shift.running) as gone:
            gone.send(_to(made))
        patient.send(_to(made))
        wait = {"outcome": "faulted", "count": 2, "timeout": 15}
        assert said(shift.ask(_at(made, "POST", "requests/wait", wait)))["met"]
        said(shift.ask(_at(made, "POST", "reset")))
        assert patient.rest() == b""


def waiters(shift: Shift) -> None:
    """Callers who may still get the lease, which is held and released by hand."""
    with (
        shift.tenant(clock="freeze", readings={"busy": "try-for-1s", "run": "blocking"}) as made,
        Connection(shift.running) as first,
        Connection(shift.running) as second,
    ):
        said(shift.ask(_at(made, "POST", "lease/hold")))
        first.send(_to(made))
        second.send(_to(made))
        wait = {"outcome": "pending", "count": 2, "timeout": 15}
        assert said(shift.ask(_at(made, "POST", "requests/wait", wait)))["met"]
        said(shift.ask(_at(made, "POST", "lease/release")))
        said(shift.ask(_at(made, "POST", "reset")))
        assert (first.answer().status, second.answer().status) == (204, 204)


def clocks(shift: Shift) -> None:
    """A clock that is stopped, moved and let go while a call waits on it."""
    with shift.tenant(clock="freeze") as made, Connection(shift.running) as connection:
        said(shift.ask(_at(made, "POST", "lease/hold")))
        for kind in ("freeze", "jump", "real", "freeze"):
            said(shift.ask(_at(made, "POST", f"clock/{kind}")))
            said(shift.ask(_at(made, "GET", "clock")))
        connection.send(_to(made))
        said(shift.ask(_at(made, "POST", "requests/wait", {"timeout": 15})))
        said(shift.ask(_at(made, "POST", "clock/advance", {"seconds": 0.5})))
        said(shift.ask(_at(made, "POST", "clock/jump")))
        assert connection.answer().status == 204


def credentials(shift: Shift) -> None:
    """Credentials that expire, and are as new after a reset."""
    with shift.tenant(installation="online", expires_after={"tokens": 60}) as made:
        statuses = [shift.ask(_to(made)).status]
        said(shift.ask(_at(made, "POST", "credentials/expire", {})))
        statuses.append(shift.ask(_to(made)).status)
        said(shift.ask(_at(made, "POST", "reset")))
        statuses.append(shift.ask(_to(made)).status)
        assert statuses == [204, 401, 204]


def makers(shift: Shift) -> None:
    """Tenants by the dozen, most of them dropped one by one."""
    with Connection(shift.running) as connection:
        specs = [control("POST", "tenants", {"clock": "freeze"}) for _ in range(24)]
        made = [said(raw) for raw in shift.on(connection, specs)]
        assert {raw.status for raw in shift.on(connection, [_to(one) for one in made])} == {204}
        drops = [control("DELETE", f"tenants/{one['id']}") for one in made]
        assert all(raw.status < 300 for raw in shift.on(connection, drops))


def curious(shift: Shift) -> None:
    """All that can be read of the control surface, and a little that can't be meant."""
    with Connection(shift.running) as connection:
        for raw in shift.on(connection, [control("GET", query) for query in QUERIES]):
            assert raw.status in (200, 404), raw
        wrong = [control("GET", "nothing"), control("POST", "clock/advance", {"seconds": -1})]
        assert all(400 <= raw.status < 500 for raw in shift.on(connection, wrong))


def resetting(shift: Shift) -> None:
    """The configured tenants, called and reset."""
    with Connection(shift.running) as connection:
        got = shift.on(connection, [call(b"{}"), control("POST", "reset"), call(b"{}")])
        assert {raw.status for raw in got} <= {200, 204}


def recording(shift: Shift) -> None:
    """Recordings of a few calls, fetched as HAR."""
    with shift.tenant(clock="freeze") as made:
        said(shift.ask(_at(made, "POST", "recordings/start")))
        for _ in range(5):
            shift.ask(_to(made, b"{}"))
        har = said(shift.ask(_at(made, "POST", "recordings/stop")))
        assert len(har["log"]["entries"]) == 5


def heavy(shift: Shift) -> None:
    """Bodies at the limits and beyond them."""
    kind, body = shift.luck.choice(AT_THE_LIMIT)
    with shift.tenant(clock="freeze") as made:
        headers = made["credentials"]["headers"]
        path = f"/{made['id']}{PATH}"
        assert shift.ask(call(body, path=path, headers=headers, media_type=kind)).status == 204
        kind, body = shift.luck.choice(TOO_MUCH)
        with suppress(ConnectionError):  # it is refused before all of it was read
            raw = shift.ask(call(body, path=path, headers=headers, media_type=kind))
            assert raw.status == 413


def leavers(shift: Shift) -> None:
    """Callers who hang up."""
    for _ in itertools.repeat(None, 20):
        shift.leave()


def noise(shift: Shift) -> None:
    """What is no HTTP."""
    with socket.create_connection(shift.running.address, timeout=20) as caller:
        caller.sendall(shift.luck.randbytes(64) + b"\r\n\r\n")
        caller.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            assert caller.recv(65536)[9:12] in (b"", b"400", b"505")
    shift.ask(control("GET", "health"))


WORKERS: Final[Mapping[str, Callable[[Shift], None]]] = {
    one.__name__: one
    for one in (
        *(callers, crowds, faulty, stalled, waiters, clocks, credentials, makers),
        *(curious, resetting, recording, heavy, leavers, noise),
    )
}
