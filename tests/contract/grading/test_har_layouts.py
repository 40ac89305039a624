"""One call as different tools record it: the same is found in each of their files."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from superoffice_contract.grading import grade
from tests.contract.grading.builders import BASIC, ONSITE, body, only

TWICE = body(507, 507)
JSON = "application/json; charset=utf-8"
NAME = {"name": "Content-Type", "value": JSON}
TIMINGS = {"send": 0, "wait": 30, "receive": 0, "blocked": 0, "dns": 0, "connect": 0, "ssl": 0}


def call(started: str, request: dict[str, Any], **rest: Any) -> dict[str, Any]:
    answer = {"status": 204, "statusText": "No Content", "headers": [], "content": {"size": 0}}
    asked = {"method": "POST", "url": ONSITE} | request
    return {"startedDateTime": started, "time": 30, "request": asked, "response": answer} | rest


LAYOUTS = {
    "a browser, credentials left out": call(
        "2026-11-20T08:00:00.123Z",
        {
            "httpVersion": "http/2.0",
            "headers": [{"name": ":authority", "value": "crm.example"}, NAME],
            "queryString": [],
            "cookies": [],
            "postData": {"mimeType": JSON, "text": TWICE},
        },
        timings={"blocked": 2.1, "dns": -1, "ssl": -1, "connect": -1, "send": 0.1, "wait": 27.8},
        _initiator={"type": "script"},
    ),
    "Fiddler": call(
        "2026-11-20T09:00:00.1234567+01:00",
        {
            "headers": [{"name": "authorization", "value": BASIC}, NAME],
            "postData": {"params": [], "text": TWICE, "mimeType": JSON},
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
        {"headers": [], "postData": {"mimeType": JSON, "text": TWICE}, "bodySize": -1},
    ),
    "Schemathesis, sanitized, bytes kept": call(
        "2026-11-20T08:00:00.123456+00:00",
        {
            "headers": [{"name": "Authorization", "value": "[Filtered]"}, NAME],
            "bodySize": len(TWICE),
            "postData": {"mimeType": JSON, "text": base64.b64encode(TWICE.encode()).decode()},
        },
        timings=TIMINGS,
    ),
}


@pytest.mark.parametrize("recorded", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_same_is_found_whoever_recorded_it(
    recorded: dict[str, Any], encoding: str, tmp_path: Path
) -> None:
    log = {"version": "1.2", "creator": {"name": "a tool"}, "pages": [], "entries": [recorded]}
    path = tmp_path / "app.har"
    path.write_text(json.dumps({"log": log}), encoding=encoding)
    finding = only(grade.grade_har(str(path)), "duplicate-account")
    assert finding.what.startswith("lists account 507 more than once")
