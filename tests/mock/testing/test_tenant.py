"""The handle: a tenant of the test's own, its truth and its time, over HTTP."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from superoffice_mock import ExpectationFailed, MockServer, SuperOffice
from superoffice_mock.errors import ControlFailed
from tests.mock.testing.partner import outcomes, send, sync


def test_a_call_is_in_the_journal_as_a_typed_value(superoffice_mock: SuperOffice) -> None:
    assert sync(superoffice_mock, 507, 508) == 204
    (told,) = superoffice_mock.requests
    assert (told.outcome, told.status, told.run) == ("started", 204, 1)
    assert told.account_ids == (507, 508)
    assert told.principal is not None
    assert told.principal.user == superoffice_mock.credentials.user
    assert superoffice_mock.request(told.id).body.startswith('{"SyncUserAccounts"')


def test_a_run_tells_its_tasks_and_when_they_end(superoffice_mock: SuperOffice) -> None:
    sync(superoffice_mock, 507, 508)
    (run,) = superoffice_mock.runs
    assert (run.id, run.request, run.state, run.accounts) == (1, 1, "running", (507, 508))
    assert [[step.account for step in task] for task in run.tasks] == [[507], [508]]
    assert run.ends_at - run.started_at == timedelta(seconds=5)


def test_a_turned_away_call_costs_no_real_second_on_a_clock_that_jumps(
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
    assert [one.event for one in events] == ["answered"]
    assert events[0].outcome == "turned_away"
    assert clock.waiting == 0


def test_advancing_until_idle_ends_the_run_and_tells_in_order_what_happened(
    superoffice_mock: SuperOffice,
) -> None:
    sync(superoffice_mock, 507)
    events = superoffice_mock.clock.advance_until_idle()
    assert [one.event for one in events] == ["task-ended", "run-ended"]
    assert superoffice_mock.lease.held is False


def test_a_clock_is_exchanged_and_goes_on_from_where_it_stands(
    superoffice_mock: SuperOffice,
) -> None:
    clock = superoffice_mock.clock
    clock.advance(3600)
    before = clock.now
    for exchange in (clock.freeze, clock.jump, clock.freeze):
        exchange()
        assert clock.now == before
    assert clock.name == "freeze"


def test_a_clock_that_runs_in_real_time_cannot_be_advanced(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.clock.real()
    assert superoffice_mock.clock.name == "real"
    with pytest.raises(ControlFailed, match="freeze first"):
        superoffice_mock.clock.advance(1)


def test_a_held_lease_turns_callers_away_until_it_is_released(
    superoffice_mock: SuperOffice,
) -> None:
    superoffice_mock.lease.hold()
    assert superoffice_mock.lease.held
    sync(superoffice_mock, 507)
    superoffice_mock.lease.release()
    sync(superoffice_mock, 507)
    assert outcomes(superoffice_mock) == ["turned_away", "started"]


def test_assertions_look_at_what_happened_so_far(superoffice_mock: SuperOffice) -> None:
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


def test_what_cannot_be_done_says_why(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.lease.hold()
    with pytest.raises(ControlFailed, match=r"held by hand.*release it first"):
        superoffice_mock.lease.hold()


def test_an_armed_fault_strikes_as_often_as_it_was_armed_for(
    superoffice_mock: SuperOffice,
) -> None:
    superoffice_mock.faults.arm(status=503, times=2, retry_after=3)
    assert [sync(superoffice_mock, 507) for _ in range(3)] == [503, 503, 204]
    (fault,) = superoffice_mock.faults.all
    assert (fault.fired, fault.armed, fault.effect) == (2, False, "status 503")
    assert superoffice_mock.requests[0].fault == fault.id


def test_cleared_faults_strike_nobody(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.faults.arm(connection="reset-by-peer")
    superoffice_mock.faults.clear()
    assert superoffice_mock.faults.all == ()
    assert sync(superoffice_mock, 507) == 204


def test_a_broken_connection_is_one_on_the_socket(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.faults.arm(connection="reset-by-peer")
    with pytest.raises(ConnectionError):
        sync(superoffice_mock, 507)
    assert outcomes(superoffice_mock) == ["faulted"]


def test_effects_of_faults_are_told_in_words(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.faults.arm(expired_credential=True, every=2)
    superoffice_mock.faults.arm(delay=1.5, probability=0.5, seed=3)
    superoffice_mock.faults.arm(connection="stall", every=9)
    told = [fault.effect for fault in superoffice_mock.faults.all]
    assert told == ["expired credential", "delay of 1.5 s", "stall"]
    assert not any(fault.sure for fault in superoffice_mock.faults.all)


def test_waiting_ends_as_soon_as_the_app_has_called(superoffice_mock: SuperOffice) -> None:
    later = threading.Timer(0.05, sync, (superoffice_mock, 507))
    later.start()
    (found,) = superoffice_mock.wait("started", count=1, timeout=10)
    assert found.account_ids == (507,)
    later.join()


def test_waiting_in_vain_fails_and_shows_what_came_instead(superoffice_mock: SuperOffice) -> None:
    sync(superoffice_mock, 507)
    with pytest.raises(ExpectationFailed, match=r"(?s)waited for 2 requests started.*#1 .*507"):
        superoffice_mock.wait("started", count=2, timeout=0.01)
    with pytest.raises(ExpectationFailed, match="waited for 1 request rejected"):
        superoffice_mock.wait("rejected", timeout=0.01)


def test_never_is_checked_for_as_long_as_is_asked(superoffice_mock: SuperOffice) -> None:
    superoffice_mock.assert_never(within=0.01)
    sync(superoffice_mock, 507)
    superoffice_mock.assert_never("turned_away", within=0.01)
    superoffice_mock.assert_never("started", within=0.01)
    with pytest.raises(ExpectationFailed, match="fewer than 1 request started in vain: 1 came"):
        superoffice_mock.assert_never("started", within=5, since=0)


def test_waiting_looks_only_at_what_came_since(superoffice_mock: SuperOffice) -> None:
    sync(superoffice_mock, 507)
    (first,) = superoffice_mock.wait()
    with pytest.raises(ExpectationFailed, match="waited for 1 request in vain"):
        superoffice_mock.wait(since=first, timeout=0.01)
    later = threading.Timer(0.05, sync, (superoffice_mock, 508))
    later.start()
    with pytest.raises(ExpectationFailed, match="in vain: 1 came"):
        superoffice_mock.assert_never(within=10)
    later.join()


def test_an_account_whose_sync_was_cut_short_is_not_covered(superoffice_mock: SuperOffice) -> None:
    sync(superoffice_mock, 507)
    superoffice_mock.lease.release()
    with pytest.raises(ExpectationFailed, match="run 1 was released before it had synced it"):
        superoffice_mock.assert_started([507])
    with pytest.raises(ExpectationFailed, match="account 507 is lost"):
        superoffice_mock.assert_no_lost_accounts()


def test_what_is_no_number_is_not_sent(superoffice_mock: SuperOffice) -> None:
    with pytest.raises(ControlFailed, match="delay = nan: expected a finite number"):
        superoffice_mock.faults.arm(delay=float("nan"))


def test_expired_credentials_let_nobody_in(superoffice_mock: SuperOffice) -> None:
    ticket = superoffice_mock.credentials.ticket
    assert ticket is not None
    headers = {"Authorization": f"SOTicket {ticket}"}
    assert send(superoffice_mock, {}, headers) == 204
    superoffice_mock.expire(ticket=ticket)
    assert send(superoffice_mock, {}, headers) == 401


def test_an_ended_session_lets_nobody_in(superoffice_mock: SuperOffice) -> None:
    known = superoffice_mock.credentials
    headers = {"Cookie": f"ASP.NET_SessionId={known.session}", "X-XSRF-TOKEN": f"{known.xsrf}"}
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
def test_an_online_tenant_lets_a_bearer_in(superoffice_mock: SuperOffice) -> None:
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
def two(superoffice_mock_server: MockServer) -> Iterator[tuple[SuperOffice, SuperOffice]]:
    """Two tenants of one server."""
    with superoffice_mock_server.tenant() as one, superoffice_mock_server.tenant() as other:
        yield one, other


def test_tenants_of_one_server_never_see_each_other(two: tuple[SuperOffice, SuperOffice]) -> None:
    one, other = two
    one.lease.hold()
    one.faults.arm(status=500, every=1)
    one.clock.advance(3600)
    assert sync(other, 507) == 204
    assert outcomes(other) == ["started"]
    assert one.requests == ()
    assert one.clock.now - other.clock.now > timedelta(minutes=59)


def test_a_removed_tenant_is_gone(superoffice_mock_server: MockServer) -> None:
    with superoffice_mock_server.tenant() as office:
        pass
    with pytest.raises(ControlFailed, match="not known"):
        _ = office.requests
    office.remove()


async def test_an_async_test_uses_the_same_handle(superoffice_mock: SuperOffice) -> None:
    import httpx2

    async with httpx2.AsyncClient(headers=superoffice_mock.credentials.headers) as client:
        path = "/api/v1/Agents/EMail/SyncEmailAccounts"
        answer = await client.post(superoffice_mock.url + path, json={"SyncUserAccounts": []})
    assert answer.status_code == 204
    assert outcomes(superoffice_mock) == ["served"]
