"""Passwords in bodies come back in answers, and are in no journal, log or recording."""

import json
from typing import Any

import pytest

from superoffice_contract.bodies.decode import READERS
from superoffice_contract.bodies.writers import write_form, write_xml
from superoffice_contract.openapi import operations
from superoffice_mock.access_log import format_json, format_text
from superoffice_mock.webapi.request import LEFT_OUT
from tests.mock.webapi.operations.agent_calls import AGENT, account_mock, ask, post
from tests.support.in_process import BASIC, InProcessMock

SECRET = 'Zq7"secret\u00e9&<Zq7'
PART = "Zq7"
ACCOUNT = {
    "EMailAccountId": 507,
    "EMailAddress": "a@example.com",
    "IncomingCredentials": {"Server": "imap", "Password": SECRET},
    "OutgoingCredentials": {"PASSWORD": SECRET},
}
CONNECTION = {"ConnectionInfo": {"Password": SECRET}, "Folders": ["INBOX"]}
SHAPES = operations.load().by_name


def body_of(call: str, content: Any, media_type: str) -> bytes:
    """Return *content* as a body of *call*."""
    if "xml" in media_type:
        return write_xml(content, SHAPES[call].bodies[media_type].shape)
    if "json" in media_type:
        return json.dumps(content, ensure_ascii="patch" in media_type).encode()
    return write_form(content)


async def journal_of(local: InProcessMock) -> dict[str, Any]:
    """Return the last exchange with its body, and assert that no password is in the journal."""
    last = (await local.last_request())["id"]
    exchange = await local.control("GET", f"requests/{last}")
    shown = json.dumps([exchange, await local.control("GET", "requests")], ensure_ascii=False)
    logged = "".join(format_text(each) + format_json(each) for each in local.log)
    assert PART not in shown + logged
    assert isinstance(exchange, dict)
    return exchange


@pytest.mark.claim("account-members", "secret-not-repeated")
async def test_a_body_is_journalled_without_its_passwords_in_all_media_types() -> None:
    for call, content in (("SaveEMailAccount", ACCOUNT), ("RefreshFolder", CONNECTION)):
        for media_type in READERS:
            local = account_mock()
            body = body_of(call, content, media_type)
            answer = await ask(local, call, body, content_type=media_type)
            exchange = await journal_of(local)
            assert "redacted" in exchange["body"], media_type
            assert "imap" in exchange["body"] or "INBOX" in exchange["body"], media_type
            assert LEFT_OUT not in exchange["violations"]
            if call == "SaveEMailAccount":
                assert answer["IncomingCredentials"]["Password"] == SECRET
                assert answer["OutgoingCredentials"]["Password"] == SECRET


async def test_a_body_that_cannot_be_read_is_left_out_of_the_journal() -> None:
    text = json.dumps(ACCOUNT).encode()
    for body, media_type, status in (
        (text[:-1], "application/json", 400),
        (text, "application/xml", 400),
        (text, "text/plain", 415),
        (text, "application/json; charset=x", 415),
        (b'{"IncomingCredentials": "%s"}' % PART.encode(), "application/json", 400),
        (b'{"IncomingCredentials": {"Password": ["%s"]}}' % PART.encode(), "text/json", 400),
        (b'{"IncomingCredentials": {"Password": 1234567}}', "text/json", 400),
        (b"<EMailAccount><Password>Zq7</EMailAccount>", "text/xml", 400),
        (b"\xff\xfe" + PART.encode(), "text/json", 400),
    ):
        local = account_mock()
        response = await post(local, "SaveEMailAccount", body, content_type=media_type)
        assert response.status == status, body
        assert PART not in response.body.decode()
        assert "1234567" not in response.body.decode()
        exchange = await journal_of(local)
        assert (exchange["body"], exchange["violations"]) == ("", [LEFT_OUT]), body


async def test_a_body_that_no_call_takes_is_left_out_if_its_answer_has_passwords() -> None:
    local = account_mock()
    await ask(local, "GetEMailAccount?EMailAccountId=507", ACCOUNT)
    exchange = await journal_of(local)
    assert exchange["body"] == ""
    assert exchange["violations"][0] == LEFT_OUT


async def test_a_call_that_a_fault_answers_or_delays_is_journalled_without_its_passwords() -> None:
    for fault, status in (
        ({"status": 500}, 500),
        ({"delay": 1}, 200),
    ):
        local = account_mock()
        await local.control("POST", "clock/jump")
        await local.control("POST", "faults", fault)
        response = await post(local, "SaveEMailAccount", ACCOUNT)
        assert response.status == status, fault
        assert "redacted" in (await journal_of(local))["body"]


async def test_other_bodies_are_journalled_as_they_came() -> None:
    local = account_mock()
    body = b'{"SyncUserAccounts":[ {"AccountId":507,"Password":"x"} ]}'
    await post(local, "SyncEmailAccounts", body)
    assert (await journal_of(local))["body"].encode() == body


async def test_a_recording_has_no_password_of_a_body_or_an_answer() -> None:
    local = account_mock()
    await local.control("POST", "recordings/start")
    await post(local, "SaveEMailAccount", ACCOUNT)
    await post(local, "GetEMailAccount?EMailAccountId=507")
    headers = {"authorization": BASIC, "content-type": "application/json", "accept": "text/xml"}
    await local.call("POST", f"{AGENT}GetEMailAccount?EMailAccountId=507", b"null", headers)
    recording = await local.call("POST", "/_mock/recordings/stop", b"", {})
    assert recording.status == 200
    text = recording.body.decode()
    assert "GetEMailAccount" in text
    assert PART not in text
