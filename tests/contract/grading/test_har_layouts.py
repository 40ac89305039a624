"""The same call as different tools record it."""

import base64
import json
from itertools import product
from pathlib import Path
from typing import Any

from superoffice_contract.grading import grade
from tests.contract.grading.builders import BASIC, ONSITE, Entry, body_of, only_finding

BODY = body_of(507, 507)
JSON = "application/json; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
FIELDS = [{"name": f"SyncUserAccounts[{index}].AccountId", "value": "507"} for index in (0, 1)]
CONTENT_TYPE = {"name": "Content-Type", "value": JSON}
TIMINGS = {"send": 0, "wait": 30, "receive": 0, "blocked": 0, "dns": 0, "connect": 0, "ssl": 0}


def call(started_at: str, request: dict[str, Any], **members: Any) -> Entry:
    response = {"status": 204, "statusText": "No Content", "headers": [], "content": {"size": 0}}
    post_data = {"mimeType": JSON, "text": BODY}
    whole_request = {"method": "POST", "url": ONSITE, "postData": post_data} | request
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
                {"name": "CONTENT-TYPE", "value": FORM},
            ],
            "postData": {"mimeType": FORM, "params": FIELDS},
        },
        timings={"connect": 5, "send": 1, "wait": 20, "receive": 4},
    ),
    "Postman, no headers and no zone": call(
        "2026-11-20T08:00:00",
        {"headers": [], "bodySize": -1},
    ),
    "Insomnia, no lengths": call(
        "2026-11-20T08:00:00.123Z",
        {
            "headers": [CONTENT_TYPE, {"name": "Authorization", "value": BASIC}, {"name": "X"}],
            "bodySize": -1,
        },
        timings={"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": 30, "receive": 0},
        comment="Sync",
    ),
    "mitmproxy, null for what is unknown": call(
        "2026-11-20T08:00:00.123456+00:00",
        {
            "headers": [CONTENT_TYPE, {"name": "authorization", "value": BASIC}],
            "postData": {"mimeType": JSON, "text": BODY, "params": []},
            "bodySize": len(BODY),
        },
        timings={"connect": None, "ssl": None, "send": 1.2, "receive": 0.4, "wait": 28.4},
    ),
    "Playwright, minimal": call(
        "2026-11-20T08:00:00.123Z",
        {
            "headers": [CONTENT_TYPE],
            "postData": {"mimeType": JSON, "text": BODY, "params": []},
            "bodySize": -1,
        },
        time=-1,
        timings={"send": -1, "wait": -1, "receive": -1},
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


def test_the_finding_is_the_same_for_every_tool_and_encoding(tmp_path: Path) -> None:
    log: dict[str, Any] = {"version": "1.2", "creator": {"name": "a tool"}, "pages": []}
    path = tmp_path / "app.har"
    for (name, entry), encoding in product(LAYOUTS.items(), ("utf-8", "utf-8-sig", "utf-16")):
        log["entries"] = [entry]
        path.write_text(json.dumps({"log": log}), encoding=encoding)
        finding = only_finding(grade.grade_har(str(path)), "duplicate-account")
        assert finding.what.startswith("lists account 507 more than once"), (name, encoding)
