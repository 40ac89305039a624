"""openapi.yaml and the demo tenants agree with the vendor's page."""

import base64
import json
import re
from typing import Any, Final

import pytest

from superoffice_contract.local_server import demo_tables
from superoffice_contract.operations import sync_email_accounts
from superoffice_mock.core.sync_run import MAX_TASKS, SECOND
from superoffice_mock.core.verdicts import TURNED_AWAY_AFTER

OPERATION: Final = sync_email_accounts.operation()
DOCUMENT: Final = OPERATION.schemas.document
SCHEMES: Final[dict[str, Any]] = DOCUMENT["components"]["securitySchemes"]

TYPES: Final = {int: "integer", str: "string"}


def find_section(page: str, begin: str, end: str) -> str:
    """Return the text between the lines that start with *begin* and *end*."""
    match = re.search(rf"^{re.escape(begin)}[^\n]*\n(.*?)^{re.escape(end)}", page, re.S | re.M)
    assert match is not None
    return match[1]


def read_sample(page: str) -> tuple[dict[str, str], Any]:
    """Return the headers and the body of the sample request."""
    head, _, body = (
        find_section(page, "Sample request", "Sample response").strip().partition("\n\n")
    )
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    return headers, json.loads(body)


def properties_of(schema: Any) -> dict[str, Any]:
    properties: dict[str, Any] = OPERATION.schemas.resolve(schema)["properties"]
    return properties


def body_properties() -> dict[str, Any]:
    return properties_of(OPERATION.bodies["application/json"].schema)


@pytest.mark.claim("method", "path")
def test_method_and_path_are_those_of_the_page(page: str) -> None:
    match = re.search(r"^([A-Z]+) (/\S+)$", page, re.MULTILINE)
    assert match is not None
    assert match.groups() == ("POST", OPERATION.path)


@pytest.mark.claim("media-types")
def test_the_media_types_are_the_seven_of_the_page_in_its_order(page: str) -> None:
    row = re.search(r"^Content-Type Content-type of the request body: (.+)$", page, re.MULTILINE)
    assert row is not None
    assert list(OPERATION.bodies) == row[1].split(", ")
    assert len(OPERATION.bodies) == 7


@pytest.mark.claim("select-param")
def test_the_query_has_the_one_parameter_of_the_page(page: str) -> None:
    rows = find_section(page, "Parameter Name Type Description", "POST ").splitlines()
    name, type_, _ = next(iter(rows)).split(" ", 2)
    parameters = OPERATION.document["parameters"]
    (parameter,) = (parameter for parameter in parameters if parameter["in"] == "query")
    assert (parameter["name"], parameter["schema"]["type"]) == (name, type_)


@pytest.mark.claim("app-token", "xsrf-header", "accept-header")
def test_the_request_headers_are_those_of_the_page(page: str) -> None:
    rows = find_section(page, "Parameter Name Description", "Request Body").strip().splitlines()
    names_on_page = {row.split(" ", 1)[0] for row in rows}
    parameters = [*OPERATION.document["parameters"], *SCHEMES.values()]
    names = {parameter["name"] for parameter in parameters if parameter.get("in") == "header"}
    # OpenAPI states Content-Type and Accept as content and ignores them as parameters.
    assert names | {"Content-Type", "Accept"} == names_on_page


@pytest.mark.claim("authorization-schemes")
def test_the_authorization_schemes_are_those_of_the_page(page: str) -> None:
    row = re.search(r"^Authorization (.+)$", page, re.MULTILINE)
    assert row is not None
    http_schemes = {scheme["scheme"] for scheme in SCHEMES.values() if scheme["type"] == "http"}
    header_schemes = {
        scheme["description"].split(" ", 1)[0].lower()
        for scheme in SCHEMES.values()
        if scheme.get("name") == "Authorization"
    }
    names_on_page = {name.lower() for name in re.findall(r"'(\w+)'", row[1])}
    assert http_schemes | header_schemes == names_on_page


@pytest.mark.claim("accounts-array")
def test_the_body_has_the_one_property_of_the_page(page: str) -> None:
    row = find_section(page, "Property Name Type Description", "Response:").strip()
    (name,) = body_properties()
    assert row == f"{name} Array"
    assert "array" in body_properties()[name]["type"]


@pytest.mark.claim("sample-request", "sample-duplicate")
def test_the_example_is_the_sample_of_the_page(page: str) -> None:
    _, body = read_sample(page)
    assert DOCUMENT["components"]["examples"]["Sample"]["value"] == body
    content = OPERATION.document["requestBody"]["content"]
    examples = [
        list(media_type.get("examples", {}))
        for name, media_type in content.items()
        if name.endswith("json")
    ]
    assert examples == [["sample"]] * 4
    first, second = body["SyncUserAccounts"]
    assert first == second


@pytest.mark.claim("account-object", "account-id", "associate-name", "associate-id")
def test_the_documented_members_of_an_account_are_those_of_the_sample(page: str) -> None:
    _, body = read_sample(page)
    account = body["SyncUserAccounts"][0]
    properties = properties_of(body_properties()["SyncUserAccounts"]["items"])
    documented_types = {
        name: schema["type"]
        for name, schema in properties.items()
        if "carrier-members" not in schema["x-claim"]
    }
    assert list(documented_types) == list(account)
    for name, value in account.items():
        assert TYPES[type(value)] in documented_types[name], name


@pytest.mark.claim("sample-credential")
def test_the_credentials_of_the_sample_are_valid_in_the_demo_tenant(page: str) -> None:
    headers, _ = read_sample(page)
    scheme, _, token = headers["Authorization"].partition(" ")
    name, _, password = base64.b64decode(token).decode().partition(":")
    onsite = next(table for table in demo_tables() if table["installation"] == "onsite")
    assert scheme == "Basic"
    assert {"name": name, "password": password} in onsite["users"]


@pytest.mark.claim("sample-charset")
def test_the_sample_has_a_described_media_type(page: str) -> None:
    headers, _ = read_sample(page)
    media_type, _, charset = headers["Content-Type"].partition("; ")
    assert media_type in OPERATION.bodies
    assert charset == "charset=utf-8"


@pytest.mark.claim("no-content", "sample-response")
def test_the_only_response_of_the_page_has_no_content(page: str) -> None:
    rows = find_section(page, "Response Description", "Response body").strip()
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
