"""The handle to a tenant: its traffic, its clock, its faults and its assertions."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from superoffice_mock import ExpectationFailed, MockServer, SuperOffice
from superoffice_mock.errors import ControlFailed
from tests.mock.testing.partner import outcomes, send, sync


def test_a_call_is_a_typed_value(superoffice_mock: SuperOffice) -> None:
    assert sync(superoffice_mock, 507, 508) == 204
    (call,) = superoffice_mock.requests
    assert (call.outcome, call.status, call.run) == ("started", 204, 1)
    assert call.account_ids == (507, 508)
    assert call.principal is not None
    assert call.principal.user == superoffice_mock.credentials.user
    assert superoffice_mock.request(call.id).body.startswith('{"SyncUserAccounts"')


def test_a_run_has_its_tasks_and_their_ends(superoffice_mock: SuperOffice) -> None:
    sync(superoffice_mock, 507, 508)
    (run,) = superoffice_mock.runs
    assert (run.id, run.request, run.state, run.accounts) == (1, 1, "running", (507, 508))
    assert [[step.account for step in task] for task in run.tasks] == [[507], [508]]
    assert run.ends_at - run.started_at == timedelta(seconds=5)


def test_on_a_jumping_clock_a_turned_away_call_takes_no_real_second(
    superoffice_mock: SuperOffice,
) -> None:
    before = superoffice_mock.clock.time()
    assert [sync(superoffice_mock, 507), sync(superoffice_mock, 508)] == [204, 204]
    assert outcomes(superoffice_mock) == ["started", "turned_away"]
    assert superoffice_mock.clock.time() - before == pytest.approx(1)
    assert superoffice_mock.requests[1].elapsed_real is not None
    assert superoffice_mock.requests[1].elapsed_real < 0.5


@pytest.mark.superoffice_mock(clock="freeze")
def test_on_a_frozen_clock_a_call_waits_until_the_test_advances_it(
    superoffice_mock: SuperOffice,
) -> None:
    clock = superoffice_mock.clock
    assert clock.name == "freeze"
    superoffice_mock.lease.hold()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(sync, superoffice_mock, 507)
        superoffice_mock.wait(count=1)
        events = clock.advance(0.999)
        assert not answer.done()
        events += clock.advance(1)
        assert answer.result(5) == 204
    assert [event.event for event in events] == ["answered"]
    assert events[0].outcome == "turned_away"
    assert clock.waiting == 0


def test_advancing_until_idle_ends_the_run_and_returns_the_events_in_order(
    superoffice_mock: SuperOffice,
) -> None:
    sync(superoffice_mock, 507)
    events = superoffice_mock.clock.advance_until_idle()
    assert [event.event for event in events] == ["task-ended", "run-ended"]
    assert superoffice_mock.lease.held is False


def test_changing_the_clock_keeps_its_time(
    superoffice_mock: SuperOffice,
) -> None:
    clock = superoffice_mock.clock
    clock.advance(3600)
    before = clock.now
    for change in (clock.freeze, clock.jump, clock.freeze):
        change()
        assert clock.now == before
    assert clock.name == "freeze"


def test_a_real_clock_cannot_be_advanced(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.clock.real()
    assert superoffice_mock.clock.name == "real"
    with pytest.raises(ControlFailed, match="freeze or /_mock/clock/jump first"):
        superoffice_mock.clock.advance(1)


def test_calls_are_turned_away_until_a_held_lease_is_released(
    superoffice_mock: SuperOffice,
) -> None:
    superoffice_mock.lease.hold()
    assert superoffice_mock.lease.held
    sync(superoffice_mock, 507)
    superoffice_mock.lease.release()
    sync(superoffice_mock, 507)
    assert outcomes(superoffice_mock) == ["turned_away", "started"]


def test_assertions_look_at_the_traffic_so_far(superoffice_mock: SuperOffice) -> None:
    sync(superoffice_mock, 507)
    superoffice_mock.assert_started(accounts=[507])
    superoffice_mock.assert_turned_away(times=0)
    superoffice_mock.assert_no_lost_accounts()
    superoffice_mock.assert_no_violations()
    sync(superoffice_mock, 508, Foo=1)
    with pytest.raises(ExpectationFailed, match="no run covers account 508"):
        superoffice_mock.assert_started(accounts=[508])
    with pytest.raises(ExpectationFailed, match="1 call was turned away, expected 2"):
        superoffice_mock.assert_turned_away(times=2)
    with pytest.raises(ExpectationFailed, match="account 508 is lost"):
        superoffice_mock.assert_no_lost_accounts()
    with pytest.raises(ExpectationFailed, match=r"#2: .*Foo"):
        superoffice_mock.assert_no_violations()


def test_holding_a_held_lease_is_an_error(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.lease.hold()
    with pytest.raises(ControlFailed, match=r"held by hand.*release it first"):
        superoffice_mock.lease.hold()


def test_a_fault_fires_as_often_as_it_was_armed_for(
    superoffice_mock: SuperOffice,
) -> None:
    superoffice_mock.faults.arm(status=503, times=2, retry_after=3)
    assert [sync(superoffice_mock, 507) for _ in range(3)] == [503, 503, 204]
    (fault,) = superoffice_mock.faults.all
    assert (fault.fired, fault.armed, fault.effect) == (2, False, "status 503")
    assert superoffice_mock.requests[0].fault == fault.id


def test_a_cleared_fault_does_not_fire(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.faults.arm(connection="reset-by-peer")
    superoffice_mock.faults.clear()
    assert superoffice_mock.faults.all == ()
    assert sync(superoffice_mock, 507) == 204


def test_a_connection_fault_breaks_the_connection(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.faults.arm(connection="reset-by-peer")
    with pytest.raises(ConnectionError):
        sync(superoffice_mock, 507)
    assert outcomes(superoffice_mock) == ["faulted"]


def test_a_fault_describes_its_effect(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.faults.arm(expired_credential=True, every=2)
    superoffice_mock.faults.arm(delay=1.5, probability=0.5, seed=3)
    superoffice_mock.faults.arm(connection="stall", every=9)
    effects = [fault.effect for fault in superoffice_mock.faults.all]
    assert effects == ["expired credential", "delay of 1.5 s", "stall"]
    assert not any(fault.sure for fault in superoffice_mock.faults.all)


def test_wait_returns_as_soon_as_the_app_has_called(superoffice_mock: SuperOffice) -> None:
    later = threading.Timer(0.05, sync, (superoffice_mock, 507))
    later.start()
    (call,) = superoffice_mock.wait("started", count=1, timeout=10)
    assert call.account_ids == (507,)
    later.join()


def test_a_wait_that_times_out_fails_and_shows_what_came_instead(
    superoffice_mock: SuperOffice,
) -> None:
    sync(superoffice_mock, 507)
    with pytest.raises(
        ExpectationFailed,
        match=r"(?s)^expected 2 requests with outcome started within 0\.01 s, got 1\n.*#1 .*507",
    ):
        superoffice_mock.wait("started", count=2, timeout=0.01)
    with pytest.raises(
        ExpectationFailed,
        match=r"^expected 1 request with outcome rejected within 0\.01 s, got 0\n",
    ):
        superoffice_mock.wait("rejected", timeout=0.01)


def test_assert_never_waits_for_the_given_time(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.assert_never(within=0.01)
    sync(superoffice_mock, 507)
    superoffice_mock.assert_never("turned_away", within=0.01)
    superoffice_mock.assert_never("started", within=0.01)
    with pytest.raises(
        ExpectationFailed,
        match=r"^expected fewer than 1 request with outcome started within 5 s, got 1\n",
    ):
        superoffice_mock.assert_never("started", within=5, since=0)


def test_wait_and_assert_never_ignore_earlier_requests(superoffice_mock: SuperOffice) -> None:
    sync(superoffice_mock, 507)
    (first,) = superoffice_mock.wait()
    with pytest.raises(ExpectationFailed, match=r"^expected 1 request within 0\.01 s, got 0\n"):
        superoffice_mock.wait(since=first, timeout=0.01)
    later = threading.Timer(0.05, sync, (superoffice_mock, 508))
    later.start()
    with pytest.raises(
        ExpectationFailed, match=r"^expected fewer than 1 request within 10 s, got 1\n"
    ):
        superoffice_mock.assert_never(within=10)
    later.join()


def test_a_wait_that_ends_early_says_why(superoffice_mock: SuperOffice) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(superoffice_mock.wait, "started", timeout=30)
        while not waiting.done():
            superoffice_mock.reset()
        with pytest.raises(ExpectationFailed, match=r"within 30 s, got 0: .*reset"):
            waiting.result()


def test_an_account_that_was_not_synced_when_the_lease_was_released_is_lost(
    superoffice_mock: SuperOffice,
) -> None:
    sync(superoffice_mock, 507)
    superoffice_mock.lease.release()
    with pytest.raises(ExpectationFailed, match="run 1 was released before it had synced it"):
        superoffice_mock.assert_started([507])
    with pytest.raises(ExpectationFailed, match="account 507 is lost"):
        superoffice_mock.assert_no_lost_accounts()


def test_a_number_that_json_does_not_have_is_an_error(superoffice_mock: SuperOffice) -> None:
    with pytest.raises(ControlFailed, match="delay = nan: expected a finite number"):
        superoffice_mock.faults.arm(delay=float("nan"))


def test_expired_credentials_are_refused(superoffice_mock: SuperOffice) -> None:
    ticket = superoffice_mock.credentials.ticket
    assert ticket is not None
    headers = {"Authorization": f"SOTicket {ticket}"}
    assert send(superoffice_mock, {}, headers) == 204
    superoffice_mock.expire(ticket=ticket)
    assert send(superoffice_mock, {}, headers) == 401


def test_an_ended_session_is_refused(superoffice_mock: SuperOffice) -> None:
    session, xsrf = superoffice_mock.credentials.session, superoffice_mock.credentials.xsrf
    headers = {"Cookie": f"ASP.NET_SessionId={session}", "X-XSRF-TOKEN": f"{xsrf}"}
    assert send(superoffice_mock, {}, headers) == 204
    superoffice_mock.end_session()
    assert send(superoffice_mock, {}, headers) == 401


def test_a_reset_forgets_calls_holds_and_faults(superoffice_mock: SuperOffice) -> None:
    sync(superoffice_mock, 507)
    superoffice_mock.faults.arm(status=500)
    superoffice_mock.reset()
    assert superoffice_mock.requests == ()
    assert superoffice_mock.runs == ()
    assert superoffice_mock.faults.all == ()
    assert not superoffice_mock.lease.held


@pytest.mark.superoffice_mock(installation="online")
def test_an_online_tenant_accepts_an_access_token(superoffice_mock: SuperOffice) -> None:
    assert superoffice_mock.credentials.headers["Authorization"].startswith("Bearer 8A:Cust")
    assert sync(superoffice_mock, 507) == 204


@pytest.mark.superoffice_mock(installation="online", granted=False)
def test_an_app_that_was_not_granted_the_agent_is_refused(superoffice_mock: SuperOffice) -> None:
    assert sync(superoffice_mock, 507) == 401


@pytest.mark.superoffice_mock(readings={"run": "blocking"}, accounts={507: 2.5})
def test_a_marker_chooses_readings_and_durations(superoffice_mock: SuperOffice) -> None:
    before = superoffice_mock.clock.time()
    sync(superoffice_mock, 507)
    assert superoffice_mock.clock.time() - before == pytest.approx(2.5)


def test_credentials_do_not_show_in_a_traceback(superoffice_mock: SuperOffice) -> None:
    assert repr(superoffice_mock.credentials) == "Credentials(…)"


@pytest.fixture
def two_tenants(superoffice_mock_server: MockServer) -> Iterator[tuple[SuperOffice, SuperOffice]]:
    """Two tenants of one server."""
    with superoffice_mock_server.tenant() as first, superoffice_mock_server.tenant() as second:
        yield first, second


def test_tenants_of_one_server_are_independent(
    two_tenants: tuple[SuperOffice, SuperOffice],
) -> None:
    first, second = two_tenants
    first.lease.hold()
    first.faults.arm(status=500, every=1)
    first.clock.advance(3600)
    assert sync(second, 507) == 204
    assert outcomes(second) == ["started"]
    assert first.requests == ()
    assert first.clock.now - second.clock.now > timedelta(minutes=59)


def test_a_removed_tenant_is_gone(superoffice_mock_server: MockServer) -> None:
    with superoffice_mock_server.tenant() as office:
        pass
    with pytest.raises(ControlFailed, match="is unknown"):
        _ = office.requests
    office.remove()


async def test_an_async_test_uses_the_same_handle(superoffice_mock: SuperOffice) -> None:
    import httpx2

    async with httpx2.AsyncClient(headers=superoffice_mock.credentials.headers) as client:
        path = "/api/v1/Agents/EMail/SyncEmailAccounts"
        response = await client.post(superoffice_mock.url + path, json={"SyncUserAccounts": []})
    assert response.status_code == 204
    assert outcomes(superoffice_mock) == ["served"]
