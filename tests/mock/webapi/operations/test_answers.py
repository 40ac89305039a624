"""Bodies and answers of the calls in all their media types, `$select`, and the query."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from superoffice_contract.bodies.decode import READERS
from superoffice_contract.bodies.values import BodyNotes
from superoffice_contract.bodies.writers import write_form, write_xml
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Shape
from superoffice_mock.webapi.operations.registry import ENTRIES
from tests.mock.webapi.operations.agent_calls import ACCOUNTS, AGENT, account_mock, ask, post
from tests.support.in_process import BASIC, ClientResponse, InProcessMock

ANSWERED = [each for each in operations.load().operations.values() if each.name in ENTRIES]
JSON_TYPES = (
    *("application/json", "text/json"),
    *("application/json-patch+json", "application/merge-patch+json"),
)
XML_TYPES = ("application/xml", "text/xml")
ONE = "GetEMailAccount?EMailAccountId=507"
SAVED = {
    "EMailAccountId": 507,
    "EMailAddress": "a&b@example.com",
    "IncomingCredentials": {"Server": "imap", "Port": 993, "Password": "p<w"},
    "SimpleMode": 1,
}


async def call(local: InProcessMock, operation: Operation, accept: str) -> ClientResponse:
    """Call *operation* without a body, or with a saved account."""
    path = operation.path.replace("{tenant}", "onsite")
    query = "?EMailAccountId=507" if operation.requires_query else ""
    headers = {"authorization": BASIC, "content-type": "application/json", "accept": accept}
    body = b'{"EMailAccountId": 507}' if operation.body_required else b"null"
    return await local.call(operation.method, path + query, body, headers)


def assert_complete(value: Any, shape: Shape, where: str) -> None:
    """Assert that *value* has exactly the described members, each named as it is described."""
    if isinstance(shape, ArrayShape):
        for item in value:
            assert_complete(item, shape.items, where)
    elif isinstance(shape, ObjectShape) and shape.members and value is not None:
        assert list(value) == [member.name for member in shape.members.values()], where
        for member in shape.members.values():
            assert_complete(value[member.name], member.shape, f"{where}/{member.name}")


@pytest.mark.claim("answer-types", "answers-all-members", "answers-pascal-case", "never-406")
async def test_every_answer_has_every_member_in_each_json_type() -> None:
    for operation in ANSWERED:
        if operation.success is None or operation.name == "SyncEmailAccounts":
            continue
        for accept in (*JSON_TYPES, "*/*", "image/png", f"{JSON_TYPES[1]};q=0.5, text/html"):
            response = await call(account_mock(), operation, accept)
            expected = accept if accept in JSON_TYPES else JSON_TYPES["text/json" in accept]
            assert response.headers["content-type"] == f"{expected}; charset=utf-8"
            assert_complete(response.json(), operation.success[1], operation.name)


@pytest.mark.claim("xml-types", "answer-types")
async def test_every_answer_in_xml_says_what_it_says_in_json() -> None:
    for operation in ANSWERED:
        if operation.success is None or operation.name in ("SyncEmailAccounts", "GetApiVersion1"):
            continue
        as_json = (await call(account_mock(), operation, "application/json")).json()
        for accept in XML_TYPES:
            response = await call(account_mock(), operation, accept)
            shape = operation.success[1]
            if isinstance(shape, ObjectShape):
                read = READERS[accept](response.body, None, shape, BodyNotes())
                assert _without_empty(read) == _without_empty(as_json), operation.name
            else:
                root = ET.fromstring(response.body).tag
                assert root.startswith(("ArrayOf", "int", "boolean")), operation.name


def _without_empty(value: Any) -> Any:
    """Return *value* without what XML does not tell apart: null, and an empty text or list."""
    if isinstance(value, dict):
        pairs = ((name, _without_empty(child)) for name, child in value.items())
        return {name: child for name, child in pairs if child not in (None, "", [], {})}
    return value


@pytest.mark.claim("xml-types", "agents-null")
async def test_lists_scalars_and_null_in_xml_have_the_names_of_their_types() -> None:
    local = account_mock()
    for path, root in (
        ("GetReadySyncEmailAccounts", "<ArrayOfSyncUserAccount><SyncUserAccount><AccountId>507<"),
        (ONE, "<EMailAccount><EMailAccountId>507<"),
        ("GetCurrentAccountId", ">507<"),
        ("TestAuthenticate", ">true<"),
        ("GetEMailAccount?EMailAccountId=1", "<EMailAccount xmlns:i="),
    ):
        response = await post(local, path, accept="application/xml")
        assert root in response.body.decode(), path


@pytest.mark.claim("media-types", "same-effect", "xml-types", "form-shape")
async def test_a_body_means_the_same_in_all_media_types() -> None:
    body = operations.load().by_name["SaveEMailAccount"].bodies["application/xml"]
    saved = []
    for media_type in READERS:
        raw: Any = SAVED
        if media_type in XML_TYPES:
            raw = write_xml(SAVED, body.shape)
        elif media_type not in JSON_TYPES:
            raw = write_form(SAVED)
        saved.append(await ask(account_mock(), "SaveEMailAccount", raw, content_type=media_type))
    assert saved == saved[:1] * 7
    assert saved[0]["IncomingCredentials"]["Password"] == "p<w"


@pytest.mark.claim("null-body", "body-optional")
async def test_null_and_nothing_are_no_error_where_no_body_is_needed() -> None:
    for operation in ANSWERED:
        if operation.method == "GET" or operation.body_required:
            continue
        path = operation.path + ("?EMailAccountId=507" if operation.requires_query else "")
        for body in (b"null", b"", b" null\n"):
            for headers in ({"content-type": "application/json"}, {}):
                headers["authorization"] = BASIC
                local = account_mock()
                response = await local.call("POST", path, body, headers)
                assert response.status in (200, 204), (operation.name, body)
                assert (await local.last_request())["violations"] == []


@pytest.mark.claim("carrier-values")
async def test_absent_numbers_are_0_and_wrong_types_are_refused_at_their_place() -> None:
    local = account_mock()
    assert (await ask(local, "SaveEMailAccount", {"eMailAccountId": 507}))["SimpleMode"] == 0
    for content, place in (
        ({"simpleMode": None}, "/SimpleMode"),
        ({"simpleMode": "1"}, "/SimpleMode"),
        ({"simpleMode": 2**31}, "/SimpleMode"),
        ({"incomingCredentials": {"port": 1.5}}, "/IncomingCredentials/Port"),
        ({"incomingCredentials": []}, "/IncomingCredentials"),
        ({"emailAddress": 5}, "/EMailAddress"),
        ({"lastFetch": "yesterday"}, "/LastFetch"),
        ({"fieldProperties": {"a": {"fieldLength": "x"}}}, "/FieldProperties/a/FieldLength"),
        ([], ""),
    ):
        response = await post(local, "SaveEMailAccount", content)
        assert response.status == 400, content
        assert response.json()["MessageDetail"].partition(":")[0].lower() == place.lower() or (
            not place
        ), response.body


# ---- $select and the query -------------------------------------------------------------------


@pytest.mark.claim("select-result", "select-paths")
async def test_select_makes_the_other_members_null() -> None:
    local = account_mock()
    whole = await ask(local, ONE)
    rights = whole["TableRight"]
    for select, expected in (
        ("eMailAddress", {"EMailAddress": "Ann@example.com"}),
        ("EMAILACCOUNTID,%20simplemode", {"EMailAccountId": 507, "SimpleMode": 0}),
        ("nothing", {}),
        ("TableRight/mask", {"TableRight": {"Mask": rights["Mask"], "Reason": None}}),
        ("TableRight/mask,TableRight", {"TableRight": rights}),
        ("EMailAddress/nothing", {"EMailAddress": "Ann@example.com"}),
    ):
        selected = await ask(local, f"{ONE}&%24select={select}")
        assert selected == {**dict.fromkeys(whole), **expected}, select
    for select in ("", ",", "%20/"):
        assert await ask(local, f"{ONE}&$SELECT={select}") == whole, select


@pytest.mark.claim("select-paths")
async def test_select_holds_for_each_item_and_leaves_null_and_numbers() -> None:
    local = account_mock()
    due = await ask(local, "GetReadySyncEmailAccounts?$select=accountid,tableright/mask")
    ids = [account["id"] for account in ACCOUNTS]
    assert [account["AccountId"] for account in due] == ids
    assert {str(account["TableRight"]) for account in due} == {"{'Mask': 'FULL', 'Reason': None}"}
    assert {account["AssociateName"] for account in due} == {None}
    assert await ask(local, "GetCurrentAccountId?$select=x") == 507
    assert await ask(local, "GetEMailAccount?EMailAccountId=1&$select=x") is None
    response = await post(local, f"{ONE}&$select=EMailAddress", accept="text/xml")
    assert b"<EMailAddress>Ann@example.com</EMailAddress>" in response.body
    assert response.body.count(b'i:nil="true"') == 14


async def test_select_holds_for_a_call_that_a_fault_delays() -> None:
    local = account_mock()
    await local.control("POST", "clock/jump")
    await local.control("POST", "faults", {"delay": 1})
    selected = await ask(local, f"{ONE}&$select=EMailAddress")
    assert (selected["EMailAddress"], selected["EMailAccountId"]) == ("Ann@example.com", None)


@pytest.mark.claim("query-names", "query-types")
async def test_query_names_ignore_case_and_a_wrong_or_missing_value_is_refused() -> None:
    local = account_mock()
    for name in ("EMailAccountId", "eMailAccountId", "EMAILACCOUNTID"):
        assert (await ask(local, f"GetEMailAccount?{name}=507"))["EMailAccountId"] == 507
    for call_name in ("GetEMailAccount", "DeleteEMailAccount"):
        for query in ("", "?EMailAccountId=", "?EMailAccountId=x", "?EMailAccountId=2147483648"):
            response = await post(local, call_name + query)
            assert response.status == 400, query
            assert response.json()["MessageDetail"].startswith("?EMailAccountId: "), query
    assert (await local.call("POST", AGENT + ONE, b"", {})).status == 401
