"""Grading by the journal of a running mock, on a clock that jumps."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from superoffice_contract.errors import TargetError, TrafficError
from superoffice_contract.grading import grade, journal_client
from superoffice_contract.report import Report
from tests.contract.grading.builders import body_of, failures_of, only_finding, result_of
from tests.e2e import raw_http
from tests.e2e.raw_http import wait_until
from tests.support.local_servers import QuietHandler, serve_in_thread
from tests.support.server_process import BASIC, PATH, ServerProcess, run_server

CUSTOMER = "Cust12345"
TOKEN = "Bearer 8A:Cust12345.demo-token"


def post(
    server: ServerProcess,
    *accounts: int,
    path: str = PATH,
    text: str | None = None,
    authorization: str = BASIC,
    media_type: str = "application/json",
    method: str = "POST",
) -> int:
    headers = {"Authorization": authorization, "Content-Type": media_type}
    body = (body_of(*accounts) if text is None else text).encode()
    request = Request(server.url + path, body, headers, method=method)
    try:
        with urlopen(request, timeout=10) as response:
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code


def grade_journal(server: ServerProcess, *tenants: str) -> Report:
    return grade.grade_journal(server.url, tenants or ("onsite",))


@pytest.fixture(autouse=True)
def jumping_clocks(server: ServerProcess) -> None:
    for tenant in ("onsite", CUSTOMER):
        server.control("POST", f"clock/jump?tenant={tenant}")


def advance(server: ServerProcess, seconds: float, tenant: str = "onsite") -> None:
    server.control("POST", f"clock/advance?tenant={tenant}", {"seconds": seconds})


def test_a_lost_account_is_certain(server: ServerProcess) -> None:
    for accounts, message in (
        ((507, 508), "accounts 507, 508 lost: answered 204, and no run of this or"),
        (range(150), "accounts 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 140 more lost"),
    ):
        server.control("POST", "reset")
        server.control("POST", "lease/hold")
        post(server, *accounts)
        finding = only_finding(grade_journal(server), "lost-accounts")
        assert finding.where.startswith("request ")
        assert finding.what.startswith(message)


def post_and_disconnect(server: ServerProcess) -> None:
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    request = Request(server.url + PATH, body_of(507).encode(), headers, method="POST")
    with pytest.raises(TimeoutError):
        urlopen(request, timeout=0.2)


def test_an_account_that_is_sent_again_on_a_free_lease_is_not_lost(server: ServerProcess) -> None:
    server.control("POST", "lease/hold")
    post(server, 507)
    server.control("POST", "lease/release")
    advance(server, 5)
    post(server, 508, 507)
    report = grade_journal(server)
    assert (failures_of(report), report.exit_code) == ({}, 0)
    assert ("turned away", "1") in report.facts


def test_an_immediate_retry_and_the_lost_account_are_found(server: ServerProcess) -> None:
    server.control("POST", "lease/hold")
    post(server, 507)
    post(server, 507)
    failures = failures_of(grade_journal(server))
    assert list(failures) == ["tight-retry", "lost-accounts"]
    assert "came 0.00 s after request" in failures["tight-retry"][0]
    assert "was turned away; wait until" in failures["tight-retry"][0]


def test_a_capture_shows_the_disconnects_that_the_journal_shows(
    server: ServerProcess, tmp_path: Path
) -> None:
    """They are early within a second, and unknown where a fault kept the client waiting."""
    path = tmp_path / "a.har"
    whole = raw_http.request(body_of(507).encode())
    for sent, waits, fault, expected in (
        (whole, 0.0, None, ["gave-up", "lost-accounts"]),
        (whole, 0.9, None, ["gave-up", "lost-accounts"]),
        (whole[:-5], 0.0, None, ["gave-up"]),
        (whole, 1.5, {"delay": 3}, ["lost-accounts"]),
        (whole, 0.5, {"delay": 3}, ["gave-up", "lost-accounts"]),
        (whole, 0.0, {"connection": "stall"}, []),
    ):
        server.control("POST", "reset")
        server.control("POST", "clock/freeze")
        server.control("POST", "recordings/start")
        server.control("POST", "lease/hold")
        if fault is not None:
            server.control("POST", "faults", fault)
        with socket.create_connection(server.address) as connection:
            connection.sendall(sent)
            wait_until(lambda: bool(server.exchanges()), "the call arrives")
            advance(server, waits)
        wait_until(lambda: bool(server.exchanges()[0]["hung_up"]), "the client is gone")
        advance(server, 9)
        wait_until(lambda: server.exchanges()[0]["elapsed"] is not None, "the call has ended")
        path.write_text(json.dumps(server.control("POST", "recordings/stop")))
        in_capture = failures_of(grade.grade_har(str(path)))
        assert ("gave-up" in in_capture) is ("gave-up" in expected), (waits, fault)
        failures = failures_of(grade_journal(server))
        assert list(failures) == expected, (waits, fault)
        for what in failures.get("gave-up", ()):
            assert what.startswith("the client disconnected within a second; a call that")


def test_a_disconnect_on_a_real_clock_is_found(server: ServerProcess) -> None:
    server.control("POST", "clock/real")
    server.control("POST", "lease/hold")
    post_and_disconnect(server)
    wait_until(lambda: server.exchanges()[0]["outcome"] != "pending", "the call is answered")
    assert list(failures_of(grade_journal(server))) == ["gave-up", "lost-accounts"]


def test_a_pending_call_is_not_judged(server: ServerProcess) -> None:
    server.control("POST", "clock/freeze")
    server.control("POST", "lease/hold")
    post_and_disconnect(server)
    report = grade_journal(server)
    assert result_of(report, "body").status == "skipped"
    assert "lost-accounts" not in failures_of(report)


def test_a_rejected_call_is_found_by_the_check_for_its_status(server: ServerProcess) -> None:
    allowed = "PUT is not allowed; send one of GET, HEAD, OPTIONS, POST"
    calls: tuple[tuple[int, str, dict[str, str], str], ...] = (
        (401, "credentials", {"authorization": "Bearer 8A:x"}, "Bearer is not accepted onsite"),
        (415, "media-type", {"media_type": "text/plain"}, "'text/plain' is not one of"),
        (400, "body", {"text": '{"SyncUserAccounts":[{"AccountId":"7"}]}'}, "expected an integer"),
        (405, "address", {"method": "PUT"}, allowed),
        (404, "address", {"path": f"/api/v1{PATH}"}, "/api/v1 occurs twice"),
    )
    for status, check, arguments, reason in calls:
        server.control("POST", "reset")
        assert post(server, 507, **arguments) == status
        assert reason in only_finding(grade_journal(server), check).what, status


def test_an_app_without_the_grant_is_found(server: ServerProcess) -> None:
    path = f"/Cust54321{PATH}"
    post(server, 507, path=path, authorization="Bearer 8A:Cust54321.demo-token")
    finding = only_finding(grade_journal(server, "Cust54321"), "credentials")
    assert "was not granted the EMail agent" in finding.what


def test_undocumented_names_are_found(server: ServerProcess) -> None:
    post(server, text='{"SyncUserAccounts":[],"Odd":1}', path=f"{PATH}?top=1")
    failures = failures_of(grade_journal(server))
    assert list(failures) == ["undocumented-members"]
    assert [what.split(":")[0] for what in failures["undocumented-members"]] == ["?top", "/Odd"]


def test_tenants_are_judged_separately(server: ServerProcess) -> None:
    server.control("POST", f"lease/hold?tenant={CUSTOMER}")
    post(server, 507)
    post(server, 507, path=f"/{CUSTOMER}{PATH}", authorization=TOKEN)
    assert failures_of(grade_journal(server)) == {}
    report = grade_journal(server, "onsite", CUSTOMER, CUSTOMER)
    assert f"of {CUSTOMER} " in only_finding(report, "lost-accounts").where
    assert ("calls", "2") in report.facts


def test_a_call_to_an_unknown_tenant_is_found(server: ServerProcess) -> None:
    assert post(server, 507, path=f"/Cust99999{PATH}") == 404
    finding = only_finding(grade_journal(server), "address")
    assert "of no tenant " in finding.where
    assert "'Cust99999' is not known here" in finding.what


def test_forgotten_exchanges_are_counted() -> None:
    with run_server("--log", "off", "--journal-exchanges", "2") as server:
        for _ in range(3):
            post(server, 507, authorization="Basic eDp4")
        report = grade_journal(server)
    assert ("forgotten exchanges", "1") in report.facts


def test_a_journal_without_a_call_is_an_error(server: ServerProcess) -> None:
    with pytest.raises(TrafficError, match="no call of the EMail agent in the journal of onsite"):
        grade_journal(server)


def test_the_error_for_an_unknown_tenant_names_the_known_ones(server: ServerProcess) -> None:
    with pytest.raises(TrafficError, match=r"answered 404: .*the tenants are: onsite, .*--tenant$"):
        grade_journal(server, "Cust1&tenant=onsite")


def test_a_recording_gives_the_advice_that_a_journal_cant(
    server: ServerProcess, tmp_path: Path
) -> None:
    agent = PATH.removesuffix("SyncEmailAccounts")
    server.control("POST", "recordings/start")
    assert post(server, path=f"{agent}GetReadySyncEmailAccounts", text="null") == 200
    post(server, 99)
    har = tmp_path / "recording.har"
    har.write_text(json.dumps(server.control("POST", "recordings/stop")))
    notes = result_of(grade.grade_har(f"{har}"), "not-due").notes
    assert [note.what.partition(",")[0] for note in notes] == ["account 99 was not due"], notes


def test_without_a_tenant_the_default_one_of_the_mock_is_graded(tmp_path: Path) -> None:
    config = tmp_path / "mock.toml"
    config.write_text(
        '[[tenant]]\nid = "crm"\ninstallation = "onsite"\n'
        'users = [{name = "tie0", password = "Rje0"}]\n'
    )
    with run_server("--log", "off", "--config", f"{config}") as server:
        post(server, 507, path=f"/crm{PATH}")
        assert grade.grade_journal(server.url, ()).subject == "the journal of crm"


def test_a_control_token_is_required_and_sent() -> None:
    with run_server("--log", "off", "--control-token", "t0p-secret") as server:
        with pytest.raises(TrafficError, match="answered 401"):
            grade_journal(server)
        with pytest.raises(TrafficError, match="no call of the EMail agent"):
            grade.grade_journal(server.url, ("onsite",), "t0p-secret")


@contextmanager
def other_server(status: int, content: bytes, **headers: str) -> Iterator[str]:
    """Run a server that gives the same answer to every GET."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    with serve_in_thread(HTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


def journal_of(*exchanges: Mapping[str, object]) -> bytes:
    """Return a journal with *exchanges*, two seconds apart, and no runs."""
    common: dict[str, object] = {"tenant": "onsite", "method": "POST", "path": PATH, "run": None}
    common |= {"elapsed": 0.1, "hung_up": False, "reason": None, "violations": []}
    common |= {"accounts": [{"AccountId": 507}], "operation": "SyncEmailAccounts"}
    requests = [
        {"id": index, "at": f"2026-11-20T08:00:{2 * index:02}Z"} | common | dict(exchange)
        for index, exchange in enumerate(exchanges, 1)
    ]
    return json.dumps({"requests": requests, "forgotten": 0, "runs": []}).encode()


def grade_exchanges(*exchanges: Mapping[str, object]) -> Report:
    with other_server(200, journal_of(*exchanges)) as url:
        return grade.grade_journal(url, ("onsite",))


def test_an_armed_or_recorded_answer_is_not_a_violation() -> None:
    for outcome in ("faulted", "replayed"):
        for status in (None, 204, 400, 401, 403, 429, 500, 503):
            report = grade_exchanges({"outcome": outcome, "status": status})
            assert failures_of(report) == {}, (outcome, status)
            assert result_of(report, "answers").status in ("passed", "skipped"), status


def test_armed_faults_of_the_mock_are_not_violations(server: ServerProcess) -> None:
    effects = ({"status": 429}, {"expired_credential": True}, {"status": 503})
    server.control("PUT", "faults", {"faults": effects})
    assert [post(server, 507) for _ in effects] == [429, 401, 503]
    assert [exchange["outcome"] for exchange in server.exchanges()] == ["faulted"] * 3
    assert failures_of(grade_journal(server)) == {}


def test_a_disconnect_is_early_within_a_second_whenever_the_answer_was_due() -> None:
    for outcome, after, is_early in (
        ("turned_away", 0.0, True),
        ("turned_away", 0.999, True),
        ("turned_away", 1.0, False),
        ("started", 0.4, True),
        ("started", 3.0, False),
        ("faulted", 0.0, False),  # the fault may have closed the connection
    ):
        exchange = {"outcome": outcome, "status": 204, "hung_up": True, "hung_up_after": after}
        found = failures_of(grade_exchanges(exchange | {"elapsed": 5.0}))
        assert ("gave-up" in found) is is_early, (outcome, after)


def test_a_later_fault_does_not_cover_a_lost_account() -> None:
    turned_away = {"outcome": "turned_away", "status": 204}
    report = grade_exchanges(turned_away, {"outcome": "faulted", "status": 503})
    finding = only_finding(report, "lost-accounts")
    assert finding.where.startswith("request 1 ")


def test_a_replayed_call_counts_as_it_was_recorded() -> None:
    for outcome, confidence, expected in (
        ("started", "high", None),
        ("turned_away", "high", "account 507 possibly lost (high confidence"),
        ("turned_away", "certain", "account 507 lost: "),
        ("unknown", None, None),
    ):
        recorded = {"outcome": outcome, "confidence": confidence}
        exchange = {"outcome": "replayed", "status": 204, "recorded": recorded}
        failures = failures_of(grade_exchanges(exchange))
        assert list(failures) == (["lost-accounts"] if expected else []), outcome
        assert expected is None or failures["lost-accounts"][0].startswith(expected), outcome


def test_a_fault_does_not_hide_a_violation() -> None:
    twice = [{"AccountId": 507}, {"AccountId": 507}]
    report = grade_exchanges({"outcome": "faulted", "status": 429, "accounts": twice})
    only_finding(report, "duplicate-account")


OTHER_SERVERS = {
    "a page": (200, b"<html>", "is not the journal of a superoffice-mock"),
    "other JSON": (200, b'{"requests": 1}', "is not the journal of a superoffice-mock"),
    "no text": (200, b'{"requests": "\xff"}', "is not the journal of a superoffice-mock"),
    "an error": (500, b"<html>", "answered 500; this is not the journal of a superoffice-mock"),
    "a list": (404, b"[]", "answered 404"),
}


def test_a_server_that_is_not_a_mock_is_an_error() -> None:
    for status, content, message in OTHER_SERVERS.values():
        with other_server(status, content) as url, pytest.raises(TrafficError, match=message):
            journal_client.load_calls(url, ("onsite",))


def test_a_redirect_is_not_followed() -> None:
    with (
        other_server(200, journal_of()) as target,
        other_server(302, b"", Location=target) as url,
        pytest.raises(TrafficError, match="answered 302"),
    ):
        journal_client.load_calls(url, ("onsite",), "token")


def test_a_closed_port_is_an_error() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(TrafficError, match="no answer: connection refused; is it running"):
            journal_client.load_calls(url, ("onsite",))


def test_an_invalid_url_is_an_error_that_does_not_repeat_it() -> None:
    urls = ["127.0.0.1:8204", "file:///etc/hosts", "http://", "http://a:b@x", "http://[", "ftp://x"]
    for url in urls:
        with pytest.raises(TargetError, match="expected a base URL such as") as error:
            journal_client.load_calls(url, ("onsite",))
        assert "a:b" not in str(error.value), url


def test_an_ipv6_address_keeps_its_brackets() -> None:
    with pytest.raises(TrafficError, match=r"http://\[::1\]:1/x/_mock/requests"):
        journal_client.load_calls("http://[::1]:1/x/", ("onsite",))


def test_a_journal_shows_a_sync_at_once_and_whether_the_client_looked(
    server: ServerProcess,
) -> None:
    agent = PATH.removesuffix("SyncEmailAccounts")
    post(server, 507)
    post(server, 508)
    report = grade_journal(server)
    assert list(failures_of(report)) == ["lost-accounts"]
    (note,) = report.notes
    assert note.what.startswith("no later call looks at LastFetch; ")
    one = json.dumps({"SyncUserAccount": {"AccountId": 508}})
    assert post(server, path=f"{agent}SyncEmailAccount", text=one) == 204
    look = f"{agent}GetEMailAccount?EMailAccountId=508"
    assert post(server, path=look, text="null") == 200
    report = grade_journal(server)
    assert (failures_of(report), list(report.notes)) == ({}, [])
    reasons = [result.reason for result in report.results if result.status == "skipped"]
    advice = "grade a HAR, or the recording of POST /_mock/recordings/stop"
    assert reasons == [f"a journal keeps no answers and no whole requests; {advice}"] * 3
