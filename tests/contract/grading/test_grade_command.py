"""`superoffice-mock grade`: formats, exit codes, and no secrets in any report."""

import base64
import subprocess
import sys
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superoffice_contract import report_formats
from superoffice_contract.grading import grade
from tests.contract.grading.builders import ONLINE, ONSITE, PATH, Entry, entry, har_of
from tests.e2e.raw_http import request, send_request
from tests.support.local_servers import invoke
from tests.support.server_process import ServerProcess

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
URLS = [
    *(ONSITE, ONLINE, ONSITE.replace("crm", "u:{0}@crm"), f"{ONSITE}#{{0}}"),
    *(f"{ONSITE}?{query}" for query in ("access_token={0}", "{0}", "a=1&t={0}")),
]
run_grade = partial(invoke, "grade")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.har"
    path.write_bytes(har_of(entry(7, 7)))
    return path


def test_the_report_is_text_by_default_and_findings_exit_with_1_none_with_0(file: Path) -> None:
    result = run_grade(str(file))
    assert result.exit_code == 1
    finding = "FAILED   duplicate-account\n      entries[0] 2026-11-20T08:00:00.500000+00:00"
    assert finding in result.output
    file.write_bytes(har_of(entry(7)))
    assert run_grade(str(file)).exit_code == 0


def test_an_odd_entry_is_told_on_standard_error_and_the_others_are_graded(file: Path) -> None:
    file.write_bytes(har_of(entry(7), entry(method="GET", url="http://x/", status=101)))
    result = run_grade(str(file))
    note = f"{file}: log.entries[1] is left out: its status, 101, is not that of an answer\n"
    assert (result.exit_code, result.stderr) == (0, note)


def test_a_journal_is_graded_for_the_given_tenants(server: ServerProcess) -> None:
    token = "Bearer 8A:Cust12345.demo-token"
    send_request(server, request(path=f"/Cust12345{PATH}", Authorization=token))
    result = run_grade("--journal", server.url, "--tenant", "onsite", "--tenant", "Cust12345")
    assert result.exit_code == 0
    assert result.output.startswith("grade of the journal of onsite, Cust12345\n")


def test_a_page_of_a_journal_and_of_a_replay_shows_what_happened(server: ServerProcess) -> None:
    send_request(server, request())
    page = run_grade("--journal", server.url, "--format", "html").stdout
    assert "<h1>grade of the journal of onsite</h1>" in page
    assert '"headline":"the call did what it asked for"' in page
    assert '"title":"tenant onsite"' in page
    fixture = Path(__file__).parents[3] / "fixtures" / "page-sample.har"
    page = invoke("replay", fixture, "--against", server.url, "--format", "html").stdout
    assert '[{"title":"recorded","headline":"' in page
    assert '{"title":"new","headline":"' in page
    assert "dGplMDpUamUw" not in page


def test_a_file_that_cant_be_graded_exits_with_2_and_one_line(file: Path) -> None:
    contents = {"empty": b"", "cut": b"{", "list": b"[]", "no calls": har_of()}
    for name, content in contents.items():
        file.write_bytes(content)
        result = run_grade(str(file))
        assert (result.exit_code, result.stdout) == (2, ""), name
        assert result.stderr.startswith(f"superoffice-mock: {file}: "), name
        assert result.stderr.count("\n") == 1, name


def test_wrong_usage_and_a_server_that_cant_be_reached_exit_with_2() -> None:
    for options in ([], ["--journal", "http://x"], ["--tenant", "x"], ["--format", "x"]):
        arguments = ["a.har", *options] if options else []
        assert run_grade(*arguments).exit_code == 2, arguments
    result = run_grade("--journal", "http://127.0.0.1:1")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_grade_needs_only_a_plain_install(file: Path) -> None:
    program = (
        "import sys; from superoffice_contract.grading.grade import grade_har;"
        "grade_har(sys.argv[1]); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program, str(file)]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in process.stdout.split()}
    assert "jsonschema_rs" in packages
    assert packages & {"jsonschema", "schemathesis", "hypothesis", "httpx2", "starlette"} == set()


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    def insert_secret(templates: list[str]) -> str:
        return draw(st.sampled_from(templates)).format(draw(st.sampled_from(SECRETS)))

    secret, media_type = insert_secret(["{0}"]), draw(st.sampled_from(TYPES))
    names = ["SO-AppToken", "X-XSRF-TOKEN", "X-Api-Key", "Content-Encoding"]
    headers = {"Content-Type": media_type, draw(st.sampled_from(names)): secret}
    credentials_header = draw(st.sampled_from(["Authorization", "Cookie", "-"]))
    cookie = insert_secret(["{0}", "ASP.NET_SessionId={0}", "{0}=1; ASP.NET_SessionId={0}"])
    authorization = draw(st.sampled_from(SCHEMES)) + secret
    headers[credentials_header] = cookie if credentials_header == "Cookie" else authorization
    urls = [url.replace("{0}", quote("{0}", safe="{}")) for url in URLS]
    request = entry(
        at=draw(st.floats(0, 3)),
        took=draw(st.sampled_from([0.01, 0.5, 1.0])),
        url=insert_secret(urls).replace(" ", "%20"),
        headers=headers,
        text=insert_secret(TEXTS),
        status=draw(st.sampled_from([204, 204, 400, 401, 415, 0])),
    )
    request["request"]["cookies"] = [{"name": "ASP.NET_SessionId", "value": secret}]
    request["response"] |= {"_error": secret, "content": {"text": secret}}
    return request


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(entries(), min_size=1, max_size=4))
def test_no_secret_of_a_har_is_in_a_report(file: Path, traffic: list[Entry]) -> None:
    file.write_bytes(har_of(*traffic))
    assert MARK.encode() in file.read_bytes() or ENCODED[:8].encode() in file.read_bytes()
    graded = grade.grade_har(str(file))
    for name, render in report_formats.FORMATS.items():
        text = render(graded)
        assert "lost-accounts" in text or name == "markdown"  # which lists no check that passed
        assert [mark for mark in (MARK, ENCODED[:8]) if mark in text] == []
