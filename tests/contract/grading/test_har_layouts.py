"""The same call as different tools record it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from superoffice_contract.grading import grade
from tests.contract.grading.builders import BASIC, ONSITE, Entry, body_of, only_finding

BODY = body_of(507, 507)
JSON = "application/json; charset=utf-8"
CONTENT_TYPE = {"name": "Content-Type", "value": JSON}
TIMINGS = {"send": 0, "wait": 30, "receive": 0, "blocked": 0, "dns": 0, "connect": 0, "ssl": 0}


def call(started_at: str, request: dict[str, Any], **members: Any) -> Entry:
    response = {"status": 204, "statusText": "No Content", "headers": [], "content": {"size": 0}}
    whole_request = {"method": "POST", "url": ONSITE} | request
    common = {"startedDateTime": started_at, "time": 30}
    return common | {"request": whole_request, "response": response} | members


LAYOUTS = {
    "a browser, credentials left out": call(
        "2026-11-20T08:00:00.123Z",
        {
            "httpVersion": "http/2.0",
            "headers": [{"name": ":authority", "value": "crm.example"}, CONTENT_TYPE],
            "queryString": [],
            "cookies": [],
            "postData": {"mimeType": JSON, "text": BODY},
        },
        timings={"blocked": 2.1, "dns": -1, "ssl": -1, "connect": -1, "send": 0.1, "wait": 27.8},
        _initiator={"type": "script"},
    ),
    "Fiddler": call(
        "2026-11-20T09:00:00.1234567+01:00",
        {
            "headers": [{"name": "authorization", "value": BASIC}, CONTENT_TYPE],
            "postData": {"params": [], "text": BODY, "mimeType": JSON},
        },
        connection="ClientPort:1;EgressPort:2",
    ),
    "Charles, a form as fields": call(
        "2026-11-20T08:00:00.123+0000",
        {
            "headers": [
                {"name": "AUTHORIZATION", "value": BASIC},
                {"name": "CONTENT-TYPE", "value": "application/x-www-form-urlencoded"},
            ],
            "postData": {
                "mimeType": "application/x-www-form-urlencoded",
                "params": [
                    {"name": f"SyncUserAccounts[{index}].AccountId", "value": "507"}
                    for index in (0, 1)
                ],
            },
        },
        timings={"connect": 5, "send": 1, "wait": 20, "receive": 4},
    ),
    "Postman, no headers and no zone": call(
        "2026-11-20T08:00:00",
        {"headers": [], "postData": {"mimeType": JSON, "text": BODY}, "bodySize": -1},
    ),
    "Schemathesis, sanitized, bytes kept": call(
        "2026-11-20T08:00:00.123456+00:00",
        {
            "headers": [{"name": "Authorization", "value": "[Filtered]"}, CONTENT_TYPE],
            "bodySize": len(BODY),
            "postData": {"mimeType": JSON, "text": base64.b64encode(BODY.encode()).decode()},
        },
        timings=TIMINGS,
    ),
}


@pytest.mark.parametrize("entry", LAYOUTS.values(), ids=LAYOUTS)
def test_the_finding_is_the_same_for_every_tool_and_encoding(entry: Entry, tmp_path: Path) -> None:
    log = {"version": "1.2", "creator": {"name": "a tool"}, "pages": [], "entries": [entry]}
    path = tmp_path / "app.har"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text(json.dumps({"log": log}), encoding=encoding)
        finding = only_finding(grade.grade_har(str(path)), "duplicate-account")
        assert finding.what.startswith("lists account 507 more than once"), encoding
