"""The handle to a tenant: its traffic, its clock, its faults and its assertions."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from superoffice_mock import ExpectationFailed, MockServer, SuperOffice
from superoffice_mock.errors import ControlFailed
from tests.mock.testing.partner import outcomes, send, sync


def test_a_call_and_its_run_with_tasks_are_typed_values(office: SuperOffice) -> None:
    assert sync(office, 507, 508) == 204
    (call,) = office.requests
    assert (call.outcome, call.status, call.run) == ("started", 204, 1)
    assert call.account_ids == (507, 508)
    assert call.principal is not None
    assert call.principal.user == office.credentials.user
    assert office.request(call.id).body.startswith('{"SyncUserAccounts"')
    (run,) = office.runs
    assert (run.id, run.request, run.state, run.accounts) == (1, 1, "running", (507, 508))
    assert [[step.account for step in task] for task in run.tasks] == [[507], [508]]
    assert run.ends_at - run.started_at == timedelta(seconds=5)


def test_all_accounts_of_a_call_are_there_however_many_there_are(office: SuperOffice) -> None:
    assert sync(office, *range(300)) == 204
    office.lease.release()
    office.lease.hold()
    assert sync(office, *range(150, 350)) == 204
    for requests in (office.requests, office.traffic.requests, office.wait(count=2)):
        ids = [call.account_ids for call in requests]
        assert ids == [tuple(range(300)), tuple(range(150, 350))]
    with pytest.raises(ExpectationFailed, match="accounts 0-349 are lost"):
        office.assert_no_lost_accounts()


def test_on_a_jumping_clock_a_turned_away_call_takes_no_real_second(office: SuperOffice) -> None:
    before = office.clock.time()
    assert [sync(office, 507), sync(office, 508)] == [204, 204]
    assert outcomes(office) == ["started", "turned_away"]
    assert office.clock.time() - before == pytest.approx(1)
    assert office.requests[1].elapsed_real is not None
    assert office.requests[1].elapsed_real < 0.5


@pytest.mark.superoffice_mock(clock="freeze")
def test_on_a_frozen_clock_a_call_waits_until_the_test_advances_it(office: SuperOffice) -> None:
    clock = office.clock
    assert clock.name == "freeze"
    office.lease.hold()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(sync, office, 507)
        office.wait(count=1)
        events = clock.advance(0.999)
        assert not answer.done()
        events += clock.advance(1)
        assert answer.result(5) == 204
    assert [event.event for event in events] == ["answered"]
    assert events[0].outcome == "turned_away"
    assert clock.waiting == 0


def test_a_changed_clock_keeps_its_time_and_a_real_one_only_runs(office: SuperOffice) -> None:
    clock = office.clock
    clock.advance(3600)
    before = clock.now
    for change in (clock.freeze, clock.jump, clock.freeze):
        change()
        assert clock.now == before
    assert clock.name == "freeze"
    clock.real()
    assert clock.name == "real"
    with pytest.raises(ControlFailed, match="freeze or /_mock/clock/jump first"):
        clock.advance(1)


def test_a_lease_is_held_once_and_turns_calls_away_until_released(office: SuperOffice) -> None:
    office.lease.hold()
    assert office.lease.held
    with pytest.raises(ControlFailed, match=r"held by hand.*release it first"):
        office.lease.hold()
    sync(office, 507)
    office.lease.release()
    sync(office, 507)
    assert outcomes(office) == ["turned_away", "started"]


def test_assertions_look_at_the_traffic_so_far(office: SuperOffice) -> None:
    sync(office, 507)
    office.assert_started(accounts=[507])
    office.assert_turned_away(times=0)
    office.assert_no_lost_accounts()
    office.assert_no_violations()
    sync(office, 508, Foo=1)
    with pytest.raises(ExpectationFailed, match="no run covers account 508"):
        office.assert_started(accounts=[508])
    with pytest.raises(ExpectationFailed, match="1 call was turned away, expected 2"):
        office.assert_turned_away(times=2)
    with pytest.raises(ExpectationFailed, match="account 508 is lost"):
        office.assert_no_lost_accounts()
    with pytest.raises(ExpectationFailed, match=r"#2: .*Foo"):
        office.assert_no_violations()


def test_a_fault_fires_as_often_as_it_was_armed_for(office: SuperOffice) -> None:
    office.faults.arm(status=503, times=2, retry_after=3)
    assert [sync(office, 507) for _ in range(3)] == [503, 503, 204]
    (fault,) = office.faults.all
    assert (fault.fired, fault.armed, fault.effect) == (2, False, "status 503")
    assert office.requests[0].fault == fault.id


def test_a_connection_fault_breaks_the_connection_unless_it_is_cleared(office: SuperOffice) -> None:
    office.faults.arm(connection="reset-by-peer")
    office.faults.clear()
    assert office.faults.all == ()
    assert sync(office, 507) == 204
    office.faults.arm(connection="reset-by-peer")
    with pytest.raises(ConnectionError):
        sync(office, 507)
    assert outcomes(office) == ["started", "faulted"]


def test_a_fault_describes_its_effect(office: SuperOffice) -> None:
    office.faults.arm(expired_credential=True, every=2)
    office.faults.arm(delay=1.5, probability=0.5, seed=3)
    office.faults.arm(connection="stall", every=9)
    effects = [fault.effect for fault in office.faults.all]
    assert effects == ["expired credential", "delay of 1.5 s", "stall"]
    assert not any(fault.sure for fault in office.faults.all)


def test_a_wait_that_times_out_fails_and_shows_what_came_instead(office: SuperOffice) -> None:
    sync(office, 507)
    with pytest.raises(
        ExpectationFailed,
        match=r"(?s)^expected 2 requests with outcome started within 0\.01 s, got 1\n.*#1 .*507",
    ):
        office.wait("started", count=2, timeout=0.01)
    with pytest.raises(
        ExpectationFailed,
        match=r"^expected 1 request with outcome rejected within 0\.01 s, got 0\n",
    ):
        office.wait("rejected", timeout=0.01)


def test_assert_never_waits_for_the_given_time(office: SuperOffice) -> None:
    office.assert_never(within=0.01)
    sync(office, 507)
    office.assert_never("turned_away", within=0.01)
    office.assert_never("started", within=0.01)
    with pytest.raises(
        ExpectationFailed,
        match=r"^expected fewer than 1 request with outcome started within 5 s, got 1\n",
    ):
        office.assert_never("started", within=5, since=0)


def test_wait_and_assert_never_ignore_earlier_requests(office: SuperOffice) -> None:
    sync(office, 507)
    (first,) = office.wait()
    with pytest.raises(ExpectationFailed, match=r"^expected 1 request within 0\.01 s, got 0\n"):
        office.wait(since=first, timeout=0.01)
    later = threading.Timer(0.05, sync, (office, 508))
    later.start()
    with pytest.raises(
        ExpectationFailed, match=r"^expected fewer than 1 request within 10 s, got 1\n"
    ):
        office.assert_never(within=10)
    later.join()


def test_a_wait_that_ends_early_says_why(office: SuperOffice) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(office.wait, "started", timeout=30)
        while not waiting.done():
            office.reset()
        with pytest.raises(ExpectationFailed, match=r"within 30 s, got 0: .*reset"):
            waiting.result()


def test_an_account_that_was_not_synced_at_a_release_is_lost(office: SuperOffice) -> None:
    sync(office, 507)
    office.lease.release()
    with pytest.raises(ExpectationFailed, match="run 1 was released before it had synced it"):
        office.assert_started([507])
    with pytest.raises(ExpectationFailed, match="account 507 is lost"):
        office.assert_no_lost_accounts()


def test_a_number_that_json_does_not_have_is_an_error(office: SuperOffice) -> None:
    with pytest.raises(ControlFailed, match="delay = nan: expected a finite number"):
        office.faults.arm(delay=float("nan"))


def test_expired_credentials_and_an_ended_session_are_refused(office: SuperOffice) -> None:
    known = office.credentials
    assert known.ticket is not None
    ticket = {"Authorization": f"SOTicket {known.ticket}"}
    session = {"Cookie": f"ASP.NET_SessionId={known.session}", "X-XSRF-TOKEN": f"{known.xsrf}"}
    for headers in (ticket, session):
        assert send(office, {}, headers) == 204
    office.expire(ticket=known.ticket)
    office.end_session()
    for headers in (ticket, session):
        assert send(office, {}, headers) == 401


def test_a_reset_forgets_calls_holds_and_faults(office: SuperOffice) -> None:
    sync(office, 507)
    office.faults.arm(status=500)
    office.reset()
    assert (office.requests, office.runs, office.faults.all) == ((), (), ())
    assert not office.lease.held


@pytest.mark.superoffice_mock(installation="online")
def test_an_online_tenant_accepts_an_access_token_of_an_app_that_was_granted_the_agent(
    office: SuperOffice, superoffice_mock_server: MockServer
) -> None:
    assert office.credentials.headers["Authorization"].startswith("Bearer 8A:Cust")
    assert sync(office, 507) == 204
    with superoffice_mock_server.tenant(installation="online", granted=False) as other:
        assert sync(other, 507) == 401


@pytest.mark.superoffice_mock(readings={"run": "blocking"}, accounts={507: 2.5})
def test_a_marker_chooses_readings_and_durations(office: SuperOffice) -> None:
    before = office.clock.time()
    sync(office, 507)
    assert office.clock.time() - before == pytest.approx(2.5)


def test_credentials_do_not_show_in_a_traceback(office: SuperOffice) -> None:
    assert repr(office.credentials) == "Credentials(…)"


def test_tenants_of_one_server_are_independent_and_a_removed_one_is_gone(
    office: SuperOffice, superoffice_mock_server: MockServer
) -> None:
    with superoffice_mock_server.tenant() as first:
        first.lease.hold()
        first.faults.arm(status=500, every=1)
        first.clock.advance(3600)
        assert sync(office, 507) == 204
        assert outcomes(office) == ["started"]
        assert first.requests == ()
        assert first.clock.now - office.clock.now > timedelta(minutes=59)
    with pytest.raises(ControlFailed, match="is unknown"):
        _ = first.requests
    first.remove()


async def test_an_async_test_uses_the_same_handle(office: SuperOffice) -> None:
    import httpx2

    async with httpx2.AsyncClient(headers=office.credentials.headers) as client:
        path = "/api/v1/Agents/EMail/SyncEmailAccounts"
        response = await client.post(office.url + path, json={"SyncUserAccounts": []})
    assert response.status_code == 204
    assert outcomes(office) == ["served"]
