"""The command `redact`: HARs of other tools, limits, and protection of the source."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

from superoffice_contract.grading import grade
from superoffice_contract.report import Result
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About
from tests.contract.grading import builders
from tests.mock.redaction.secret_places import MARK
from tests.support.local_servers import invoke
from tests.support.recordings import entry

UNNAMED = re.compile("'pseudo-[0-9a-f]{20}'|a member|a name")


def write_foreign_har(folder: Path) -> Path:
    """Write a HAR of another tool with a secret in each of the tool's own members."""
    har_entry: dict[str, Any] = builders.entry(507, url=f"{builders.ONSITE}?token={MARK}")
    har_entry |= {"serverIPAddress": "10.1.2.3", "connection": MARK, "comment": MARK, "_x": MARK}
    har_entry["request"] |= {
        "cookies": [{"name": "ASP.NET_SessionId", "value": MARK}],
        "queryString": [{"name": "token", "value": MARK}],
        "comment": MARK,
    }
    har_entry["request"]["postData"]["params"] = [{"name": "a", "value": MARK}]
    har_entry["response"] |= {"redirectURL": f"http://x/{MARK}", "statusText": MARK}
    har_entry["response"]["cookies"] = [{"name": MARK, "value": MARK}]
    pages = [{"id": MARK, "title": MARK}]
    log = {"version": "1.2", "creator": {"name": MARK}, "pages": pages, "entries": [har_entry]}
    path = folder / "browser.har"
    path.write_text(json.dumps({"log": log}))
    return path


run = partial(invoke, "redact")


def test_it_redacts_a_har_of_another_tool_and_counts_the_values(tmp_path: Path) -> None:
    source, target = write_foreign_har(tmp_path), tmp_path / "clean.har"
    result = run(source, target)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{target}: 1 exchange, replaced:\n")
    assert "       4 credential\n" not in result.stdout
    text = target.read_text()
    assert MARK not in text
    assert "10.1.2.3" not in text
    (redacted,) = har_file.load(str(target)).entries
    assert (redacted.response.status, redacted.elapsed) == (204, 0.03)
    again, victim = tmp_path / "again.har", tmp_path / "victim"
    victim.write_text("mine")
    for planted in (again, tmp_path / "again.har.new"):
        planted.symlink_to(victim)
    counts = result.stdout.removeprefix(f"{target}")
    assert run(target, again, "--overwrite").stdout == f"{again}{counts}"
    assert (again.read_bytes(), victim.read_text()) == (target.read_bytes(), "mine")


def conclusions_of(path: Path) -> list[tuple[str, str, str | None, list[str]]]:
    """Return what `grade` says of the file at *path*: checks, statuses, notes and findings.

    A name that may be a secret is not repeated before redaction, and is a pseudonym after it.
    """
    results = grade.grade_har(str(path)).results
    return [(found.check, found.status, found.reason, whats(found)) for found in results]


def whats(result: Result) -> list[str]:
    return [UNNAMED.sub("a name", finding.what) for finding in result.findings]


def odd_calls() -> list[dict[str, Any]]:
    """Return calls of clients that make one mistake each, or whose tool left something out."""
    call, signed_in = builders.entry, builders.SIGNED_IN

    def headers_of_type(name: str) -> dict[str, str]:
        return signed_in | {"Content-Type": name}

    without_body, aborted, refused = (call(n, at=n, status=204) for n in (30, 31, 32))
    del without_body["request"]["postData"]
    aborted["response"] = {"status": 0, "_error": "Walker gave up: request canceled"}
    refused["response"] = {"status": 0, "_error": "connection refused by crm.acme.example"}
    return [
        call(7, 7, at=0),
        call(8, at=0.01, url=builders.ONLINE, status=401),
        call(9, at=2, url=f"{builders.ONSITE}?$select=Name&Walker&top=5&x%20y=Kim"),
        call(at=3, text='{"SyncUserAccounts": [{"AccountId": 5, "Secret": 1, "My key": 2}]}'),
        call(at=4, text='{"SyncUserAccounts": [{"AccountId": "five"}]}', status=400),
        call(at=5, text='{"SyncUserAccounts": [{"AccountId": 3000000000}]}', status=400),
        call(at=6, text='{"SyncUserAccounts": [{"AccountId": 5, ', status=400),
        call(at=7, text="hello", headers=headers_of_type("text/plain"), status=415),
        call(
            at=8,
            text="AssociateName=Walker",
            headers=headers_of_type("application/x-www-form-urlencoded"),
        ),
        call(at=9, text="<SyncEmailAccountsRequest/>", headers=headers_of_type("application/xml")),
        call(at=10, headers={"Content-Type": "application/json"}, status=401),
        call(at=11, headers={"Content-Type": "application/json"}),
        call(at=12, headers=signed_in | {"Authorization": "Basic ***"}),
        call(at=13, headers=signed_in | {"Authorization": "[Filtered]"}),
        call(at=14, headers=signed_in | {"Authorization": "Digest abc"}, status=401),
        call(at=15, headers=signed_in | {"Authorization": "Bearer 8A:Cust1.x"}, status=401),
        call(at=16, url=builders.ONSITE.replace("/api", "/x/y/api"), status=404),
        call(at=17, url=builders.ONSITE.replace("/api", "/api/v1/api"), status=404),
        call(at=18, method="PUT", status=405),
        call(at=19, took=1.02),
        without_body,
        aborted,
        refused,
    ]


def test_a_redacted_har_gets_the_same_grades(tmp_path: Path) -> None:
    whole, all_calls = tmp_path / "whole.har", odd_calls()
    for entries in (*([call] for call in all_calls), all_calls):
        whole.write_bytes(builders.har_of(*entries))
        before = conclusions_of(whole)
        run(whole, whole, "--in-place")
        assert conclusions_of(whole) == before, entries
    assert sum(len(findings) for *_, findings in before) >= 15


def test_it_replaces_its_source_only_with_in_place(tmp_path: Path) -> None:
    source = write_foreign_har(tmp_path)
    before = source.read_bytes()
    for same_file in (source, tmp_path / "." / "browser.har"):
        result = run(source, same_file)
        assert result.exit_code == 2
        assert "is the file to read; name another file, or replace it with" in result.stderr
    assert source.read_bytes() == before
    link = tmp_path / "link.har"
    link.symlink_to(source)
    advice = f"{link} is a link; redact {source}"
    assert run(link, link, "--in-place").stderr == f"superoffice-mock: {advice}\n"
    assert run(source, source, "--in-place").exit_code == 0
    assert MARK not in source.read_text()


def test_it_replaces_another_file_only_with_overwrite(tmp_path: Path) -> None:
    source, target = write_foreign_har(tmp_path), tmp_path / "b.har"
    target.write_text("mine")
    result = run(source, target)
    advice = "exists already; name another file, or add --overwrite to replace it"
    assert (result.exit_code, result.stderr) == (2, f"superoffice-mock: {target} {advice}\n")
    assert target.read_text() == "mine"
    assert run(source, target, "--overwrite").exit_code == 0
    assert har_file.load(str(target)).about.redacted


def test_messages_and_tenants_stay_or_go_on_demand(tmp_path: Path) -> None:
    url = builders.ONLINE.replace("Cust12345", "Cust26759")
    har_entry = builders.entry(7, url=url, status=400)
    har_entry["response"]["headers"] = [{"name": "Content-Type", "value": "application/json"}]
    har_entry["response"]["content"] = {"text": '{"Message": "No such folder"}'}
    source = tmp_path / "a.har"
    source.write_bytes(builders.har_of(har_entry))
    for options, stays in (
        ((), {"Cust26759": True, "No such folder": False}),
        (("--tenant-id",), {"Cust26759": False, "No such folder": False}),
        (("--keep-messages",), {"Cust26759": True, "No such folder": True}),
    ):
        target = tmp_path / "b.har"
        assert run(source, target, "--overwrite", *options).exit_code == 0
        text = target.read_text()
        assert {word: word in text for word in stays} == stays, options


def test_it_reports_what_it_could_not_read(tmp_path: Path) -> None:
    source = tmp_path / "a.har.part"
    source.write_bytes(har_file.header_line(About()) + har_file.entry_line(entry()) + b"{")
    result = run(source, tmp_path / "b.har")
    assert result.stderr == f"{source}: its last line is incomplete and was left out\n"
    assert len(har_file.load(str(tmp_path / "b.har")).entries) == 1
