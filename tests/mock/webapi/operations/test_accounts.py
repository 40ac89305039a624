"""Mail accounts that are read, found, saved and deleted."""

from typing import Any

import pytest

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.accounts import MAX_CREATED_ACCOUNTS
from tests.mock.webapi.operations.agent_calls import (
    TICKET,
    account_mock,
    advance,
    ask,
    due_ids,
    post,
    sync,
)

NEW = {
    "emailAccountId": 0,
    "emailAddress": "new@example.com",
    "inboxFolder": "In",
    "sentFolder": "Out",
    "simpleMode": 1,
    "useGraphApi": 1,
    "incomingCredentials": {"server": "imap", "port": 993, "username": "u", "password": "p"},
    "outgoingCredentials": {"serviceAuthId": 3, "authType": "OAuth"},
}


# ---- read and find ---------------------------------------------------------------------------


@pytest.mark.claim("account-read", "account-members")
async def test_an_account_has_its_configured_facts() -> None:
    account = await ask(account_mock(), "GetEMailAccount?EMailAccountId=507")
    rights = {"TableRight": {"Mask": "FULL", "Reason": ""}, "FieldProperties": {}}
    auth = {"ServiceAuthId": 0, "AuthType": "", "Username": "Ann@example.com", "Password": ""}
    assert account == {
        "EMailAccountId": 507,
        "EMailAddress": "Ann@example.com",
        "AssociateId": 7,
        "IncomingCredentials": {"Server": "imap.example.com", "Port": 993, **auth, **rights},
        "OutgoingCredentials": {"Server": "smtp.example.com", "Port": 465, **auth, **rights},
        "AccountStatus": 0,
        "ErrorCount": 0,
        "ErrorReason": "",
        "InboxFolder": "INBOX",
        "SentFolder": "Sent",
        "SimpleMode": 0,
        "LastFetch": "0001-01-01T00:00:00",
        "UseGraphApi": 0,
        **rights,
    }


@pytest.mark.claim("agents-null")
async def test_what_is_not_found_is_null() -> None:
    local = account_mock()
    for call, body in (
        ("GetEMailAccount?EMailAccountId=509", None),
        ("GetEMailAccount?EMailAccountId=-1", None),
        ("GetEMailAccountFromEMailAddress", {"fromAddress": "nobody@example.com"}),
        ("GetEMailAccountFromEMailAddress", {"fromAddress": ""}),
        ("GetEMailAccountFromEMailAddress", {}),
        ("GetEMailAccountFromEMailAddress", None),
    ):
        assert await ask(local, call, body) is None, call


@pytest.mark.claim("account-by-address", "own-accounts")
async def test_an_address_is_looked_for_among_the_accounts_of_the_client() -> None:
    local = account_mock()
    for address, credential, expected in (
        ("ann@EXAMPLE.com", {}, 507),
        ("bob@example.com", {}, None),
        ("bob@example.com", {"authorization": TICKET}, 508),
    ):
        content = {"fromAddress": address}
        found = await ask(local, "GetEMailAccountFromEMailAddress", content, **credential)
        assert (found and found["EMailAccountId"]) == expected, (address, credential)


@pytest.mark.claim("current-account", "current-account-app", "own-accounts")
async def test_the_current_account_is_that_of_the_user_or_what_the_reading_says() -> None:
    first = Settings(readings=Readings().with_value("current-account", "first"))
    no_account = {"authorization": "Basic aWRsZTo="}
    for settings, credential, expected in (
        (None, {}, 507),
        (None, no_account, 0),
        (None, {"authorization": TICKET}, 0),
        (first, {"authorization": TICKET}, 507),
        (first, no_account, 0),
    ):
        local = account_mock(settings=settings)
        assert await ask(local, "GetCurrentAccountId", **credential) == expected
        account = await ask(local, "GetCurrentAccount", **credential)
        assert (account and account["EMailAccountId"]) == (expected or None)


# ---- save ------------------------------------------------------------------------------------


@pytest.mark.claim("save-creates", "account-members")
async def test_an_account_without_an_id_is_created_and_one_with_an_id_is_changed() -> None:
    local = account_mock()
    created = await ask(local, "SaveEMailAccount", NEW)
    id_ = created["EMailAccountId"]
    assert id_ not in (0, 507, 508)
    assert await ask(local, f"GetEMailAccount?EMailAccountId={id_}") == created
    for name in ("EMailAddress", "InboxFolder", "SentFolder", "SimpleMode", "UseGraphApi"):
        assert created[name] == {key.lower(): value for key, value in NEW.items()}[name.lower()]
    assert created["IncomingCredentials"]["Password"] == "p"
    assert created["OutgoingCredentials"]["AuthType"] == "OAuth"
    assert created["OutgoingCredentials"]["ServiceAuthId"] == 3
    assert created["AssociateId"] == 7
    changed = await ask(local, "SaveEMailAccount", {**created, "EMailAddress": "other@example.com"})
    assert changed == {**created, "EMailAddress": "other@example.com"}
    assert await due_ids(local) == [507, 508, id_]


async def test_an_account_can_be_given_to_another_associate() -> None:
    local = account_mock()
    account = await ask(local, "GetEMailAccount?EMailAccountId=507")
    await ask(local, "SaveEMailAccount", {**account, "AssociateId": 8})
    due = await ask(local, "GetReadySyncEmailAccounts")
    assert [(each["AssociateId"], each["AssociateName"]) for each in due] == [(8, "bob")] * 2


async def test_an_account_that_an_app_creates_has_no_owner_unless_it_names_one() -> None:
    local = account_mock()
    for content, owner in ((NEW, 0), ({**NEW, "associateId": 8}, 8)):
        created = await ask(local, "SaveEMailAccount", content, authorization=TICKET)
        assert created["AssociateId"] == owner


@pytest.mark.claim("save-unknown")
async def test_saving_an_account_that_does_not_exist_is_an_error() -> None:
    response = await post(account_mock(), "SaveEMailAccount", {**NEW, "emailAccountId": 5})
    assert response.status == 400
    detail = "/EMailAccountId: no account has this id; send 0 to create one"
    assert response.json()["MessageDetail"] == detail


@pytest.mark.claim("save-read-only")
async def test_what_syncs_have_come_to_is_not_saved() -> None:
    local = account_mock()
    await local.control("POST", "clock/freeze")
    await sync(local, 507)
    await advance(local, 5)
    before = await ask(local, "GetEMailAccount?EMailAccountId=507")
    sent = {"AccountStatus": 3, "ErrorCount": 9, "ErrorReason": "x"}
    sent |= {"LastFetch": "2020-01-01T00:00:00Z"}
    assert await ask(local, "SaveEMailAccount", {**before, **sent}) == before
    created = await ask(local, "SaveEMailAccount", {**NEW, **sent})
    assert [created[name] for name in sent] == [0, 0, "", "0001-01-01T00:00:00"]


@pytest.mark.claim("save-limits")
async def test_what_an_account_may_hold_is_bounded() -> None:
    local = account_mock()
    for place in (
        *("EMailAddress", "InboxFolder", "SentFolder", "IncomingCredentials/Server"),
        *("IncomingCredentials/AuthType", "IncomingCredentials/Username"),
        *("OutgoingCredentials/Password",),
    ):
        name, _, member = place.partition("/")
        for length, status in ((255, 200), (256, 400)):
            text = "x" * length
            content: Any = {name: {member: text} if member else text}
            response = await post(local, "SaveEMailAccount", content)
            assert response.status == status, place
            if status == 400:
                detail = f"/{place}: too long; send at most 255 characters"
                assert response.json()["MessageDetail"] == detail


@pytest.mark.claim("save-limits")
async def test_only_so_many_accounts_are_created_until_one_is_deleted() -> None:
    local = account_mock()
    for _ in range(MAX_CREATED_ACCOUNTS):
        last = await ask(local, "SaveEMailAccount", {})
    response = await post(local, "SaveEMailAccount", {})
    assert response.status == 400
    assert "1000 accounts were created already; delete one" in response.json()["MessageDetail"]
    await post(local, f"DeleteEMailAccount?EMailAccountId={last['EMailAccountId']}")
    again = await ask(local, "SaveEMailAccount", {})
    assert again["EMailAccountId"] > last["EMailAccountId"]


@pytest.mark.claim("body-required")
async def test_saving_nothing_is_an_error() -> None:
    local = account_mock()
    for body in (b"null", b""):
        assert (await post(local, "SaveEMailAccount", body)).status == 400, body


@pytest.mark.claim("default-account")
async def test_a_default_account_is_stored_only_when_it_is_saved() -> None:
    local = account_mock()
    account = await ask(local, "CreateDefaultEMailAccount")
    assert account["EMailAccountId"] == 0
    ports = [account[f"{name}Credentials"]["Port"] for name in ("Incoming", "Outgoing")]
    assert ports == [993, 465]
    assert await due_ids(local) == [507, 508]
    assert (await ask(local, "SaveEMailAccount", account))["EMailAccountId"] != 0


# ---- delete ----------------------------------------------------------------------------------


@pytest.mark.claim("delete-account")
async def test_a_deleted_account_is_gone_and_can_be_deleted_again() -> None:
    local = account_mock()
    for _ in range(2):
        response = await post(local, "DeleteEMailAccount?EMailAccountId=507")
        assert (response.status, response.body) == (204, b"")
    assert await ask(local, "GetEMailAccount?EMailAccountId=507") is None
    assert await ask(local, "GetCurrentAccountId") == 0
    assert await due_ids(local) == [508]
    await local.control("POST", "reset")
    assert await due_ids(local) == [507, 508]


async def test_an_account_that_is_deleted_during_its_sync_does_not_come_back() -> None:
    local = account_mock()
    await local.control("POST", "clock/freeze")
    await sync(local, 507, 508)
    await post(local, "DeleteEMailAccount?EMailAccountId=507")
    await advance(local, 5)
    assert await ask(local, "GetEMailAccount?EMailAccountId=507") is None
    assert (await ask(local, "GetEMailAccount?EMailAccountId=508"))["AccountStatus"] == 4
