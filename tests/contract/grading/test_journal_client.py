"""The journal of a running mock: what only it knows, graded with nothing to wait for."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from superoffice_contract.errors import TrafficError
from superoffice_contract.grading import grade as grading_grade
from superoffice_contract.grading import journal_client
from superoffice_contract.report import Report
from tests.contract.grading.builders import body, failed, only, result
from tests.support.server_process import BASIC, PATH, Running, serving

CUSTOMER = "Cust12345"
TOKEN = "Bearer 8A:Cust12345.demo-token"


def post(
    server: Running,
    *accounts: int,
    path: str = PATH,
    sent: str | None = None,
    authorization: str = BASIC,
    media_type: str = "application/json",
    method: str = "POST",
) -> int:
    headers = {"Authorization": authorization, "Content-Type": media_type}
    raw = (body(*accounts) if sent is None else sent).encode()
    request = Request(server.url + path, raw, headers, method=method)
    try:
        with urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def grade(server: Running, *tenants: str) -> Report:
    return grading_grade.grade_journal(server.url, tenants or ("onsite",))


@pytest.fixture(autouse=True)
def jumping(server: Running) -> None:
    """No second is waited for."""
    for tenant in ("onsite", CUSTOMER):
        server.control("POST", f"clock/jump?tenant={tenant}")


def advance(server: Running, seconds: float, tenant: str = "onsite") -> None:
    server.control("POST", f"clock/advance?tenant={tenant}", {"seconds": seconds})


def test_a_lost_account_is_found_and_certain(server: Running) -> None:
    server.control("POST", "lease/hold")
    post(server, 507, 508)
    finding = only(grade(server), "lost-accounts")
    assert finding.where.startswith("request ")
    assert finding.what.startswith("account 507, 508 lost: answered 204, and no run of this or")


def test_an_account_that_is_sent_again_when_the_lease_is_free_is_not_lost(server: Running) -> None:
    server.control("POST", "lease/hold")
    post(server, 507)
    server.control("POST", "lease/release")
    advance(server, 5)
    post(server, 508, 507)
    report = grade(server)
    assert (failed(report), report.exit_code) == ({}, 0)
    assert ("turned away", "1") in report.facts


def test_a_retry_at_once_is_found_and_so_is_the_loss(server: Running) -> None:
    server.control("POST", "lease/hold")
    post(server, 507)
    post(server, 507)
    found = failed(grade(server))
    assert list(found) == ["tight-retry", "lost-accounts"]
    assert "came 0.00 s after request" in found["tight-retry"][0]
    assert "was turned away; wait until" in found["tight-retry"][0]


def test_accounts_that_a_run_does_not_reach_are_lost() -> None:
    with serving("--log", "off", "--reading", "tasks=ten-in-all") as server:
        post(server, *range(1, 13))
        what = only(grade(server), "lost-accounts").what
    assert what.startswith("account 11, 12 lost")


def test_a_caller_that_hung_up_within_its_second_is_found(server: Running) -> None:
    server.control("POST", "clock/freeze")
    server.control("POST", "lease/hold")
    with pytest.raises(TimeoutError):
        urlopen(_request(server, 507), timeout=0.2)
    while not server.exchanges()[0]["hung_up"]:
        server.control("GET", "clock")
    advance(server, 1)
    found = failed(grade(server))
    assert list(found) == ["gave-up", "lost-accounts"]
    assert found["gave-up"][0].startswith("the caller gave up within a second; one that is")


def test_a_caller_that_hung_up_before_its_body_was_complete_is_found(server: Running) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {BASIC}\r\nContent-Length: 9\r\n\r\n"
    with socket.create_connection(server.address) as connection:
        connection.sendall(f"{head}{{".encode())
        while not server.exchanges():
            server.control("GET", "clock")
    while not server.exchanges()[0]["hung_up"]:
        server.control("GET", "clock")
    assert list(failed(grade(server))) == ["gave-up"]


def _request(server: Running, *accounts: int) -> Request:
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    return Request(server.url + PATH, body(*accounts).encode(), headers, method="POST")


def test_a_call_that_is_still_waiting_is_not_judged(server: Running) -> None:
    server.control("POST", "clock/freeze")
    server.control("POST", "lease/hold")
    with pytest.raises(TimeoutError):
        urlopen(_request(server, 507), timeout=0.1)
    report = grade(server)
    assert result(report, "body").status == "skipped"
    assert "lost-accounts" not in failed(report)


REFUSED: dict[int, tuple[str, dict[str, str], str]] = {
    401: ("credentials", {"authorization": "Bearer 8A:x"}, "Bearer is not accepted onsite"),
    415: ("media-type", {"media_type": "text/plain"}, "'text/plain' is not one of"),
    400: ("body", {"sent": '{"SyncUserAccounts":[{"AccountId":"7"}]}'}, "expected an integer"),
    405: ("address", {"method": "PUT"}, "PUT is not allowed; send one of GET, HEAD, OPTIONS, POST"),
    404: ("address", {"path": f"/api/v1{PATH}"}, "/api/v1 stands twice"),
}


@pytest.mark.parametrize("status", REFUSED)
def test_what_the_mock_refused_is_found_by_the_check_for_it(server: Running, status: int) -> None:
    check, asked, said = REFUSED[status]
    assert post(server, 507, **asked) == status
    assert said in only(grade(server), check).what


def test_an_app_without_the_grant_is_found(server: Running) -> None:
    path = f"/Cust54321{PATH}"
    post(server, 507, path=path, authorization="Bearer 8A:Cust54321.demo-token")
    assert "was not granted the EMail agent" in only(grade(server, "Cust54321"), "credentials").what


def test_undocumented_names_are_found_and_lose_no_account(server: Running) -> None:
    post(server, sent='{"SyncUserAccounts":[],"Odd":1}', path=f"{PATH}?top=1")
    found = failed(grade(server))
    assert list(found) == ["undocumented-members"]
    assert [what.split(":")[0] for what in found["undocumented-members"]] == ["?top", "/Odd"]


def test_tenants_are_told_apart(server: Running) -> None:
    server.control("POST", f"lease/hold?tenant={CUSTOMER}")
    post(server, 507)
    post(server, 507, path=f"/{CUSTOMER}{PATH}", authorization=TOKEN)
    assert failed(grade(server)) == {}
    both = grade(server, "onsite", CUSTOMER, CUSTOMER)
    assert f"of {CUSTOMER} " in only(both, "lost-accounts").where
    assert ("calls", "2") in both.facts


def test_a_call_to_a_tenant_that_is_not_there_is_found(server: Running) -> None:
    assert post(server, 507, path=f"/Cust99999{PATH}") == 404
    finding = only(grade(server), "address")
    assert "of no tenant " in finding.where
    assert "'Cust99999' is not known here" in finding.what


def test_what_the_journal_forgot_is_counted() -> None:
    with serving("--log", "off", "--journal-exchanges", "2") as server:
        for _ in range(3):
            post(server, 507, authorization="Basic eDp4")
        report = grade(server)
    assert ("forgotten exchanges", "1") in report.facts


def test_a_journal_without_a_call_is_refused(server: Running) -> None:
    with pytest.raises(TrafficError, match="no call of SyncEmailAccounts in the journal of onsite"):
        grade(server)


def test_an_unknown_tenant_is_refused_with_the_known_ones(server: Running) -> None:
    with pytest.raises(TrafficError, match=r"answered 404: .*the tenants are: onsite, Cust12345"):
        grade(server, "Cust1&tenant=onsite")


def test_a_control_token_is_asked_for_and_used() -> None:
    with serving("--log", "off", "--control-token", "t0p-secret") as server:
        with pytest.raises(TrafficError, match="answered 401"):
            grade(server)
        with pytest.raises(TrafficError, match="no call of SyncEmailAccounts"):
            grading_grade.grade_journal(server.url, ("onsite",), "t0p-secret")


# ---- URLs that are no mock -------------------------------------------------------------------


@contextmanager
def stranger(status: int, content: bytes, **headers: str) -> Iterator[str]:
    """A server of another make that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def told(*exchanges: Mapping[str, object]) -> bytes:
    """A journal with these *exchanges*, two seconds apart, and no runs."""
    common = {"tenant": "onsite", "method": "POST", "path": PATH, "run": None, "elapsed": 0.1}
    more = {"hung_up": False, "reason": None, "violations": [], "accounts": [{"AccountId": 507}]}
    requests = [
        {"id": index, "at": f"2026-11-20T08:00:{2 * index:02}Z"} | common | more | dict(one)
        for index, one in enumerate(exchanges, 1)
    ]
    return json.dumps({"requests": requests, "forgotten": 0, "runs": []}).encode()


@pytest.mark.parametrize("status", [None, 204, 400, 401, 403, 429, 500, 503])
@pytest.mark.parametrize("outcome", ["faulted", "replayed"])
def test_what_was_armed_or_recorded_is_no_mistake_of_the_client(
    outcome: str, status: int | None
) -> None:
    with stranger(200, told({"outcome": outcome, "status": status})) as url:
        report = grading_grade.grade_journal(url, ("onsite",))
    assert failed(report) == {}
    assert result(report, "answers").status in ("passed", "skipped")


def test_faults_that_were_really_armed_are_no_mistakes_either(server: Running) -> None:
    effects = ({"status": 429}, {"expired_credential": True}, {"status": 503})
    server.control("PUT", "faults", {"faults": effects})
    assert [post(server, 507) for _ in effects] == [429, 401, 503]
    assert [one["outcome"] for one in server.exchanges()] == ["faulted"] * 3
    assert failed(grade(server)) == {}


def test_a_connection_that_a_fault_broke_is_no_giving_up() -> None:
    broken = {"outcome": "faulted", "status": None, "hung_up": True, "elapsed": 0.0}
    with stranger(200, told(broken)) as url:
        assert failed(grading_grade.grade_journal(url, ("onsite",))) == {}


@pytest.mark.parametrize(
    ("outcome", "elapsed", "found"),
    [
        ("turned_away", 1.0, True),
        ("turned_away", 1.0002, True),
        ("turned_away", 3.0, False),
        ("started", 0.4, True),
        ("started", 1.0002, False),
    ],
)
def test_who_hung_up_on_a_real_clock_gave_up_before_the_second_that_was_due(
    outcome: str, elapsed: float, *, found: bool
) -> None:
    left = {"outcome": outcome, "status": 204, "hung_up": True, "elapsed": elapsed}
    with stranger(200, told(left)) as url:
        report = grading_grade.grade_journal(url, ("onsite",))
    assert ("gave-up" in failed(report)) is found


def test_a_caller_that_hung_up_on_the_clock_of_serve_is_found(server: Running) -> None:
    server.control("POST", "clock/real")
    server.control("POST", "lease/hold")
    with pytest.raises(TimeoutError):
        urlopen(_request(server, 507), timeout=0.2)
    while server.exchanges()[0]["outcome"] == "pending":
        server.control("GET", "clock")
    assert list(failed(grade(server))) == ["gave-up", "lost-accounts"]


def test_a_fault_after_it_does_not_cover_an_account_that_is_lost() -> None:
    away = {"outcome": "turned_away", "status": 204}
    with stranger(200, told(away, {"outcome": "faulted", "status": 503})) as url:
        finding = only(grading_grade.grade_journal(url, ("onsite",)), "lost-accounts")
    assert finding.where.startswith("request 1 ")


def test_a_fault_does_not_hide_what_the_client_did_wrong() -> None:
    twice = [{"AccountId": 507}, {"AccountId": 507}]
    with stranger(200, told({"outcome": "faulted", "status": 429, "accounts": twice})) as url:
        only(grading_grade.grade_journal(url, ("onsite",)), "duplicate-account")


STRANGERS = {
    "a page": (200, b"<html>", "is not the journal of a superoffice-mock"),
    "other JSON": (200, b'{"requests": 1}', "is not the journal of a superoffice-mock"),
    "no text": (200, b'{"requests": "\xff"}', "is not the journal of a superoffice-mock"),
    "an error": (500, b"<html>", "answered 500; this is not the journal of a superoffice-mock"),
    "a list": (404, b"[]", "answered 404"),
}


@pytest.mark.parametrize(("status", "content", "said"), STRANGERS.values(), ids=STRANGERS)
def test_a_server_that_is_no_mock_is_told_apart(status: int, content: bytes, said: str) -> None:
    with stranger(status, content) as url, pytest.raises(TrafficError, match=said):
        journal_client.load(url, ("onsite",))


def test_a_redirect_is_not_followed() -> None:
    answer = json.dumps({"requests": [], "forgotten": 0}).encode()
    refused = pytest.raises(TrafficError, match="answered 302")
    with stranger(200, answer) as there, stranger(302, b"", Location=there) as url, refused:
        journal_client.load(url, ("onsite",), "token")


@pytest.mark.parametrize(("limit", "value"), [("MAX_BYTES", 3), ("LONGEST", -1.0)])
def test_an_answer_that_is_too_long_or_too_slow_is_given_up(
    limit: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stranger(200, b"x" * 10) as url:
        monkeypatch.setattr(journal_client, limit, value)
        with pytest.raises(TrafficError, match=r"more than .* MiB, or slower than"):
            journal_client.load(url, ("onsite",))


def test_a_port_where_nobody_listens_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TrafficError, match=r"can't be asked: .*refused"):
            journal_client.load(url, ("onsite",))


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8204", "file:///etc/hosts", "http://", "http://a:b@x", "http://[", "ftp://x"]
)
def test_what_is_no_url_of_a_mock_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(TrafficError, match="--journal: ") as refused:
        journal_client.load(url, ("onsite",))
    assert "a:b" not in str(refused.value)


def test_an_address_in_brackets_is_asked() -> None:
    with pytest.raises(TrafficError, match=r"http://\[::1\]:1/x/_mock/requests"):
        journal_client.load("http://[::1]:1/x/", ("onsite",))
