"""Two hundred concurrent workers, each with its own tenant, do not affect each other."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.raw_http import BODY, Connection, remove_tenant, request, wait_until
from tests.support.server_process import PATH, ServerProcess

TENANTS = 200


@dataclass(frozen=True, slots=True)
class Worker:
    """A test with its number, its tenant and two connections."""

    number: int
    tenant: Any
    clients: tuple[Connection, Connection]

    @property
    def holds_lease(self) -> bool:
        """Whether this worker holds the lease by hand, so that both of its calls wait."""
        return self.number % 2 == 1

    @property
    def seconds(self) -> float:
        """The seconds by which it advances its clock, different for each worker."""
        return self.number + 1.5

    def control(self, server: ServerProcess, method: str, path: str, body: object = None) -> Any:
        return server.control(method, f"{path}?tenant={self.tenant['id']}", body)


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def workers(server: ServerProcess, pool: ThreadPoolExecutor) -> Iterator[list[Worker]]:
    """Two hundred tenants with frozen clocks, half of them Online, half held by hand."""

    def start(number: int) -> Worker:
        body = {"installation": ("onsite", "online")[number // 2 % 2], "clock": "freeze"}
        clients = (Connection(server), Connection(server))
        worker = Worker(number, server.control("POST", "tenants", body), clients)
        if worker.holds_lease:
            worker.control(server, "POST", "lease/hold")
        return worker

    with ExitStack() as stack:
        workers = list(pool.map(start, range(TENANTS)))
        for worker in workers:
            for client in worker.clients:
                stack.enter_context(client)
        yield workers
        server.control("POST", "reset?all=true")


def call(worker: Worker) -> bytes:
    """Return the bytes of a call to the worker's tenant with its credentials."""
    headers = worker.tenant["credentials"]["headers"] | {
        "Content-Type": "application/json",
        "Content-Length": str(len(BODY)),
    }
    return request(BODY, headers, path=f"/{worker.tenant['id']}{PATH}")


def send_calls_in_random_order(workers: list[Worker]) -> None:
    calls = [(client, call(worker)) for worker in workers for client in worker.clients]
    random.Random(4).shuffle(calls)
    for client, raw in calls:
        client.send(raw)


def wait_until_all_wait(
    server: ServerProcess, pool: ThreadPoolExecutor, workers: list[Worker]
) -> None:
    """Wait until all calls wait, except the first of a worker whose lease is free."""
    expected = count_waiting_calls(workers)
    wait_until(
        lambda: (
            sum(lease["waiting"] for lease in get_each(server, pool, workers, "lease")) == expected
        ),
        f"{expected} calls wait",
    )


def count_waiting_calls(workers: list[Worker]) -> int:
    return sum(2 if worker.holds_lease else 1 for worker in workers)


def get_each(
    server: ServerProcess, pool: ThreadPoolExecutor, workers: list[Worker], path: str
) -> list[Any]:
    """Return the answers to the same GET for each worker."""
    return list(pool.map(lambda worker: worker.control(server, "GET", path), workers))


@pytest.mark.claim("lease-tenant")
def test_each_of_two_hundred_tenants_has_its_own_lease_clock_and_journal(
    server: ServerProcess, pool: ThreadPoolExecutor, workers: list[Worker]
) -> None:
    assert len({worker.tenant["id"].lower() for worker in workers}) == TENANTS
    first_clocks = get_each(server, pool, workers, "clock")
    send_calls_in_random_order(workers)
    wait_until_all_wait(server, pool, workers)
    for worker in workers:
        worker.control(server, "POST", "clock/advance", {"seconds": worker.seconds})
    statuses = {client.read_response().status for worker in workers for client in worker.clients}
    assert statuses == {204}
    clocks, journals, leases = (
        get_each(server, pool, workers, path) for path in ("clock", "requests", "lease")
    )
    for worker, first_clock, clock, journal, lease in zip(
        workers, first_clocks, clocks, journals, leases, strict=True
    ):
        tenant = worker.tenant
        now, before = (datetime.fromisoformat(at["now"]) for at in (clock, first_clock))
        assert now - before == timedelta(seconds=worker.seconds)
        assert {exchange["tenant"] for exchange in journal["requests"]} == {tenant["id"]}
        outcomes = [exchange["outcome"] for exchange in journal["requests"]]
        assert outcomes == ["turned_away" if worker.holds_lease else "started", "turned_away"]
        assert lease["held"] is (worker.holds_lease or worker.seconds < 5)
        user, app = tenant["credentials"]["user"], tenant["credentials"]["app"]
        assert {exchange["principal"]["user"] for exchange in journal["requests"]} == {user}
        assert {exchange["principal"]["app"] for exchange in journal["requests"]} == {app}
    assert server.exchanges() == []


def test_a_removed_tenant_answers_its_own_calls_and_no_others(
    server: ServerProcess, pool: ThreadPoolExecutor, workers: list[Worker]
) -> None:
    send_calls_in_random_order(workers)
    wait_until_all_wait(server, pool, workers)
    removed_workers = [worker for worker in workers if worker.number % 3 == 0]
    other_workers = [worker for worker in workers if worker.number % 3]
    for worker in removed_workers:
        remove_tenant(server, worker.tenant["id"])
        assert [client.read_response().status for client in worker.clients] == [204, 204]
    leases = get_each(server, pool, other_workers, "lease")
    assert sum(lease["waiting"] for lease in leases) == count_waiting_calls(other_workers)
    answers = get_each(server, pool, removed_workers, "lease")
    assert {answer["status"] for answer in answers} == {404}
    for worker in other_workers:
        worker.control(server, "POST", "reset")
        assert [client.read_response().status for client in worker.clients] == [204, 204]
