"""What a client asks about its mailboxes."""

import pytest

from tests.mock.webapi.operations.agent_calls import TICKET, account_mock, advance, ask, sync

TWO = (
    {"id": 1, "associate": "tje0", "fails": "quota", "fails-times": 1},
    {"id": 2, "associate": "bob"},
)


@pytest.mark.claim("test-authenticate", "own-accounts")
async def test_an_account_works_unless_its_next_sync_fails() -> None:
    local = account_mock(*TWO)
    await local.control("POST", "clock/freeze")
    idle = {"authorization": "Basic aWRsZTo="}
    assert await ask(local, "TestAuthenticate") is False
    assert await ask(local, "TestAuthenticate", authorization=TICKET) is True
    assert await ask(local, "TestAuthenticate", **idle) is False
    await sync(local, 1)
    await advance(local, 5)
    assert await ask(local, "TestAuthenticate") is True


@pytest.mark.claim("has-new-mail", "has-new-mail-once", "body-optional")
async def test_new_mail_is_told_once_after_a_fetch_of_an_account_of_the_client() -> None:
    local = account_mock({"id": 1, "associate": "tje0"}, {"id": 2, "associate": "bob"})
    await local.control("POST", "clock/freeze")
    await sync(local, 2)
    await advance(local, 5)
    for content in (None, {}, {"mailItemId": 5, "folderId": 6}):
        assert await ask(local, "HasNewMail", content) is False
    await sync(local, 1)
    assert await ask(local, "HasNewMail") is False
    await advance(local, 5)
    assert [await ask(local, "HasNewMail") for _ in range(2)] == [True, False]
    app = [await ask(local, "HasNewMail", authorization=TICKET) for _ in range(2)]
    assert app == [True, False]


@pytest.mark.claim("has-new-mail-once")
async def test_a_sync_that_fails_brings_no_mail() -> None:
    local = account_mock({"id": 1, "fails": "quota"})
    await local.control("POST", "clock/freeze")
    await sync(local, 1)
    await advance(local, 5)
    assert await ask(local, "HasNewMail") is False


@pytest.mark.claim("refresh-folder", "body-optional")
async def test_folders_are_refreshed_at_once_and_no_account_is_synced() -> None:
    local = account_mock()
    for content in ({"connectionInfo": {}, "folders": ["INBOX"]}, {"folders": None}, {}, None):
        assert await ask(local, "RefreshFolder", content) == 0
    account = await ask(local, "GetEMailAccount?EMailAccountId=507")
    assert account["LastFetch"] == "0001-01-01T00:00:00"
