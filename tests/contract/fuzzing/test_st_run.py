"""Plain `st run`, with the files that `fuzzing.export_config` writes."""

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
from superoffice_contract.openapi import operations
from tests.contract.other_server.bodies import FORM, JSON, XML
from tests.contract.other_server.server import Make
from tests.contract.other_server.server import serving as serving_other
from tests.support.server_process import BASIC, Running, environment, serving

TICKET = "SOTicket 7T:demo-ticket"
BODIES = tuple(next(iter(operations.load().operations.values())).bodies)
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
    export_config.main([str(tmp_path / "new" / "one")])
    written = {one.name for one in (tmp_path / "new" / "one").iterdir()}
    assert written == {"schemathesis.toml", "openapi.yaml"}


def test_files_that_are_there_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "openapi.yaml"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        export_config.main([str(tmp_path)])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"{mine}: is there already")
    assert [one.name for one in tmp_path.iterdir()] == ["openapi.yaml"]
    assert mine.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_a_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(SystemExit) as ended:
        export_config.main([str(tmp_path / "taken")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


# ---- the checks ------------------------------------------------------------------------------

GOOD = {"Cache-Control": ["no-cache"], "Pragma": ["no-cache"], "Expires": ["-1"]}


def failed(status: int, headers: dict[str, list[str]], content: bytes = b"") -> set[str]:
    """The checks of answers that fail on this one."""
    request = requests.Request("POST", "http://127.0.0.1/").prepare()
    response = Response(status, headers, content, request, elapsed=0.1, verify=True)
    return {name for name in custom_checks.ANSWERS if fails(named(name), response)}


def named(name: str) -> Any:
    return next(one for one in custom_checks.every() if one.__name__ == name)


def fails(check: Any, response: Response) -> bool:
    try:
        check(None, response, None)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("status", [200, 204, 400, 401, 415, 503])
def test_a_good_answer_fails_no_check(status: int) -> None:
    assert failed(status, GOOD) == set()


@pytest.mark.parametrize(
    ("status", "headers", "content", "check"),
    [
        (204, {}, b"null", "no_body_on_204"),
        (204, {"Content-Length": ["0"]}, b"", "no_body_on_204"),
        (204, {"Set-Cookie": ["a=b"]}, b"", "no_hints_on_204"),
        (204, {"Location": ["/"]}, b"", "no_hints_on_204"),
        (401, {"Server": ["Kestrel"]}, b"", "no_banner"),
        (204, {"Expires": ["0"]}, b"", "not_cached"),
        (415, {"Cache-Control": ["max-age=9"]}, b"", "not_cached"),
        (400, {}, b"   at System.Web.Http.Controllers", "no_trace_in_errors"),
        (500, {}, b"Traceback (most recent call last):", "no_trace_in_errors"),
    ],
)
def test_a_bad_answer_fails_its_check_alone(
    status: int, headers: dict[str, list[str]], content: bytes, check: str
) -> None:
    assert failed(status, GOOD | headers, content) == {check}


def test_the_readme_lists_every_check() -> None:
    readme = Path(__file__).parents[3] / "contracts" / "README.md"
    section = readme.read_text(encoding="utf-8").split("## Schemathesis alone\n")[1]
    rows = re.findall(r"^\| `(\w+)` \|", section.split("\n## ")[0], re.MULTILINE)
    assert sorted(rows) == sorted(one.__name__ for one in custom_checks.every())


# ---- it passes -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tenant", "authorization", "app_token"),
    [
        ("onsite", BASIC, {}),
        ("Cust12345", "Bearer 8A:Cust12345.demo-token", {}),
        ("Cust12345", TICKET, {"SUPEROFFICE_APP_TOKEN": "demo-app-token"}),
    ],
    ids=["onsite", "Online, a token", "Online, a ticket"],
)
def test_the_mock_passes_and_was_really_called(
    folder: Path, tenant: str, authorization: str, app_token: dict[str, str]
) -> None:
    with serving("--log", "off", "--journal-exchanges", "10000") as server:
        server.control("POST", f"clock/jump?tenant={tenant}")
        base = server.url if tenant == "onsite" else f"{server.url}/{tenant}"
        done = st_run(folder, base, authorization, **app_token)
        accepted = let_in(server, tenant)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
    assert accepted.total() >= 200, accepted
    assert all(accepted[one] >= 20 for one in BODIES), accepted
    assert set(accepted) == set(BODIES)


def let_in(server: Running, tenant: str) -> Counter[str]:
    """How many calls of each media type were answered 204, by the journal."""
    seen = server.control("GET", f"requests?tenant={tenant}&limit=10000")["requests"]
    calls = [one for one in seen if one["method"] == "POST" and one["status"] == 204]
    return Counter(one["media_type"] for one in calls)


# ---- it fails --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "phase", "check"),
    [
        (Make(accepted_headers=(("Retry-After", "1"),)), "examples", "`no_hints_on_204`"),
        (Make(accepted_headers=(("Content-Length", "0"),)), "examples", "`no_body_on_204`"),
        (Make(accepted_headers=(("Server", "other"),)), "examples", "`no_banner`"),
        (Make(challenges=False), "examples", "`strangers_challenged`"),
        (
            Make(media_types=ALL | {"text/plain"}, run_seconds=0),
            "coverage",
            "`media_type_declared`",
        ),
        (Make(accepted=200), "examples", "Undocumented status code"),
        (Make(media_types=ALL - {"text/json"}), "examples", "Schema-valid request rejected"),
    ],
    ids=["hint", "length", "banner", "no challenge", "text/plain", "200", "no text/json"],
)
def test_a_server_that_breaks_the_contract_fails_by_the_right_check(
    folder: Path, make: Make, phase: str, check: str
) -> None:
    with serving_other(make) as url:
        done = st_run(folder, url, "SOTicket 7T:other-ticket", "--phases", phase)
    assert done.returncode == 1, done.stdout + done.stderr
    assert check in done.stdout
    assert "7T:other-ticket" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_server_that_lets_nobody_in_fails(folder: Path) -> None:
    with serving_other(Make()) as url:
        done = st_run(folder, url, "SOTicket 7T:nobody", "--phases", "examples")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Schema-valid request rejected" in done.stdout
    assert "Authentication failed" in done.stdout
