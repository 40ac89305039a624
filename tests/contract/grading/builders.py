"""Builds HARs for tests: unless told otherwise, an entry is what a good client sends."""

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
START = datetime(2026, 11, 20, 8, 0, 0, 500_000, tzinfo=UTC)
"""Not a whole second: a file with no other times tells neither order nor overlap."""

Headers = dict[str, str]
Entry = dict[str, Any]
SIGNED_IN: Headers = {"Authorization": BASIC, "Content-Type": "application/json"}


def body_of(*accounts: int) -> str:
    return json.dumps({"SyncUserAccounts": [{"AccountId": account} for account in accounts]})


def entry(
    *accounts: int,
    at: float = 0.0,
    took: float = 0.03,
    url: str = ONSITE,
    method: str = "POST",
    headers: Headers = SIGNED_IN,
    text: str | None = None,
    status: int = 204,
) -> Entry:
    body = body_of(*(accounts or (507,))) if text is None else text
    return {
        "startedDateTime": (START + timedelta(seconds=at)).isoformat(),
        "time": took * 1000,
        "request": {
            "method": method,
            "url": url,
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
            "bodySize": len(body.encode()),
            "postData": {"mimeType": headers.get("Content-Type", ""), "text": body},
        },
        "response": {"status": status},
    }


def har_of(*entries: object) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def grade_entries(folder: Path, *entries: object) -> Report:
    path = folder / "traffic.har"
    path.write_bytes(har_of(*entries))
    return grade.grade_har(str(path))


def result_of(report: Report, check: str) -> Result:
    return next(result for result in report.results if result.check == check)


def failures_of(report: Report) -> dict[str, list[str]]:
    """Return the findings of the failed checks."""
    return {
        result.check: [finding.what for finding in result.findings]
        for result in report.results
        if result.status == "failed"
    }


def only_finding(report: Report, check: str) -> Finding:
    """Return the only finding of *check*. No other check may have failed."""
    assert list(failures_of(report)) == [check], failures_of(report)
    (finding,) = result_of(report, check).findings
    return finding
