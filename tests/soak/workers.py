"""The workers of the full load: each repeats one kind of call until the time is over.

A worker raises AssertionError for a wrong answer.
"""

import random
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, Final

from tests.benchmarks.bodies import accounts
from tests.e2e.raw_http import Connection, RawResponse
from tests.soak.bodies import AT_THE_LIMIT, TOO_LARGE
from tests.soak.disconnects import DISCONNECTS
from tests.soak.http_pipeline import (
    ONE_ACCOUNT,
    control_call,
    json_of,
    send_all,
    sync_call,
    tenant_call,
    use_tenants,
)
from tests.support.server_process import PATH, ServerProcess

BREAKAGES: Final = (
    *("empty-response", "reset-by-peer", "malformed-chunk", "random-data-then-close", "stall"),
)
QUERIES: Final = (
    *("health", "tenants", "accounts", "requests?limit=20", "lease", "runs", "clock", "faults"),
    *("readings", "openapi.json", "requests?outcome=rejected", "requests/1"),
)
SMALL_BODIES: Final = {b"": 400, b"{": 400, b"[]": 400, b'{"SyncUserAccounts":[{"a":1}]}': 204}


class WorkerContext:
    """What a worker uses: the server, seeded random numbers, and a count of its calls."""

    def __init__(self, server: ServerProcess, over: threading.Event, seed: int) -> None:
        self.server = server
        self.random = random.Random(seed)
        self._over = over
        self._calls = 0

    def work(self, worker: Callable[["WorkerContext"], None]) -> int:
        """Repeat *worker* until the time is over; return how many calls it made."""
        while not self._over.is_set():
            worker(self)
        return self._calls

    def send(self, raw: bytes) -> RawResponse:
        """Make one call on a new connection."""
        with Connection(self.server) as connection:
            return self.send_on(connection, [raw])[0]

    def send_on(self, connection: Connection, calls: list[bytes]) -> list[RawResponse]:
        """Make *calls* on *connection*."""
        self._calls += len(calls)
        return send_all(connection, calls)

    def control(self, tenant: Any, method: str, path: str, body: object = None) -> Any:
        """Call /_mock/ for *tenant*, which must succeed, and return the JSON of the answer."""
        separator = "&" if "?" in path else "?"
        path = f"{path}{separator}tenant={tenant['id']}"
        return json_of(self.send(control_call(method, path, body)))

    def disconnect(self) -> None:
        """Make a call and disconnect without its answer."""
        self._calls += 1
        with suppress(ConnectionError):
            self.random.choice(DISCONNECTS)(self.server.address)

    @contextmanager
    def tenant(self, **spec: object) -> Iterator[Any]:
        """A tenant until the block ends."""
        tenant = json_of(self.send(control_call("POST", "tenants", spec)))
        try:
            yield tenant
        finally:
            json_of(self.send(control_call("DELETE", f"tenants/{tenant['id']}")))


def clients(context: WorkerContext) -> None:
    """Make short and long, valid and invalid calls on one connection."""
    calls = [
        sync_call(accounts(n % 20, camel=n % 2 == 0), path=f"/Anyone{PATH}") for n in range(20)
    ]
    with Connection(context.server) as connection:
        for body, status in SMALL_BODIES.items():
            assert context.send_on(connection, [sync_call(body)])[0].status == status
        unknown_user = sync_call(headers={"Authorization": "Basic bm9ib2R5Om5v"})
        assert context.send_on(connection, [unknown_user])[0].status == 401
    with (
        context.tenant(seconds_per_account=0.001) as tenant,
        Connection(context.server) as connection,
    ):
        answers = context.send_on(
            connection, [tenant_call(tenant), *(tenant_call(tenant, b"{}") for _ in calls)]
        )
        assert {raw.status for raw in answers} == {204}


def concurrent_calls(context: WorkerContext) -> None:
    """Make twenty calls at once: the first starts a run, the others are turned away."""
    with context.tenant(clock="jump") as tenant:
        with ExitStack() as stack:
            connections = [stack.enter_context(Connection(context.server)) for _ in range(20)]
            for connection in connections:
                connection.send(tenant_call(tenant))
            assert {connection.read_response().status for connection in connections} == {204}
        exchanges = context.control(tenant, "GET", "requests")["requests"]
        assert sorted({exchange["outcome"] for exchange in exchanges}) == ["started", "turned_away"]
        context.control(tenant, "POST", "clock/advance", {"until": "idle"})


def faults(context: WorkerContext) -> None:
    """Arm faults of every kind and make calls; the client sees what the fault says."""
    with context.tenant(clock="jump") as tenant:
        faults = [{"status": 503, "retry_after": 1}, {"expired_credential": True}, {"delay": 2.5}]
        context.control(tenant, "PUT", "faults", {"faults": faults})
        assert [context.send(tenant_call(tenant)).status for _ in faults] == [503, 401, 204]
        for kind in BREAKAGES[:-1]:
            context.control(tenant, "POST", "faults", {"connection": kind})
            with suppress(ConnectionError, AssertionError, ValueError, IndexError):
                context.send(tenant_call(tenant))
        answer = context.control(tenant, "GET", "requests?outcome=faulted")
        assert len(answer["requests"]) == len(faults) - 1 + len(BREAKAGES) - 1


def stalls(context: WorkerContext) -> None:
    """Let connections stall: one client disconnects, the other connection ends with a reset."""
    with context.tenant(clock="freeze") as tenant, Connection(context.server) as patient:
        context.control(tenant, "POST", "faults", {"connection": "stall", "times": 2})
        with Connection(context.server) as impatient:
            impatient.send(tenant_call(tenant))
        patient.send(tenant_call(tenant))
        wait = {"outcome": "faulted", "count": 2, "timeout": 15}
        assert context.control(tenant, "POST", "requests/wait", wait)["met"]
        context.control(tenant, "POST", "reset")
        assert patient.read_to_end() == b""


def waiting_calls(context: WorkerContext) -> None:
    """Let calls wait for the lease, which a control call holds and releases."""
    with (
        context.tenant(
            clock="freeze", readings={"busy": "try-for-1s", "run": "blocking"}
        ) as tenant,
        Connection(context.server) as first,
        Connection(context.server) as second,
    ):
        context.control(tenant, "POST", "lease/hold")
        first.send(tenant_call(tenant))
        second.send(tenant_call(tenant))
        wait = {"outcome": "pending", "count": 2, "timeout": 15}
        assert context.control(tenant, "POST", "requests/wait", wait)["met"]
        context.control(tenant, "POST", "lease/release")
        context.control(tenant, "POST", "reset")
        assert (first.read_response().status, second.read_response().status) == (204, 204)


def clocks(context: WorkerContext) -> None:
    """Stop, advance and release a clock while a call waits on it."""
    with context.tenant(clock="freeze") as tenant, Connection(context.server) as connection:
        context.control(tenant, "POST", "lease/hold")
        for kind in ("freeze", "jump", "real", "freeze"):
            context.control(tenant, "POST", f"clock/{kind}")
            context.control(tenant, "GET", "clock")
        connection.send(tenant_call(tenant))
        context.control(tenant, "POST", "requests/wait", {"timeout": 15})
        context.control(tenant, "POST", "clock/advance", {"seconds": 0.5})
        context.control(tenant, "POST", "clock/jump")
        assert connection.read_response().status == 204


def credentials(context: WorkerContext) -> None:
    """Expire credentials and restore them with a reset."""
    with context.tenant(installation="online", expires_after={"tokens": 60}) as tenant:
        statuses = [context.send(tenant_call(tenant)).status]
        context.control(tenant, "POST", "credentials/expire", {})
        statuses.append(context.send(tenant_call(tenant)).status)
        context.control(tenant, "POST", "reset")
        statuses.append(context.send(tenant_call(tenant)).status)
        assert statuses == [204, 401, 204]


def tenants(context: WorkerContext) -> None:
    """Create two dozen tenants, call them and remove them."""
    with Connection(context.server) as connection:
        send = partial(context.send_on, connection)
        use_tenants(send, [{"clock": "freeze"}] * 24, ONE_ACCOUNT)


def queries(context: WorkerContext) -> None:
    """Read everything from the control surface, and send two invalid calls."""
    with Connection(context.server) as connection:
        for raw in context.send_on(connection, [control_call("GET", query) for query in QUERIES]):
            assert raw.status in (200, 404), raw
        invalid = [
            control_call("GET", "nothing"),
            control_call("POST", "clock/advance", {"seconds": -1}),
        ]
        assert all(400 <= raw.status < 500 for raw in context.send_on(connection, invalid))


def resets(context: WorkerContext) -> None:
    """Call and reset the configured tenants."""
    with Connection(context.server) as connection:
        answers = context.send_on(
            connection, [sync_call(b"{}"), control_call("POST", "reset"), sync_call(b"{}")]
        )
        assert {raw.status for raw in answers} <= {200, 204}


def recordings(context: WorkerContext) -> None:
    """Record a few calls and fetch them as HAR."""
    with context.tenant(clock="freeze") as tenant:
        context.control(tenant, "POST", "recordings/start")
        for _ in range(5):
            context.send(tenant_call(tenant, b"{}"))
        har = context.control(tenant, "POST", "recordings/stop")
        assert len(har["log"]["entries"]) == 5


def large_bodies(context: WorkerContext) -> None:
    """Send bodies at the limits and beyond them."""
    kind, body = context.random.choice(AT_THE_LIMIT)
    with context.tenant(clock="freeze") as tenant:
        assert context.send(tenant_call(tenant, body, kind)).status == 204
        kind, body = context.random.choice(TOO_LARGE)
        with suppress(ConnectionError):  # refused before it was read completely
            assert context.send(tenant_call(tenant, body, kind)).status == 413


def disconnects(context: WorkerContext) -> None:
    """Disconnect."""
    for _ in range(20):
        context.disconnect()


def invalid_http(context: WorkerContext) -> None:
    """Send bytes that are not HTTP."""
    with socket.create_connection(context.server.address, timeout=20) as client:
        client.sendall(context.random.randbytes(64) + b"\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            assert client.recv(65536)[9:12] in (b"", b"400", b"505")
    context.send(control_call("GET", "health"))


WORKERS: Final[Mapping[str, Callable[[WorkerContext], None]]] = {
    worker.__name__: worker
    for worker in (
        *(clients, concurrent_calls, faults, stalls, waiting_calls, clocks, credentials, tenants),
        *(queries, resets, recordings, large_bodies, disconnects, invalid_http),
    )
}
