"""Passwords in bodies come back in answers, and are in no journal, log or recording."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.bodies.decode import READERS
from superoffice_contract.bodies.writers import write_form, write_xml
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.schemas import ObjectShape
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
FREE = ObjectShape({}, "EMailAccount")
ODD_NAMES = ["Passwrd", "pass_word", "IncomingCredentials", "connectionInfo", "X"]
ODD_XML = (
    '<EMailAccount a="Zq7"><IncomingCredentials Password="Zq7"><Server>imap</Server>'
    "<Pasword><Server>Zq7</Server></Pasword><x><![CDATA[Zq7]]></x><!--Zq7-->"
    "</IncomingCredentials></EMailAccount>"
)
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


@pytest.mark.claim("unknown-members", "secret-not-repeated")
async def test_of_a_body_with_passwords_the_journal_keeps_only_described_values() -> None:
    json_type, xml_type, form = "application/json", "text/xml", "application/x-www-form-urlencoded"
    for call, body, media_type, kept in (
        ("SaveEMailAccount", '{"Passwrd":"Zq7","EMailAccountId":507}', json_type, "507"),
        ("SaveEMailAccount", '{"Pin":7712977,"X":[7712977,"Zq7"]}', json_type, "Pin"),
        ("SaveEMailAccount", '{"X":{"Server":"Zq7","y":{"Port":"Zq7"}}}', json_type, "Server"),
        ("SaveEMailAccount", '{"IncomingCredentials":{"pass_word":"Zq7"}}', json_type, "pass_word"),
        ("SaveEMailAccount", '{"IncomingCredentials":{"Pa\\u0073s":"Zq7"}}', json_type, "Incoming"),
        (
            "SaveEMailAccount",
            '{"IncomingCredentials":{"Password":7712977,"password":["Zq7"],"PASSWORD":"Zq7"}}',
            json_type,
            "PASSWORD",
        ),
        (
            "SaveEMailAccount",
            '{"IncomingCredentials":"Zq7","incomingCredentials":{"Server":"imap"}}',
            json_type,
            "imap",
        ),
        (
            "SaveEMailAccount",
            ODD_XML,
            xml_type,
            "<Server>imap</Server><Pasword><Server>[redacted]<",
        ),
        ("RefreshFolder", '{"Folders":{"Folders":"Zq7"},"folders":["INBOX"]}', json_type, "INBOX"),
        ("RefreshFolder", "Zq7", form, "redacted"),
        (
            "RefreshFolder",
            "<RefreshFolderRequest><Folders><string>INBOX</string><Odd>Zq7</Odd></Folders></RefreshFolderRequest>",
            xml_type,
            "<string>INBOX</string>",
        ),
        ("RefreshFolder", "Zq7=", form, "redacted="),
        ("RefreshFolder", "Zq7word=&ConnectionInfo.Zq7=", form, "ConnectionInfo.redacted="),
        ("RefreshFolder", "ConnectionInfo[Password]=a&Zq7=b&Folders[0]=INBOX", form, "INBOX"),
        ("RefreshFolder?Zq7&a=Zq7&Zq7=1", '{"Folders":["INBOX"]}', json_type, "INBOX"),
    ):
        local = account_mock()
        assert (await post(local, call, body.encode(), content_type=media_type)).status == 200, body
        exchange = await journal_of(local)
        assert kept in exchange["body"], body
        assert "7712977" not in exchange["body"]
        assert all(": unknown" in violation for violation in exchange["violations"]), body


@pytest.mark.claim("secret-not-repeated")
@given(
    call=st.sampled_from(["SaveEMailAccount", "RefreshFolder", "GetEMailAccountFromEMailAddress"]),
    media_type=st.sampled_from(sorted(READERS)),
    names=st.lists(st.sampled_from(ODD_NAMES), max_size=3),
    value=st.recursive(
        st.just(PART),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=2)
            | st.dictionaries(st.sampled_from(ODD_NAMES), inner, min_size=1, max_size=2)
        ),
        max_leaves=4,
    ),
)
def test_a_secret_under_any_odd_name_is_in_no_journal_and_no_log(
    call: str, media_type: str, names: list[str], value: Any
) -> None:
    content: Any = {"Passwrd": value}
    for name in names:
        content = {name: content}
    form = "&".join(f"{'.'.join([*names, 'Passwrd'])}={part}" for part in (PART, f"a&{PART}"))
    body = form.encode() if "form" in media_type else json.dumps(content).encode()
    if "xml" in media_type:
        body = write_xml(content, FREE)

    async def send() -> None:
        local = account_mock()
        await post(local, call, body, content_type=media_type)
        await journal_of(local)

    asyncio.run(send())


async def test_a_rejected_body_is_quoted_in_the_answer_and_not_in_the_journal() -> None:
    local = account_mock()
    form = "application/x-www-form-urlencoded"
    response = await post(local, "RefreshFolder", f"{PART}[=1".encode(), content_type=form)
    assert (response.status, PART in response.body.decode()) == (400, True)
    assert (await journal_of(local))["reason"].startswith("field 1: expected a key such as ")
    response = await post(local, f"GetEMailAccount?EMailAccountId={PART}")
    assert (response.status, PART in response.body.decode()) == (400, True)
    assert (await journal_of(local))["reason"].startswith("?EMailAccountId: expected an integer")


async def test_what_is_not_described_may_be_a_misspelled_password_and_is_hidden() -> None:
    json_type, xml, form = "application/json", "text/xml", "application/x-www-form-urlencoded"
    save, sync = "SaveEMailAccount", "SyncEmailAccounts"
    for call, media_type, body, shown in (
        (save, json_type, '{"EMailAccountId":507,"Passwrd":"Zq7"}', "507"),
        (save, json_type, '{"EMailAccountId":507,"Pass word":["Zq7",{"a":"Zq7"}]}', "507"),
        (save, json_type, '{"IncomingCredentials":{"Server":"imap","psw":"Zq7"}}', "imap"),
        (save, json_type, '{"incomingCredentials":{"server":"imap","psw":17897}}', "imap"),
        (save, xml, "<EMailAccount><Pasword>Zq7</Pasword></EMailAccount>", "Pasword"),
        (save, xml, "<EMailAccount><a b='Zq7'/><!-- Zq7 --></EMailAccount>", "EMailAccount"),
        (save, form, "EMailAccountId=507&IncomingCredentials.Pasword=Zq7", "507"),
        (save, form, "EMailAccountId=507&Zq7", "507"),
        ("SyncEmailAccount", json_type, '{"SyncUserAccount":{"AccountId":507,"p":"Zq7"}}', "507"),
        (sync, json_type, '{"SyncUserAccounts":[{"AccountId":507,"Password":"Zq7"}]}', "507"),
        (sync, form, "SyncUserAccounts[0].AccountId=507&Zq7", "507"),
        (sync, form, "Zq7==&SyncUserAccounts[0].AccountId=507", "507"),
    ):
        local = account_mock()
        await post(local, call, body.encode(), content_type=media_type)
        exchange = await journal_of(local)
        assert shown in exchange["body"], body
        assert "17897" not in exchange["body"], body
        assert "redacted" in exchange["body"], body


async def test_a_body_that_no_call_takes_is_left_out_of_the_journal() -> None:
    for call in ("TestAuthenticate", "GetReadySyncEmailAccounts", "GetCurrentAccountId"):
        local = account_mock()
        await post(local, call, b'{"connectionInfo":{"password":"Zq7"}}')
        exchange = await journal_of(local)
        assert exchange["body"] == "", call
        assert LEFT_OUT in exchange["violations"], call


async def test_other_bodies_are_journalled_as_they_came() -> None:
    for body in (b'{"SyncUserAccounts":[ {"AccountId":507} ]}', b'{"SyncUserAccounts": "x"}'):
        local = account_mock()
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
