"""The same call as different tools record it."""

import base64
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from superoffice_contract.grading import grade
from tests.contract.grading.builders import BASIC, ONSITE, Entry, body_of, only_finding

BODY = body_of(507, 507)
JSON = "application/json; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
FIELDS = [{"name": f"SyncUserAccounts[{index}].AccountId", "value": "507"} for index in (0, 1)]
TYPE = {"name": "Content-Type", "value": JSON}
SIGNED_IN = {"name": "authorization", "value": BASIC}
PHASES = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")


def call(
    started: str,
    headers: Sequence[dict[str, str]] = (),
    timings: tuple[float | None, ...] = (),
    request: dict[str, Any] | None = None,
    **members: Any,
) -> Entry:
    """Return a call at a time of the day, with the first *timings* of `PHASES`."""
    response = {"status": 204, "statusText": "No Content", "headers": [], "content": {"size": 0}}
    post_data = {"mimeType": JSON, "text": BODY, "params": []}
    whole_request = {"method": "POST", "url": ONSITE, "headers": headers, "postData": post_data}
    common = {"startedDateTime": f"2026-11-20T{started}", "time": 30, "response": response}
    phases = {"timings": dict(zip(PHASES, timings, strict=False))} if timings else {}
    return common | {"request": whole_request | (request or {})} | phases | members


LAYOUTS = {
    "a browser, credentials left out": call(
        "08:00:00.123Z",
        [{"name": ":authority", "value": "crm.example"}, TYPE],
        request={"httpVersion": "http/2.0", "queryString": [], "cookies": []},
        timings=(2.1, -1, -1, -1, 0.1, 27.8),
        _initiator={"type": "script"},
    ),
    "Fiddler": call(
        "09:00:00.1234567+01:00",
        [SIGNED_IN, TYPE],
        connection="ClientPort:1;EgressPort:2",
    ),
    "Charles, a form as fields": call(
        "08:00:00.123+0000",
        [{"name": "AUTHORIZATION", "value": BASIC}, {"name": "CONTENT-TYPE", "value": FORM}],
        request={"postData": {"mimeType": FORM, "params": FIELDS}},
        timings=(-1, -1, 5, -1, 1, 20, 4),
    ),
    "Postman, no headers and no zone": call("08:00:00", request={"bodySize": -1}),
    "Insomnia, no lengths": call(
        "08:00:00.123Z",
        [TYPE, SIGNED_IN, {"name": "X"}],
        request={"bodySize": -1},
        timings=(-1, -1, -1, -1, 0, 30, 0),
        comment="Sync",
    ),
    "mitmproxy, null for what is unknown": call(
        "08:00:00.123456+00:00",
        [TYPE, SIGNED_IN],
        request={"bodySize": len(BODY)},
        timings=(-1, -1, None, None, 1.2, 28.4, 0.4),
    ),
    "Playwright, minimal": call(
        "08:00:00.123Z",
        [TYPE],
        request={"bodySize": -1},
        timings=(-1, -1, -1, -1, -1, -1, -1),
        time=-1,
    ),
    "Schemathesis, sanitized, bytes kept": call(
        "08:00:00.123456+00:00",
        [{"name": "Authorization", "value": "[Filtered]"}, TYPE],
        request={
            "bodySize": len(BODY),
            "postData": {"mimeType": JSON, "text": base64.b64encode(BODY.encode()).decode()},
        },
        timings=(0, 0, 0, 0, 0, 30, 0),
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
