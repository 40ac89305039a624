"""The handle to a tenant: its traffic, its clock, its faults and its assertions."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from superoffice_contract.verdict.losses import NEVER
from superoffice_mock import ExpectationFailed, MockServer, SuperOffice
from superoffice_mock.errors import ControlFailed
from tests.mock.testing.partner import outcomes, request, send, sync


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


@pytest.mark.superoffice_mock(expect_lost=range(350))
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


@pytest.mark.superoffice_mock(expect_lost=[508])
def test_on_a_jumping_clock_a_turned_away_call_takes_no_real_second(office: SuperOffice) -> None:
    before = office.clock.time()
    assert [sync(office, 507), sync(office, 508)] == [204, 204]
    assert outcomes(office) == ["started", "turned_away"]
    assert office.clock.time() - before == pytest.approx(1)
    assert office.requests[1].elapsed_real is not None
    assert office.requests[1].elapsed_real < 0.5


@pytest.mark.superoffice_mock(clock="freeze", expect_lost=[507])
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


@pytest.mark.superoffice_mock(expect_lost=[508])
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


@pytest.mark.superoffice_mock(expect_lost=[508])
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


@pytest.mark.superoffice_mock(expect_lost=[507])
def test_an_account_that_was_not_synced_at_a_release_is_lost(office: SuperOffice) -> None:
    sync(office, 507)
    office.lease.release()
    with pytest.raises(ExpectationFailed, match="run 1 was released before it had synced it"):
        office.assert_started([507])
    with pytest.raises(ExpectationFailed, match="account 507 is lost"):
        office.assert_no_lost_accounts()


FAILING = {"id": 507, "fails": "The mailbox is full.", "last_fetch": 60}


@pytest.mark.superoffice_mock(accounts=[FAILING, {"id": 508}, {"id": 509}], due_after=30)
@pytest.mark.claim("last-fetch", "never-fetched", "ready-list")
def test_the_accounts_are_typed_values_and_are_what_the_api_shows(office: SuperOffice) -> None:
    office.clock.freeze()
    start = office.clock.now
    sync(office, 507, 508)
    office.clock.advance(6)
    failed, fetched, never = office.accounts
    assert (failed.id, failed.status, failed.error_count) == (507, "Failing", 1)
    assert failed.error_reason == "The mailbox is full."
    assert failed.last_fetch == start - timedelta(seconds=60)
    assert failed.synced_at == fetched.synced_at == fetched.last_fetch
    assert fetched.last_fetch == start + timedelta(seconds=5)
    assert (never.last_fetch, never.status, never.synced_by) == (None, "Unknown", None)
    assert [account.due for account in office.accounts] == [True, False, True]
    _, due = request(office, "GetReadySyncEmailAccounts", None)
    assert [item["AccountId"] for item in due] == [507, 509]
    for account in office.accounts:
        _, shown = request(office, f"GetEMailAccount?eMailAccountId={account.id}", None)
        names = ("AccountStatus", "ErrorCount", "ErrorReason", "EMailAddress")
        assert [shown[name] for name in names] == [
            account.status_number,
            account.error_count,
            account.error_reason,
            account.address,
        ]
        if account.last_fetch is not None:
            assert shown["LastFetch"].endswith("Z")
            difference = account.last_fetch - datetime.fromisoformat(shown["LastFetch"])
            assert timedelta(0) <= difference < timedelta(milliseconds=1)
        else:
            assert shown["LastFetch"] == NEVER


@pytest.mark.superoffice_mock(accounts=[FAILING, {"id": 508}], state="suspended")
@pytest.mark.claim("tenant-stopped")
def test_the_state_is_that_of_the_marker_until_a_test_changes_it(office: SuperOffice) -> None:
    assert office.state == "suspended"
    assert sync(office, 507) == 503
    office.set_state("running")
    assert (office.state, sync(office, 507)) == ("running", 204)
    with pytest.raises(ControlFailed, match=r"unknown state 'suspendet'; did you mean 'suspended'"):
        office.set_state("suspendet")
    office.reset()
    assert office.state == "suspended"
    assert [account.synced_by for account in office.accounts] == [None, None]


@pytest.mark.superoffice_mock(accounts=[FAILING, {"id": 508}], clock="freeze")
@pytest.mark.claim("single-sync", "single-sync-no-throttle")
def test_a_failed_sync_and_a_single_sync_count_as_covered(office: SuperOffice) -> None:
    with ThreadPoolExecutor(1) as pool:
        sync(office, 507)
        turned_away = pool.submit(sync, office, 508, 507)
        office.wait(count=2)
        office.clock.advance(1)
        assert turned_away.result(5) == 204
        with pytest.raises(ExpectationFailed) as raised:
            office.assert_no_lost_accounts()
        assert str(raised.value).splitlines()[:3] == [
            "accounts 507, 508 are lost: answered 204, and no run covers them",
            f"account 507: its LastFetch stayed at {fetch_of(office, 507)}",
            f"account 508: its LastFetch stayed at {NEVER} (never)",
        ]
    for account in (507, 508):
        body = {"SyncUserAccount": {"AccountId": account}}
        assert request(office, "SyncEmailAccount", body) == (204, None)
    office.assert_no_lost_accounts()
    office.assert_started([507, 508])
    office.clock.advance(60)
    assert [account.synced_by for account in office.accounts] == [2, 3]
    office.assert_no_lost_accounts()


def fetch_of(office: SuperOffice, account: int) -> str:
    """Return LastFetch of *account*, as the API shows it."""
    _, shown = request(office, f"GetEMailAccount?eMailAccountId={account}", None)
    return str(shown["LastFetch"])


def test_a_journal_of_one_exchange_changes_no_assertion_about_accounts_that_were_synced() -> None:
    with MockServer(journal_exchanges=1) as server, server.tenant(clock="freeze") as office:
        for accounts in ([507, 508], [509, 510]):
            sync(office, *accounts)
            office.clock.advance(5)
        sync(office, 511, 512)
        office.clock.advance(4)
        office.lease.release()
        sync(office, 513)
        office.assert_started([507, 508, 509, 510, 513])
        with pytest.raises(ExpectationFailed, match="no run covers accounts 511, 512"):
            office.assert_started([513, 511, 512])
        with pytest.raises(ExpectationFailed, match="is not known yet\nnot known: 3 requests"):
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


@pytest.mark.superoffice_mock(strict=["lost"])  # a fault is armed that never fires
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
