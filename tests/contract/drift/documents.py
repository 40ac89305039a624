"""Small documents in the layouts of the vendor, in our own words, and their drift.

Each document states every documented claim, so that nothing has drifted. A test changes one thing
in it.
"""

import json
import re
from typing import Any, Final, NamedTuple

from superoffice_contract.drift import compare
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.report import Report

METHOD: Final = "EMail/SyncEmailAccounts"
PATH: Final = f"/api/v1/Agents/{METHOD}"
CALL: Final = "#/paths/~1api~1v1~1Agents~1EMail~1SyncEmailAccounts/post"
"""The JSON Pointer to the call in a specification."""
Document = dict[str, Any]

SUMMARY: Final = "Starts a sync of the accounts, from the mail server to the database cache."
SINGLE: Final = "At most one such call can run at any moment."
BUSY: Final = (
    "While another runs, the call returns after 1 (one) second, without any sign that the sync "
    "was not started."
)
PURPOSE: Final = "It throttles to spare the mail servers."
TASKS: Final = (
    "There is a second limit within: at most ten tasks, whatever the number of associates."
)
LOCK: Final = "The lock is released once all tasks have ended."
THROTTLE: Final = f"{SINGLE} {BUSY} {PURPOSE} {TASKS} {LOCK}"
BANNER: Final = (
    "Online Restricted: ## The EMail agent is not open in Online. "
    "Access must be requested when the app is registered."
)
SELECT: Final = (
    'Optional comma-separated list of properties. Other properties are nulled: "Name,id". '
    "Default = show all properties."
)
SCHEMES: Final = "Supports 'Basic', 'SoTicket' and 'Bearer' schemes, depending on the installation."
XSRF: Final = (
    "When not using the Authorization header, you must send the XSRF value from a cookie or a "
    "hidden input field"
)
TYPES: Final = (
    "application/json",
    "text/json",
    "application/xml",
    "text/xml",
    "application/x-www-form-urlencoded",
    "application/json-patch+json",
    "application/merge-patch+json",
)
CONTENT_TYPE: Final = f"Content-type of the request body: {', '.join(TYPES)}"
ACCEPT: Final = "Content-type(s) you would like the response in:"
TOKEN: Final = "The application token identifies the app. Used when calling Online from a server."
BASIC: Final = "Basic dGplMDpUamUw"
SAMPLE: Final = f"""\
POST {PATH}
Authorization: {BASIC}
Accept: application/json; charset=utf-8
Accept-Language: nb,da
Content-Type: application/json; charset=utf-8

{{
  "SyncUserAccounts": [
    {{
      "AccountId": 12,
      "AssociateName": "Olsen AS",
      "AssociateId": 7
    }},
    {{
      "AccountId": 12,
      "AssociateName": "Olsen AS",
      "AssociateId": 7
    }}
  ]
}}"""
ANSWER: Final = "HTTP/1.1 204 No Content\nContent-Type: application/json; charset=utf-8\n\nnull"

MARKDOWN: Final = f"""\
---
title: POST Agents/{METHOD}
generated: true
---

# POST Agents/{METHOD}

```http
POST {PATH}
```

{SUMMARY}


{THROTTLE.replace("There is a second", "&lt;br/&gt; There is a &lt;b&gt;second&lt;/b&gt;")}


## {BANNER}


## Query String Parameters

| Parameter Name | Type |  Description |
|----------------|------|--------------|
| $select | string |  {SELECT} |

```http
POST {PATH}?$select=name,department,category/id
```

## Request Headers

| Parameter Name | Description |
|----------------|-------------|
| Authorization  | {SCHEMES} |
| X-XSRF-TOKEN   | {XSRF} |
| Content-Type | Content-type of the request body: {", ".join(f"`{name}`" for name in TYPES)} |
| Accept         | {ACCEPT}  |
| SO-AppToken | {TOKEN} |

## Request Body: request

SyncUserAccounts

| Property Name | Type |  Description |
|----------------|------|--------------|
| SyncUserAccounts | Array |  |

## Response:

No Content

| Response | Description |
|----------------|-------------|
| 204 | No Content |

### Response body: TimeZoneData


## Sample request

```http!
{SAMPLE}
```

## Sample response

```http_
{ANSWER}
```
"""


def _as_text(page: str) -> str:
    """Return *page*, which is Markdown, as it is copied from a browser."""
    lines = ["• Share", "Show / Hide Table of Contents", ""]
    for line in page.partition("\n---\n")[2].splitlines():
        if line.startswith("# "):
            lines += [line[2:], "", "• 2 minutes to read"]
        elif line.startswith("| "):
            lines.append(" ".join(line.replace("|", " ").replace("`", "").split()))
        elif not line.startswith(("```", "|--")):
            lines.append(re.sub("^#+ |&lt;br/&gt; |&lt;/?b&gt;", "", line))
    text = "\n".join((*lines, "© the vendor", "Community | Privacy", ""))
    return re.sub(r"\n{3,}", "\n\n", text)


TEXT: Final = _as_text(MARKDOWN)


def swagger() -> Document:
    """Return a new Swagger 2.0 file with the documented call and another one."""
    body = {
        "name": "request",
        "in": "body",
        "description": "SyncUserAccounts",
        "required": True,
        "schema": {"$ref": "#/definitions/Request"},
    }
    call = {
        "tags": ["EMail_Agent"],
        "summary": SUMMARY,
        "description": f"{THROTTLE}\r\n<para />## {BANNER}",
        "operationId": "v1EMailAgent_SyncEmailAccounts",
        "consumes": list(TYPES),
        "produces": [],
        "parameters": [
            body,
            {"name": "$select", "in": "query", "description": SELECT, "type": "string"},
            {"name": "SO-AppToken", "in": "header", "description": TOKEN, "type": "string"},
        ],
        "responses": {"204": {"description": "No Content"}},
        "security": [{"Password": [], "Identity": []}],
    }
    accounts = {"type": "array", "items": {"$ref": "#/definitions/Account"}}
    account = {
        "AccountId": {"format": "int32", "type": "integer"},
        "AssociateName": {"type": "string"},
        "AssociateId": {"format": "int32", "type": "integer"},
        "TableRight": {"type": "object", "properties": {"Mask": {"type": "string"}}},
        "FieldProperties": {"type": "object", "additionalProperties": {"type": "object"}},
    }
    return {
        "swagger": "2.0",
        "info": {"version": "v1-Agents", "title": "Agents"},
        "host": "localhost:51584",
        "paths": {"/api/v1/Agents/EMail/Send": {"post": {}}, PATH: {"post": call}},
        "definitions": {
            "Request": {"type": "object", "properties": {"SyncUserAccounts": accounts}},
            "Account": {"type": "object", "properties": account},
        },
        "securityDefinitions": {
            "Password": {"type": "basic"},
            "Identity": {"type": "oauth2", "flow": "implicit"},
        },
    }


def openapi() -> Document:
    """Return a new OpenAPI 3.0 file with the documented call."""
    old = swagger()
    call = call_in(old)
    body, *parameters = call["parameters"]
    for parameter in parameters:
        parameter["schema"] = {"type": parameter.pop("type")}
    select, token = parameters
    del call["consumes"], call["produces"]
    call["parameters"] = [select, {"$ref": "#/components/parameters/Token"}]
    contents = {name: {"schema": body["schema"]} for name in TYPES}
    call["requestBody"] = {"required": True, "content": contents}
    document = {
        "openapi": "3.0.1",
        "info": old["info"],
        "servers": [{"url": "https://example.com/Cust12345/"}],
        "security": call.pop("security"),
        "paths": {PATH: {"post": call}},
        "components": {
            "parameters": {"Token": token},
            "schemas": old["definitions"],
            "securitySchemes": {
                "Password": {"type": "http", "scheme": "basic"},
                "Identity": {"type": "oauth2", "flows": {}},
            },
        },
    }
    text = json.dumps(document).replace("#/definitions/", "#/components/schemas/")
    copy: Document = json.loads(text)
    return copy


def call_in(document: Document) -> Document:
    """Return the operation in *document*, to change it."""
    post: Document = document["paths"][PATH]["post"]
    return post


def schemas_in(document: Document) -> Document:
    schemas: Document = document.get("definitions") or document["components"]["schemas"]
    return schemas


def schemes_in(document: Document) -> Document:
    schemes: Document = (
        document.get("securityDefinitions") or document["components"]["securitySchemes"]
    )
    return schemes


def security_in(document: Document) -> list[Document]:
    security: list[Document] = document.get("security") or call_in(document)["security"]
    return security


def line_of(text: str, part: str) -> str:
    """Return the place of the first line of *text* that contains *part*."""
    before, separator, _ = text.partition(part)
    assert separator, part
    return f"line {before.count(chr(10)) + 1}"


class Drift(NamedTuple):
    """A finding of a comparison; equal to a plain tuple."""

    place: str
    what: str
    claims: tuple[str, ...]


def report_of(document: str | Document) -> Report:
    """Compare a page or a specification with the contract."""
    text = document if isinstance(document, str) else json.dumps(document)
    operation = sync_email_accounts.operation()
    facts = compare.read_document(text.encode(), operation)
    return compare.compare(facts, "the test", operation)


def drift_of(document: str | Document) -> list[Drift]:
    """Return the findings for *document*."""
    findings = report_of(document).findings
    return [Drift(finding.where, finding.what, finding.claims) for finding in findings]
