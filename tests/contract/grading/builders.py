"""HARs as tests write them: an entry is what a good client sends, unless told otherwise."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from superoffice_contract.grading import grade
from superoffice_contract.report import Finding, Report, Result

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"
ONSITE = f"http://crm.example{PATH}"
ONLINE = f"https://online3.superoffice.com/Cust12345{PATH}"
BASIC = "Basic dGplMDpUamUw"
START = datetime(2026, 11, 20, 8, tzinfo=UTC)

Headers = dict[str, str]
SIGNED_IN: Headers = {"Authorization": BASIC, "Content-Type": "application/json"}


def body(*accounts: int) -> str:
    return json.dumps({"SyncUserAccounts": [{"AccountId": one} for one in accounts]})


def entry(
    *accounts: int,
    at: float = 0.0,
    took: float = 0.03,
    url: str = ONSITE,
    method: str = "POST",
    headers: Headers = SIGNED_IN,
    text: str | None = None,
    status: int = 204,
) -> dict[str, Any]:
    sent = body(*(accounts or (507,))) if text is None else text
    return {
        "startedDateTime": (START + timedelta(seconds=at)).isoformat(),
        "time": took * 1000,
        "request": {
            "method": method,
            "url": url,
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
            "bodySize": len(sent.encode()),
            "postData": {"mimeType": headers.get("Content-Type", ""), "text": sent},
        },
        "response": {"status": status},
    }


def har(*entries: object) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def graded(folder: Path, *entries: object) -> Report:
    path = folder / "traffic.har"
    path.write_bytes(har(*entries))
    return grade.grade_har(str(path))


def result(report: Report, check: str) -> Result:
    return next(one for one in report.results if one.check == check)


def failed(report: Report) -> dict[str, list[str]]:
    """What was found, by check."""
    return {
        one.check: [finding.what for finding in one.findings]
        for one in report.results
        if one.status == "failed"
    }


def only(report: Report, check: str) -> Finding:
    """The one finding of *check*, which must be the only one there is."""
    assert list(failed(report)) == [check], failed(report)
    (finding,) = result(report, check).findings
    return finding
