"""The picture of a check: what was sent, by which credentials, and how it was answered."""

from superoffice_contract.suite.sent_calls import SentCalls
from superoffice_contract.target.http import Request, Response
from superoffice_contract.timeline.model import MAX_CALLS
from tests.contract.suite.targets import run_check
from tests.support.server_process import BASIC

SECRETS = frozenset(("Tje0secret", "7T:demo-ticket"))


def test_the_newest_requests_are_kept_without_secrets() -> None:
    sent = SentCalls()
    headers = (("Authorization", "SOTicket 7T:demo-ticket"), ("X-Odd", "Tje0secret"))
    request = Request("POST", "/api?password=Tje0secret", headers, b'{"a": "Tje0secret"}')
    for status in [204] * MAX_CALLS + [400, 401]:
        answer = (("X-Echo", "7T:demo-ticket"),)
        sent.add(request, Response(status, answer, b'{"Password": "other"} Tje0secret', 0.5))
    timeline = sent.timeline("http://127.0.0.1:1", SECRETS)
    assert timeline.headline.startswith(f"{MAX_CALLS + 2} requests were sent: ")
    assert (len(timeline.calls), timeline.omitted) == (MAX_CALLS, 2)
    last = timeline.calls[-1]
    assert (last.caller, last.status, last.outcome) == ("soTicket", 401, "rejected")
    assert timeline.calls[0].outcome == "served"
    assert (last.answered_at or 0) - last.at > 0.49
    text = repr(timeline)
    assert not [secret for secret in (*SECRETS, "other") if secret in text]


def test_a_check_writes_a_page_with_its_requests_and_no_secret_of_its_tenants() -> None:
    result = run_check("--only", "media-types", "--format", "html")
    assert result.exit_code == 0
    assert "requests were sent: " in result.stdout
    assert "/api/v1/Agents/EMail/SyncEmailAccounts" in result.stdout
    assert BASIC.partition(" ")[2] not in result.stdout
