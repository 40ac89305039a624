"""`superoffice-mock grade`: formats, exit codes, and no secret in anything it writes."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superoffice_contract import report
from superoffice_contract.grading import grade as grading_grade
from superoffice_mock.cli import main
from tests.contract.grading.builders import ONLINE, ONSITE, PATH, entry, har
from tests.contract.grading.test_journal_client import post
from tests.support.server_process import Running


def grade(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["grade", *arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.har"
    path.write_bytes(har(entry(7, 7)))
    return path


def test_findings_are_text_unless_asked_otherwise_and_exit_with_1(file: Path) -> None:
    done = grade(str(file))
    assert done.exit_code == 1
    assert "FAILED   duplicate-account\n      entries[0] 2026-11-20T08:00:00+00:00" in done.output


def test_findings_are_json_for_programs(file: Path) -> None:
    done = grade(str(file), "--format", "json")
    told = json.loads(done.output)
    failures = [one["check"] for one in told["results"] if one["status"] == "failed"]
    assert (failures, told["exit_code"], done.exit_code) == (["duplicate-account"], 1, 1)


def test_findings_are_junit_for_ci(file: Path) -> None:
    suite = ET.fromstring(grade(str(file), "--format", "junit").output)
    assert (suite.get("tests"), suite.get("failures")) == ("11", "1")


@pytest.mark.parametrize("shape", ["text", "json", "junit"])
def test_a_report_goes_into_the_file_that_is_named(shape: str, file: Path) -> None:
    out = file.with_name("report")
    done = grade(str(file), "--format", shape, "--out", str(out))
    assert (done.exit_code, done.output) == (1, "")
    assert out.read_text(encoding="utf-8") == grade(str(file), "--format", shape).output


def test_a_report_that_can_not_be_written_is_one_line_and_exit_code_2(file: Path) -> None:
    done = grade(str(file), "--out", str(file.parent))
    assert done.exit_code == 2
    assert done.output == f"superoffice-mock: {file.parent}: can't be written: Is a directory\n"


def test_an_app_without_a_mistake_exits_with_0(file: Path) -> None:
    file.write_bytes(har(entry(7)))
    assert grade(str(file)).exit_code == 0


def test_a_journal_is_graded_for_the_tenants_that_are_named(server: Running) -> None:
    post(server, 507, path=f"/Cust12345{PATH}", authorization="Bearer 8A:Cust12345.demo-token")
    done = grade("--journal", server.url, "--tenant", "onsite", "--tenant", "Cust12345")
    assert done.exit_code == 0
    assert done.output.startswith("grade the journal of onsite, Cust12345\n")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", har()], ids=["empty", "cut", "list", "no calls"]
)
def test_a_wrong_file_is_one_line_and_exit_code_2(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    done = grade(str(file))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"superoffice-mock: {file}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a.har", "--journal", "http://x"),
        ("a.har", "--tenant", "x"),
        ("a.har", "--format", "x"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert grade(*arguments).exit_code == 2


def test_a_journal_that_can_not_be_asked_is_one_line_and_exit_code_2() -> None:
    done = grade("--journal", "http://127.0.0.1:1")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_grade_needs_nothing_that_a_plain_install_does_not_bring(file: Path) -> None:
    program = (
        "import sys; from superoffice_contract.grading.grade import grade_har;"
        "grade_har(sys.argv[1]);"
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", program, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "jsonschema_rs" in loaded
    assert loaded & {"jsonschema", "schemathesis", "hypothesis", "httpx2", "starlette"} == set()


# ---- secrets ---------------------------------------------------------------------------------

MARK = "Zq7secretZq7"
ENCODED = base64.b64encode(MARK.encode()).decode()
SECRETS = [MARK, ENCODED.rstrip("="), f"{MARK} {MARK}", f"x:{MARK}", f"7T:{MARK}=="]
SCHEMES = ["", "Basic ", "basic", "SOTicket ", "Bearer ", "Negotiate ", "Basic\t"]
TYPES = [
    *("application/json", "text/xml", "application/x-www-form-urlencoded", "text/plain", ""),
    "application/json; charset=x",
]
TEXTS = [
    '{{"SyncUserAccounts":[{{"AccountId":"{0}"}}]}}',
    '{{"Odd":"{0}","SyncUserAccounts":[{{"AssociateName":"{0}"}}]}}',
    '{{"SyncUserAccounts":"{0}"}}',
    *("{0}", '"{0}"', "{{{0}", "[{0}", "a={0}", "{0}&a[=1", "SyncUserAccounts[0]={0}"),
    "SyncUserAccounts[0].AccountId={0}",
    "<SyncEmailAccountsRequest>{0}</SyncEmailAccountsRequest>",
    "<SyncEmailAccountsRequest a='{0}'><b>{0}</b></SyncEmailAccountsRequest>",
    "<a>{0}",
]
URLS = [ONSITE, ONLINE, *(f"{ONSITE}?{form}" for form in ("access_token={0}", "{0}", "a=1&t={0}"))]
URLS += [ONSITE.replace("crm", "u:{0}@crm"), f"{ONSITE}#{{0}}"]


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    def planted(forms: list[str]) -> str:
        return draw(st.sampled_from(forms)).format(draw(st.sampled_from(SECRETS)))

    secret, media_type = planted(["{0}"]), draw(st.sampled_from(TYPES))
    names = ["SO-AppToken", "X-XSRF-TOKEN", "X-Api-Key", "Content-Encoding"]
    headers = {"Content-Type": media_type, draw(st.sampled_from(names)): secret}
    signing_in = draw(st.sampled_from(["Authorization", "Cookie", "-"]))
    cookie = planted(["{0}", "ASP.NET_SessionId={0}", "{0}=1; ASP.NET_SessionId={0}"])
    scheme = draw(st.sampled_from(SCHEMES)) + secret
    recorded = entry(
        at=draw(st.floats(0, 3)),
        took=draw(st.sampled_from([0.01, 0.5, 1.0])),
        url=planted([one.replace("{0}", quote("{0}", safe="{}")) for one in URLS]).replace(
            " ", "%20"
        ),
        headers=headers | {signing_in: cookie if signing_in == "Cookie" else scheme},
        text=planted(TEXTS),
        status=draw(st.sampled_from([204, 204, 400, 401, 415, 0])),
    )
    recorded["request"]["cookies"] = [{"name": "ASP.NET_SessionId", "value": secret}]
    recorded["response"] |= {"_error": secret, "content": {"text": secret}}
    return recorded


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(entries(), min_size=1, max_size=4))
def test_no_secret_of_a_har_is_in_a_report_of_any_format(
    file: Path, recorded: list[dict[str, Any]]
) -> None:
    file.write_bytes(har(*recorded))
    assert MARK.encode() in file.read_bytes() or ENCODED[:8].encode() in file.read_bytes()
    found = grading_grade.grade_har(str(file))
    for write in (report.as_text, report.as_json, report.as_junit):
        written = write(found)
        assert "lost-accounts" in written
        assert [mark for mark in (MARK, ENCODED[:8]) if mark in written] == []
