"""The description and the demo world hold what the vendor's page states."""

import base64
import json
import re
from typing import Any, Final

import pytest

from superoffice_contract.openapi import operations
from superoffice_mock.config import tenant_file
from superoffice_mock.core.lease import TURNED_AWAY_AFTER
from superoffice_mock.core.sync_run import MAX_TASKS, SECOND

DOCUMENT: Final = operations.load().document
OPERATION: Final = next(iter(operations.load().operations.values()))
SCHEMES: Final[dict[str, Any]] = DOCUMENT["components"]["securitySchemes"]

TYPES: Final = {int: "integer", str: "string"}


def section(page: str, begin: str, end: str) -> str:
    """Return what stands on the page between two lines that begin so."""
    found = re.search(rf"^{re.escape(begin)}[^\n]*\n(.*?)^{re.escape(end)}", page, re.S | re.M)
    assert found is not None
    return found[1]


def sample(page: str) -> tuple[dict[str, str], Any]:
    """Return the headers and the body of the sample request."""
    head, _, body = section(page, "Sample request", "Sample response").strip().partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    return headers, json.loads(body)


def sample_schema() -> dict[str, Any]:
    schema: dict[str, Any] = OPERATION.bodies["application/json"].schema["properties"]
    return schema


@pytest.mark.claim("method", "path")
def test_verb_and_path_are_those_of_the_page(page: str) -> None:
    found = re.search(r"^([A-Z]+) (/\S+)$", page, re.MULTILINE)
    assert found is not None
    assert found.groups() == ("POST", OPERATION.path)


@pytest.mark.claim("media-types")
def test_the_media_types_are_the_seven_of_the_page_in_its_order(page: str) -> None:
    row = re.search(r"^Content-Type Content-type of the request body: (.+)$", page, re.MULTILINE)
    assert row is not None
    assert list(OPERATION.bodies) == row[1].split(", ")
    assert len(OPERATION.bodies) == 7


@pytest.mark.claim("select-param")
def test_the_query_has_the_one_parameter_of_the_page(page: str) -> None:
    rows = section(page, "Parameter Name Type Description", "POST ").splitlines()
    name, type_, _ = next(iter(rows)).split(" ", 2)
    (parameter,) = (one for one in OPERATION.document["parameters"] if one["in"] == "query")
    assert (parameter["name"], parameter["schema"]["type"]) == (name, type_)


@pytest.mark.claim("app-token", "xsrf-header", "accept-header")
def test_the_request_headers_are_those_of_the_page(page: str) -> None:
    rows = section(page, "Parameter Name Description", "Request Body").strip().splitlines()
    on_the_page = {row.split(" ", 1)[0] for row in rows}
    described = {one["name"] for one in OPERATION.document["parameters"] if one["in"] == "header"}
    described |= {one["name"] for one in SCHEMES.values() if one.get("in") == "header"}
    # In OpenAPI content says what Content-Type and Accept are; as parameters they are void.
    assert described | {"Content-Type", "Accept"} == on_the_page


@pytest.mark.claim("authorization-schemes")
def test_the_authorization_schemes_are_those_of_the_page(page: str) -> None:
    row = re.search(r"^Authorization (.+)$", page, re.MULTILINE)
    assert row is not None
    of_http = {one["scheme"] for one in SCHEMES.values() if one["type"] == "http"}
    of_headers = {
        one["description"].split(" ", 1)[0].lower()
        for one in SCHEMES.values()
        if one.get("name") == "Authorization"
    }
    assert of_http | of_headers == {one.lower() for one in re.findall(r"'(\w+)'", row[1])}


@pytest.mark.claim("accounts-array")
def test_the_body_has_the_one_property_of_the_page(page: str) -> None:
    row = section(page, "Property Name Type Description", "Response:").strip()
    (name,) = sample_schema()
    assert row == f"{name} Array"
    assert "array" in sample_schema()[name]["type"]


@pytest.mark.claim("sample-request", "sample-duplicate")
def test_the_example_is_the_sample_of_the_page(page: str) -> None:
    _, body = sample(page)
    assert DOCUMENT["components"]["examples"]["Sample"]["value"] == body
    examples = [one.get("examples", {}) for one in json_media_types().values()]
    assert [list(one) for one in examples] == [["sample"]] * 4
    first, second = body["SyncUserAccounts"]
    assert first == second


def json_media_types() -> dict[str, Any]:
    content = OPERATION.document["requestBody"]["content"]
    return {name: one for name, one in content.items() if name.endswith("json")}


@pytest.mark.claim("account-object", "account-id", "associate-name", "associate-id")
def test_accounts_have_the_members_of_the_sample_and_no_other_documented_ones(page: str) -> None:
    _, body = sample(page)
    account = body["SyncUserAccounts"][0]
    properties = sample_schema()["SyncUserAccounts"]["items"]["properties"]
    documented = {
        name: one["type"]
        for name, one in properties.items()
        if "carrier-members" not in one["x-claim"]
    }
    assert list(documented) == list(account)
    for name, value in account.items():
        assert TYPES[type(value)] in documented[name], name


@pytest.mark.claim("sample-credential")
def test_the_sample_of_the_page_signs_in_to_the_demo_world(page: str) -> None:
    headers, _ = sample(page)
    scheme, _, token = headers["Authorization"].partition(" ")
    name, _, password = base64.b64decode(token).decode().partition(":")
    onsite = next(one for one in tenant_file.demo() if one["installation"] == "onsite")
    assert scheme == "Basic"
    assert {"name": name, "password": password} in onsite["users"]


@pytest.mark.claim("sample-charset")
def test_the_sample_sends_a_media_type_that_is_described(page: str) -> None:
    headers, _ = sample(page)
    media_type, _, charset = headers["Content-Type"].partition("; ")
    assert media_type in OPERATION.bodies
    assert charset == "charset=utf-8"


@pytest.mark.claim("no-content", "sample-response")
def test_the_one_answer_of_the_page_has_no_content(page: str) -> None:
    rows = section(page, "Response Description", "Response body").strip()
    assert rows == "204 No Content"
    assert "HTTP/1.1 204 No Content" in page
    assert "content" not in OPERATION.document["responses"]["204"]


@pytest.mark.claim("task-cap", "busy-second")
def test_the_throttle_has_the_numbers_of_the_page(page: str) -> None:
    tasks = re.search(r"a maximum of (\d+) tasks", page)
    wait = re.search(r"we return after (\d+) \(one\) second", page)
    assert tasks is not None
    assert wait is not None
    assert int(tasks[1]) == MAX_TASKS
    assert int(wait[1]) * SECOND == TURNED_AWAY_AFTER
