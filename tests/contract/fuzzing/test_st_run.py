"""`st run`, with the files that `fuzzing.export_config` writes."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests
from schemathesis import Response

from superoffice_contract.fuzzing import custom_checks, export_config
from superoffice_contract.operations import sync_email_accounts
from tests.contract.other_server.bodies import FORM, JSON, XML
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.support.server_process import BASIC, ServerProcess, environment, run_server

TICKET = "SOTicket 7T:demo-ticket"
TOKEN = "Bearer 8A:Cust12345.demo-token"
APP_TOKEN = {"SUPEROFFICE_APP_TOKEN": "demo-app-token"}
GOOD_HEADERS = {"Cache-Control": ["no-cache"], "Pragma": ["no-cache"], "Expires": ["-1"]}
BODIES = tuple(sync_email_accounts.operation().bodies)
ALL = frozenset({*JSON, *XML, FORM})
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    export_config.main([str(tmp_path)])
    return tmp_path


def st_run(folder: Path, url: str, authorization: str, *flags: str, **env: str) -> Done:
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.yaml", "-u", url, *flags]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment({"SUPEROFFICE_AUTHORIZATION": authorization, **env}),
        capture_output=True,
        text=True,
        timeout=100,
    )


# ---- the files -------------------------------------------------------------------------------


def test_the_files_are_written_into_a_folder_that_need_not_exist(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    export_config.main([str(folder)])
    assert {path.name for path in folder.iterdir()} == {"schemathesis.toml", "openapi.yaml"}


def test_existing_files_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "openapi.yaml"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit) as exit_info:
        export_config.main([str(tmp_path)])
    assert exit_info.value.code == 2
    assert capsys.readouterr().err.startswith(f"{mine}: exists already")
    assert [path.name for path in tmp_path.iterdir()] == ["openapi.yaml"]
    assert mine.read_text(encoding="utf-8") == "mine"
    mine.unlink()
    mine.symlink_to(tmp_path / "victim")
    with pytest.raises(SystemExit):
        export_config.main([str(tmp_path)])
    assert capsys.readouterr().err == f"{mine}: file exists\n"
    assert not (tmp_path / "victim").exists()


def test_a_folder_that_is_a_file_is_an_error_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(SystemExit) as exit_info:
        export_config.main([str(tmp_path / "taken")])
    assert exit_info.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


# ---- the checks ------------------------------------------------------------------------------


def failed_checks(status: int, headers: dict[str, list[str]], content: bytes = b"") -> set[str]:
    """Return the names of the checks that fail for this response."""
    request = requests.Request("POST", "http://127.0.0.1/").prepare()
    response = Response(status, headers, content, request, elapsed=0.1, verify=True)
    return {name for name in custom_checks.RESPONSE_CHECKS if fails(find_check(name), response)}


def find_check(name: str) -> Any:
    return next(check for check in custom_checks.all_checks({}) if check.__name__ == name)


def fails(check: Any, response: Response) -> bool:
    try:
        check(None, response, None)
    except AssertionError:
        return True
    return False


def test_a_correct_response_fails_no_check() -> None:
    for status in (200, 204, 400, 401, 415, 503):
        assert failed_checks(status, GOOD_HEADERS) == set(), status


def test_a_wrong_response_fails_only_its_check() -> None:
    for status, headers, content, check in (
        (204, {}, b"null", "no_body_on_204"),
        (204, {"Content-Length": ["0"]}, b"", "no_body_on_204"),
        (204, {"Set-Cookie": ["a=b"]}, b"", "no_hints_on_204"),
        (204, {"Location": ["/"]}, b"", "no_hints_on_204"),
        (401, {"Server": ["Kestrel"]}, b"", "no_banner"),
        (204, {"Expires": ["0"]}, b"", "not_cached"),
        (415, {"Cache-Control": ["max-age=9"]}, b"", "not_cached"),
        (400, {}, b"   at System.Web.Http.Controllers", "no_trace_in_errors"),
        (500, {}, b"Traceback (most recent call last):", "no_trace_in_errors"),
    ):
        assert failed_checks(status, GOOD_HEADERS | headers, content) == {check}, headers


def test_the_readme_lists_every_check() -> None:
    readme = Path(__file__).parents[3] / "contracts" / "README.md"
    section = readme.read_text(encoding="utf-8").split("## Schemathesis alone\n")[1]
    rows = re.findall(r"^\| `(\w+)` \|", section.split("\n## ")[0], re.MULTILINE)
    assert sorted(rows) == sorted(check.__name__ for check in custom_checks.all_checks({}))


# ---- a server that passes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tenant", "authorization", "app_token"),
    [
        pytest.param("onsite", BASIC, {}, marks=pytest.mark.slow),
        pytest.param("Cust12345", TOKEN, {}, marks=pytest.mark.nightly),
        pytest.param("Cust12345", TICKET, APP_TOKEN, marks=pytest.mark.nightly),
    ],
    ids=["onsite", "Online, a token", "Online, a ticket"],
)
def test_the_mock_passes_and_accepts_calls(
    folder: Path, tenant: str, authorization: str, app_token: dict[str, str]
) -> None:
    with run_server("--log", "off", "--journal-exchanges", "10000") as server:
        server.control("POST", f"clock/jump?tenant={tenant}")
        base = server.url if tenant == "onsite" else f"{server.url}/{tenant}"
        process = st_run(folder, base, authorization, **app_token)
        counts = count_accepted(server, tenant)
    assert process.returncode == 0, process.stdout + process.stderr
    assert "No issues found" in process.stdout
    assert counts.total() >= 200, counts
    assert all(counts[media_type] >= 20 for media_type in BODIES), counts
    assert set(counts) == set(BODIES)


def count_accepted(server: ServerProcess, tenant: str) -> Counter[str]:
    """Return how many calls of each media type were answered 204, by the journal."""
    exchanges = server.control("GET", f"requests?tenant={tenant}&limit=10000")["requests"]
    return Counter(
        exchange["media_type"]
        for exchange in exchanges
        if exchange["method"] == "POST" and exchange["status"] == 204
    )


# ---- servers that fail -----------------------------------------------------------------------


@pytest.mark.slow
def test_each_way_in_which_a_server_breaks_the_contract_fails_the_right_check(folder: Path) -> None:
    """Two servers with several defects each: every run of the command starts a program."""
    headers = (("Retry-After", "1"), ("Content-Length", "0"), ("Server", "other"))
    without_text_json = ServerBehavior(
        accepted_headers=headers, challenges=False, media_types=ALL - {"text/json"}
    )
    with_text_plain = ServerBehavior(
        accepted=200, media_types=ALL | {"text/plain"}, run_seconds=0, busy_seconds=0
    )
    checks_of_204 = ("`no_hints_on_204`", "`no_body_on_204`", "`no_banner`")
    for behavior, phase, checks in (
        (
            without_text_json,
            "examples",
            (*checks_of_204, "`strangers_challenged`", "Schema-valid request rejected"),
        ),
        (with_text_plain, "coverage", ("`media_type_declared`", "Undocumented status code")),
    ):
        with run_other_server(behavior) as url:
            process = st_run(folder, url, "SOTicket 7T:other-ticket", "--phases", phase)
        assert process.returncode == 1, process.stdout + process.stderr
        assert [check for check in checks if check not in process.stdout] == []
        assert "7T:other-ticket" not in process.stdout + process.stderr


@pytest.mark.slow
def test_a_server_that_refuses_the_credential_fails(folder: Path) -> None:
    with run_other_server(ServerBehavior()) as url:
        process = st_run(folder, url, "SOTicket 7T:nobody", "--phases", "examples")
    assert process.returncode == 1, process.stdout + process.stderr
    assert "Schema-valid request rejected" in process.stdout
    assert "Authentication failed" in process.stdout
