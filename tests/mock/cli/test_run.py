"""`superoffice-mock run`: what its command gets, what fails it, and what it says and writes."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import Result

from superoffice_contract.verdict.problems import NEVER
from superoffice_mock.cli.run import FAIL_ON
from superoffice_mock.cli.run_verdict import MAX_TENANTS, Judgement
from tests.contract.timeline.samples import Markup
from tests.contract.verdict.test_problems import LOST, STARTED, with_calls
from tests.support.local_servers import invoke

APP = """
import base64, json, os, sys, urllib.error, urllib.request

def send(url, body=None, method="POST", **headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        return error.read()

def control(method, path, body=None):
    answer = send(os.environ["SUPEROFFICE_CONTROL_URL"] + path, body, method)
    return json.loads(answer or b"null")

def sync(*accounts, office=None, path="SyncEmailAccounts"):
    url = os.environ["SUPEROFFICE_URL"] if office is None else office["url"]
    user, password = os.environ["SUPEROFFICE_USER"], os.environ["SUPEROFFICE_PASSWORD"]
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}"} if office is None else (
        office["credentials"]["headers"])
    body = {"SyncUserAccounts": [{"AccountId": account} for account in accounts]}
    url = f"{url}/api/v1/Agents/EMail/{path}"
    return send(url, body, **{"Content-Type": "application/json", **headers})
"""


def run(code: str, *options: object) -> Result:
    """Run *code*, which has `sync`, `control` and `send`."""
    return invoke("run", *options, "--", sys.executable, "-c", APP + code)


def verdict_of(result: Result) -> str:
    """Return the last line of standard error."""
    return result.stderr.splitlines()[-1]


LOSE = "control('POST', '/clock/jump'); sync(507); sync(511, 512)"


def test_a_run_passes_if_nothing_is_lost_and_fails_with_the_timeline_otherwise() -> None:
    result = run("sync(507)")
    assert result.exit_code == 0, result.stderr
    expected = "superoffice-mock run: passed; 1 request at 1 tenant: 1 started"
    assert result.stderr.splitlines() == [expected]
    result = run(LOSE)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    lost = "tenant onsite: accounts 511, 512 are lost: answered 204, and no run covers them"
    assert lines[0] == lost
    assert "#2  +0.0 s  POST SyncEmailAccounts 511, 512  204 after 1.0 s, turned away" in lines[-3]
    assert lines[-1] == (
        "superoffice-mock run: failed: lost; 2 requests at 1 tenant: 1 started, 1 turned away"
    )


def test_each_kind_of_problem_fails_a_run_that_names_it() -> None:
    for kind, code in (
        ("lost", LOSE),
        ("rejected", "sync('x')"),
        ("unfired", "control('POST', '/faults', {'status': 503, 'operation': 'RefreshFolder'})"),
        ("never-called", "pass"),
        ("unserved", "sync(path='Nothing')"),
        ("odd", "sync(507, path='SyncEmailAccounts?odd=1')"),
    ):
        result = run(code)
        assert (result.exit_code == 1) is (kind in FAIL_ON), kind
        if kind not in FAIL_ON:
            result = run(code, "--fail-on", f"lost, {kind}")
        assert result.exit_code == 1, kind
        assert f"failed: {kind}" in verdict_of(result)
        others = [option for other in {*FAIL_ON} - {kind, NEVER} for option in ("--fail-on", other)]
        green = run(code, *others)
        assert green.exit_code == 0, kind
        assert (f"; allowed: {kind}" in verdict_of(green)) is (kind != NEVER), kind
    assert run("pass", "--fail-on", "none").exit_code == 0
    assert run(LOSE, "--fail-on", "odd", "--fail-on", "lost").exit_code == 1


def test_recorded_calls_that_are_never_asked_for_fail_a_run() -> None:
    recording = "fixtures/turned-away.har"
    result = run("sync(1)", "--replay", recording, "--fail-on", "unplayed")
    assert result.exit_code == 1
    assert "recorded calls were never asked for: turned-away.har" in result.stderr.replace(
        "fixtures/", ""
    )
    assert "failed: unplayed" in verdict_of(result)


def test_the_variables_are_of_the_tenant_that_is_recorded(
    variables: "Environment", tmp_path: Path
) -> None:
    recording = json.loads(Path("fixtures/credentials.har").read_text(encoding="utf-8"))
    entries = recording["log"]["entries"]
    recording["log"]["entries"] = [
        entry for entry in entries if "/Cust12345/" in entry["request"]["url"]
    ]
    file = tmp_path / "online.har"
    file.write_text(json.dumps(recording), encoding="utf-8")
    assert variables("--replay", file)["SUPEROFFICE_URL"].endswith("/Cust12345")


def test_the_port_file_has_the_port_while_the_command_runs(tmp_path: Path) -> None:
    file = tmp_path / "port"
    code = f"assert os.environ['SUPEROFFICE_URL'].endswith(':' + open({str(file)!r}).read())"
    options = ("--port-file", file, "--host", "0.0.0.0", "--control-token", "secret")
    assert run(code, "--fail-on", "none", *options).exit_code == 0
    assert not file.exists()


def test_what_tenants_did_counts_after_tests_have_removed_or_reset_them() -> None:
    make = "office = control('POST', '/tenants', {});"
    lose = "sync(507, office=office); sync(511, office=office);"
    for end in (
        "control('DELETE', '/tenants/' + office['id'])",
        "control('POST', '/reset?tenant=' + office['id'])",
        "control('POST', '/reset?all=true')",
        "control('DELETE', '/requests?tenant=' + office['id'])",
        "pass",
    ):
        result = run(f"{make} {lose} {end}")
        assert result.exit_code == 1, end
        assert "account 511 is lost" in result.stderr, end
        assert "2 requests at 1 tenant" in verdict_of(result), end


def test_what_a_tenant_says_of_itself_counts_more_than_the_options() -> None:
    lose = "sync(507, office=office); sync(511, office=office)"
    for own, code in (
        ({"strict": []}, 0),
        ({"strict": ["lost"]}, 1),
        ({"expect_lost": [511]}, 0),
        ({"expect_lost": [511, 512]}, 1),
        ({"expect_lost": [512]}, 1),
    ):
        result = run(f"office = control('POST', '/tenants', {own}); {lose}")
        assert result.exit_code == code, (own, result.stderr)
        assert ("failed: lost" in verdict_of(result)) is (code == 1)


def test_a_journal_that_forgets_hides_no_lost_account() -> None:
    result = run("sync(507)\nfor _ in range(2): sync()", "--journal-exchanges", "2")
    assert result.exit_code == 1
    assert "whether accounts are lost is not known: 1 request was forgotten" in result.stderr


def test_a_call_in_flight_when_the_command_ends_is_not_lost() -> None:
    code = """
control("POST", "/clock/freeze")
sync(507)
import threading
threading.Thread(target=sync, args=(511,), daemon=True).start()
while control("GET", "/clock")["waiting"] == 0:
    pass  # its body is still on the way
os._exit(0)
"""
    result = run(code)
    assert result.exit_code == 0, result.stderr
    assert "2 requests at 1 tenant: 1 started, 1 pending" in verdict_of(result)


# ---- the command -----------------------------------------------------------------------------


def test_the_exit_code_of_the_command_comes_first_and_is_told() -> None:
    for code, expected in (
        ("sys.exit(7)", 7),
        (f"{LOSE}; sys.exit(7)", 7),
        ("import signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
    ):
        result = run(code)
        assert result.exit_code == expected, code
        assert f"the command ended with {expected}; " in verdict_of(result)
    assert "nothing is wrong at the mock" in verdict_of(run("sync(507); sys.exit(7)"))


Environment = Callable[..., dict[str, str]]


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Return what runs a command and returns its variables."""

    def read(*options: object, **inherited: str) -> dict[str, str]:
        for name, value in inherited.items():
            monkeypatch.setenv(name, value)
        path = tmp_path / "variables.json"
        code = f"json.dump(dict(os.environ), open({str(path)!r}, 'w'))"
        result = run(code, "--fail-on", "none", *options)
        assert result.exit_code == 0, result.stderr
        content: dict[str, str] = json.loads(path.read_text())
        return content

    return read


def test_the_command_gets_the_urls_and_the_credentials_of_its_tenant(
    variables: Environment,
) -> None:
    onsite = variables(SUPEROFFICE_ACCESS_TOKEN="a real one", OTHER="stays")
    assert onsite["OTHER"] == "stays"
    assert onsite["SUPEROFFICE_CONTROL_URL"] == onsite["SUPEROFFICE_URL"] + "/_mock"
    assert (onsite["SUPEROFFICE_USER"], onsite["SUPEROFFICE_PASSWORD"]) == ("tje0", "Tje0")
    assert onsite["SUPEROFFICE_TICKET"] == "7T:demo-ticket"
    assert onsite["SUPEROFFICE_SESSION"] == "demo-session"
    assert onsite["SUPEROFFICE_XSRF"] == "demo-xsrf"
    assert "SUPEROFFICE_ACCESS_TOKEN" not in onsite
    online = variables("--installation", "online")
    assert online["SUPEROFFICE_URL"].endswith("/Cust12345")
    assert online["SUPEROFFICE_APP_TOKEN"] == "demo-app-token"
    assert online["SUPEROFFICE_ACCESS_TOKEN"] == "8A:Cust12345.demo-token"
    assert "SUPEROFFICE_USER" not in online
    named = variables("--env", "CRM=url", "--env", "CRM_USER=user", "--control-token", "secret")
    assert (named["CRM"], named["CRM_USER"]) == (named["SUPEROFFICE_URL"], "tje0")
    assert named["SUPEROFFICE_CONTROL_TOKEN"] == "secret"


def test_the_variables_are_of_a_tenant_in_the_configuration(
    variables: Environment, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    user = '{ name = "me", password = "" }'
    table = f'[[tenant]]\nid = "mine"\ninstallation = "onsite"\nusers = [{user}]'
    file.write_text(f"port = 8204\n{table}")
    mine = variables("--config", file)
    assert mine["SUPEROFFICE_URL"].endswith("/mine")
    assert ":8204" not in mine["SUPEROFFICE_URL"]
    assert (mine["SUPEROFFICE_TENANT"], mine["SUPEROFFICE_USER"]) == ("mine", "me")
    result = run("pass", "--config", file, "--installation", "online")
    assert result.exit_code == 2
    assert "--installation online: no tenant of the configuration is online" in result.stderr


def test_options_after_the_command_are_its_own() -> None:
    for arguments in (["--", sys.executable, "-c", "import sys; sys.exit(4)", "--help"],):
        assert invoke("run", *arguments).exit_code == 4
        assert invoke("run", "--fail-on", "none", *arguments[1:]).exit_code == 4


def test_wrong_usage_is_told_before_a_command_starts(tmp_path: Path) -> None:
    started = tmp_path / "started"
    tmp_path.with_suffix(".md").mkdir()
    har = tmp_path / "recording.json"
    har.write_bytes(Path("fixtures/turned-away.har").read_bytes())
    touch = [sys.executable, "-c", f"open({str(started)!r}, 'w')"]
    cases: list[tuple[Sequence[object], str]] = [
        ([], "Missing argument 'COMMAND...'"),
        (
            ["--fail-on", "losts", *touch],
            "--fail-on: unknown kind of problem 'losts'; did you mean",
        ),
        (["--fail-on", "", *touch], "--fail-on: unknown kind of problem; the kinds are: lost, "),
        (["--fail-on", "none,lost", *touch], "--fail-on: none stands alone; leave out the other"),
        (["--env", "X", *touch], "--env: expected the name of a variable and a value, such as"),
        (["--env", "A B=url", *touch], "--env: expected the name of a variable and a value"),
        (["--env", "SUPEROFFICE_MOCK_URL=url", *touch], "SUPEROFFICE_MOCK_ are settings"),
        (["--env", "X=urls", *touch], "--env: unknown value 'urls'; did you mean 'url'?"),
        (["--env", "X=access-token", *touch], "--env: tenant onsite has no access-token"),
        (
            ["--report", "x.pdf", *touch],
            "ends with one of .xml, .json, .md, .txt, .html",
        ),
        (["--report", "no/such/x.md", *touch], "no/such/x.md: no such folder; make it, or name"),
        (["--report", tmp_path.with_suffix(".md"), *touch], "it is a folder; name a file"),
        (["--replay", "no.har", *touch], "no.har: no such file"),
        (["--replay", har, "--report", har, *touch], "it is a recording; name another file"),
        ([*touch, "\0"], "a part of it has a null character"),
        (["--seconds-per-account", "x", *touch], "seconds-per-account"),
        (["--installation", "other", *touch], "expected one of onsite, online"),
    ]
    for arguments, expected in cases:
        result = invoke("run", *arguments)
        assert result.exit_code == 2, arguments
        assert expected in result.stderr, (arguments, result.stderr)
    assert not started.exists()


def test_a_command_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo")
    for command, expected in (
        ("no-such-program", "no-such-program: no such file; give a program that is on the PATH"),
        (script, "permission denied; make it executable, or name its interpreter before it"),
        (tmp_path, "permission denied"),
    ):
        result = invoke("run", "--", command)
        assert result.exit_code == 2, command
        assert expected in result.stderr, command
        assert len(result.stderr.splitlines()) == 1


# ---- reports ---------------------------------------------------------------------------------


def test_a_report_has_a_result_for_each_kind_and_the_notes_of_grade(tmp_path: Path) -> None:
    paths = {suffix: tmp_path / f"report.{suffix}" for suffix in ("xml", "json", "md", "txt")}
    options = [option for path in paths.values() for option in ("--report", path)]
    assert run(f"{LOSE}; sync(514, 514)", *options).exit_code == 1
    suite = ET.parse(paths["xml"]).getroot()
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert {"lost", "rejected", "unfired", "unplayed", "never-called", "odd"} <= cases.keys()
    (failed,) = (name for name, case in cases.items() if case.find("failure") is not None)
    assert failed == "lost"
    report: Any = json.loads(paths["json"].read_text())
    by_check = {result["check"]: result for result in report["results"]}
    assert by_check["lost"]["status"] == "failed"
    assert by_check["duplicate-account"]["status"] == "passed"
    assert by_check["duplicate-account"]["notes"]
    for suffix in ("md", "txt"):
        assert "accounts 511, 512, 514 are lost" in paths[suffix].read_text(), suffix


def test_a_page_has_a_picture_of_each_tenant_and_those_that_fail_come_first(tmp_path: Path) -> None:
    code = f"""
sync(507)
for n in range({MAX_TENANTS} + 2):
    office = control("POST", "/tenants", {{"clock": "jump"}})
    sync(600 + n, office=office)
    if n > {MAX_TENANTS - 1}:
        sync(900 + n, office=office)
    control("DELETE", "/tenants/" + office["id"])
"""
    page = tmp_path / "report.html"
    assert run(code, "--report", page).exit_code == 1
    text = page.read_text()
    (*data, _) = Markup(text).content("script")
    headlines = [json.loads(each)[0]["headline"] for each in data]
    assert headlines == [
        *(f"1 of 2 calls did nothing; account {n} was never synced" for n in (910, 911)),
        *["the call did what it asked for"] * (MAX_TENANTS - 2),
    ]
    call = json.loads(data[0])[0]["calls"][1]
    assert call["request"]["body"] == '{"SyncUserAccounts": [{"AccountId": 910}]}'
    assert ["authorization", "Basic [redacted]"] in call["request"]["headers"]
    assert "2 failures" in text


def test_a_report_that_cannot_be_written_is_told_and_fails_a_run_that_passed(
    tmp_path: Path,
) -> None:
    for number, (code, expected) in enumerate((("sync(507)", 2), (LOSE, 1), ("sys.exit(7)", 7))):
        folder = tmp_path / f"{number}.md"
        result = run(f"os.mkdir({str(folder)!r}); {code}", "--report", folder)
        assert result.exit_code == expected
        assert f"{number}.md: is a directory" in result.stderr


def test_of_many_tenants_the_first_that_fail_are_shown() -> None:
    judgement = Judgement(["lost"])
    for number in range(MAX_TENANTS + 2):
        evidence = with_calls(STARTED, LOST)
        judgement.add(type(evidence)(f"t-{number}", evidence.traffic))
    text = judgement.describe(0)
    assert text.count("What reached the mock") == MAX_TENANTS
    assert "and 2 tenants more" in text
    assert text.splitlines()[-1].startswith("superoffice-mock run: failed: lost; 24 requests at 12")
