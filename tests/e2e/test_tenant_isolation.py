"""Two hundred tests at once, each with a tenant of its own: none sees another."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.raw_http import ONE, Connection, request, until
from tests.support.server_process import PATH, Running

TENANTS = 200


@dataclass(frozen=True, slots=True)
class Test:
    """What one of the tests has: its number, its tenant, and two callers."""

    __test__ = False
    number: int
    tenant: Any
    callers: tuple[Connection, Connection]

    @property
    def holds(self) -> bool:
        """Whether this test holds the lease by hand, so that both of its callers wait."""
        return self.number % 2 == 1

    @property
    def seconds(self) -> float:
        """By how much it advances its clock: as no other does."""
        return self.number + 1.5

    def control(self, server: Running, method: str, path: str, sent: object = None) -> Any:
        """Call /_mock/ for this test's tenant."""
        return server.control(method, f"{path}?tenant={self.tenant['id']}", sent)


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def tests(server: Running, pool: ThreadPoolExecutor) -> Iterator[list[Test]]:
    """Two hundred tenants on clocks that stand, half of them Online, half held by hand."""

    def begun(number: int) -> Test:
        sent = {"installation": ("onsite", "online")[number // 2 % 2], "clock": "freeze"}
        callers = (Connection(server), Connection(server))
        test = Test(number, server.control("POST", "tenants", sent), callers)
        if test.holds:
            test.control(server, "POST", "lease/hold")
        return test

    with ExitStack() as stack:
        begun_ones = list(pool.map(begun, range(TENANTS)))
        for one in begun_ones:
            for caller in one.callers:
                stack.enter_context(caller)
        yield begun_ones
        server.control("POST", "reset?all=true")


def call(test: Test) -> bytes:
    """Return the bytes of a call to the test's tenant, signed in as only it knows."""
    headers = test.tenant["credentials"]["headers"] | {
        "Content-Type": "application/json",
        "Content-Length": str(len(ONE)),
    }
    return request(ONE, headers, path=f"/{test.tenant['id']}{PATH}")


def in_disorder(tests: list[Test]) -> None:
    """Send every call of every test, as the scheduler of many tests might."""
    calls = [(caller, call(test)) for test in tests for caller in test.callers]
    random.Random(4).shuffle(calls)
    for caller, raw in calls:
        caller.send(raw)


def each(pool: ThreadPoolExecutor, ask: Callable[[Test], Any], tests: list[Test]) -> list[Any]:
    return list(pool.map(ask, tests))


def time_of(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


@pytest.mark.claim("lease-tenant")
def test_two_hundred_tenants_have_each_their_own_lease_clock_and_journal(
    server: Running, pool: ThreadPoolExecutor, tests: list[Test]
) -> None:
    assert len({test.tenant["id"].lower() for test in tests}) == TENANTS
    before = each(pool, lambda one: one.control(server, "GET", "clock")["now"], tests)
    in_disorder(tests)
    expected = sum(2 if test.holds else 1 for test in tests)
    until(lambda: waiting(server, pool, tests) == expected, f"{expected} calls wait")
    each(
        pool,
        lambda one: one.control(server, "POST", "clock/advance", {"seconds": one.seconds}),
        tests,
    )
    statuses = {caller.answer().status for test in tests for caller in test.callers}
    assert statuses == {204}
    clocks = each(pool, lambda one: one.control(server, "GET", "clock"), tests)
    journals = each(pool, lambda one: one.control(server, "GET", "requests"), tests)
    leases = each(pool, lambda one: one.control(server, "GET", "lease"), tests)
    for test, then, clock, journal, lease in zip(
        tests, before, clocks, journals, leases, strict=True
    ):
        own = test.tenant
        assert time_of(clock["now"]) - time_of(then) == timedelta(seconds=test.seconds)
        assert {one["tenant"] for one in journal["requests"]} == {own["id"]}
        outcomes = [one["outcome"] for one in journal["requests"]]
        assert outcomes == ["turned_away" if test.holds else "started", "turned_away"]
        assert lease["held"] is (test.holds or test.seconds < 5)
        user, app = own["credentials"]["user"], own["credentials"]["app"]
        assert {one["principal"]["user"] for one in journal["requests"]} == {user}
        assert {one["principal"]["app"] for one in journal["requests"]} == {app}
    assert server.exchanges() == []


def waiting(server: Running, pool: ThreadPoolExecutor, tests: list[Test]) -> int:
    return sum(each(pool, lambda one: one.control(server, "GET", "lease")["waiting"], tests))


def test_a_tenant_that_goes_takes_its_own_callers_along_and_no_others(
    server: Running, pool: ThreadPoolExecutor, tests: list[Test]
) -> None:
    in_disorder(tests)
    expected = sum(2 if test.holds else 1 for test in tests)
    until(lambda: waiting(server, pool, tests) == expected, f"{expected} calls wait")
    going = [test for test in tests if test.number % 3 == 0]
    staying = [test for test in tests if test.number % 3]
    each(pool, lambda one: removed(server, one), going)
    for test in going:
        assert [caller.answer().status for caller in test.callers] == [204, 204]
    assert waiting(server, pool, staying) == sum(2 if one.holds else 1 for one in staying)
    assert [one for one in going if one.control(server, "GET", "lease")["status"] != 404] == []
    each(pool, lambda one: one.control(server, "POST", "reset"), staying)
    for test in staying:
        assert [caller.answer().status for caller in test.callers] == [204, 204]


def removed(server: Running, test: Test) -> None:
    raw = request(b"", {}, method="DELETE", path=f"/_mock/tenants/{test.tenant['id']}")
    with Connection(server) as connection:
        answer = connection.send(raw).answer()
    assert (answer.status, answer.body) == (204, b"")
