"""The examples in other languages: they run, they are what is shown, and they can fail."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import pytest

from tests.repository.test_readmes import read
from tests.support.server_process import PATH, Running, environment

HERE: Final = Path(__file__).parent
OTHERS: Final = "tests/examples/README.md"


def source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


# ---- shown -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "file"),
    [
        ("README.md", "mail-sync.test.js"),
        (OTHERS, "mail_sync.php"),
        (OTHERS, "MailSyncTest.cs"),
        (OTHERS, "github-actions.yml"),
        (OTHERS, "compose.yml"),
    ],
)
def test_a_document_shows_the_very_file_that_it_names(document: str, file: str) -> None:
    shown = re.findall(r"```\w+\n(.*?)```", read(document), re.DOTALL)
    assert source(file) in shown


def test_the_panel_is_shown_without_its_page() -> None:
    (script,) = re.findall(r"(function xsrf.*?)</script>", source("panel.html"), re.DOTALL)
    assert f"```js\n{script}```" in read(OTHERS)


# ---- JavaScript ------------------------------------------------------------------------------


def node_test(node: str, folder: Path, server: Running) -> subprocess.CompletedProcess[str]:
    """Run the test in *folder* by Node's own runner."""
    env = environment({"MOCK_URL": server.url, "NODE_PATH": str(HERE / "node_modules")})
    command = [node, "--test", "mail-sync.test.js"]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def test_the_javascript_test_passes_and_leaves_no_tenant(node: str, server: Running) -> None:
    before = server.control("GET", "tenants")
    done = node_test(node, HERE, server)
    assert done.returncode == 0, done.stdout
    assert server.control("GET", "tenants") == before


@pytest.mark.parametrize(
    ("line", "instead", "told"),
    [
        pytest.param(
            "if (this.now() - asked < 900) this.due",
            "this.due",
            "account 507 was never synced",
            id="believes every 204",
        ),
        pytest.param(
            "await this.agent.syncEmailAccountsAsync",
            "await Promise.resolve",
            "0 of 1 requests that are turned_away came within 5 s",
            id="does not call",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_javascript_test_fails_for_an_app_that(
    node: str, server: Running, tmp_path: Path, line: str, instead: str, told: str
) -> None:
    assert line in source("mail-sync.js")
    shutil.copy(HERE / "mail-sync.test.js", tmp_path)
    wrong = source("mail-sync.js").replace(line, instead)
    (tmp_path / "mail-sync.js").write_text(wrong, encoding="utf-8")
    done = node_test(node, tmp_path, server)
    assert done.returncode == 1
    assert told in done.stdout


# ---- PHP -------------------------------------------------------------------------------------


def php(url: str) -> subprocess.CompletedProcess[str]:
    """Run the script against the mock at *url*."""
    program = shutil.which("php")
    if program is None:
        pytest.skip("the script needs PHP 8.0 or later, and it is not on the path: php-cli")
    command = [program, str(HERE / "mail_sync.php")]
    env = environment({"MOCK_URL": url})
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


def test_the_php_script_prints_what_the_document_shows(server: Running) -> None:
    shown = read(OTHERS).split("```text\n")[1].split("```")[0]
    done = php(server.url)
    assert (done.returncode, done.stdout) == (0, shown), done.stderr


def test_the_php_script_fails_where_a_call_is_refused(server: Running) -> None:
    done = php(f"{server.url}/elsewhere")
    assert done.returncode == 1
    assert "404 Not Found" in done.stdout + done.stderr


# ---- C#, which is not run --------------------------------------------------------------------


def members(told: Any) -> set[str]:
    """Return the names of all members anywhere in *told*."""
    if isinstance(told, list):
        return set().union(*map(members, told))
    if isinstance(told, dict):
        return set(told).union(*map(members, told.values()))
    return set()


def test_the_control_calls_of_the_csharp_test_answer_the_members_that_it_reads(
    server: Running,
) -> None:
    call = r'Control\(HttpMethod\.(\w+), "([^"]+)"(?:, new \{ (\w+) = "(\w+)" \}| \+ here)'
    calls = re.findall(call, source("MailSyncTest.cs"))
    assert len(calls) == source("MailSyncTest.cs").count("await Control(")
    here, answered = "", set[str]()
    for method, path, name, value in calls:
        told = server.control(method.upper(), path + here, {name: value} if name else None)
        assert "detail" not in told, told
        if path == "tenants":
            here = f"tenant={told['id']}"
            urlopen(told["url"] + PATH, timeout=10).close()  # so that the journal has something
        answered |= members(told)
    assert set(re.findall(r'GetProperty\("(\w+)"\)', source("MailSyncTest.cs"))) <= answered
