"""The examples in other languages: the README shows them, and they run and can fail."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import pytest

from tests.support.documents import read
from tests.support.server_process import PATH, ServerProcess, environment

HERE: Final = Path(__file__).parent
EXAMPLES: Final = "tests/examples/"
README: Final = f"{EXAMPLES}README.md"


# ---- the README ------------------------------------------------------------------------------


def test_the_readme_shows_the_files() -> None:
    blocks = re.findall(r"```\w+\n(.*?)```", read(README), re.DOTALL)
    files = (
        *("mail-sync.test.js", "mail_sync.php", "MailSyncTest.cs"),
        *("github-actions.yml", "compose.yml"),
    )
    assert [file for file in files if read(EXAMPLES + file) not in blocks] == []


def test_the_readme_shows_the_script_of_the_panel() -> None:
    (script,) = re.findall(r"(function xsrf.*?)</script>", read(EXAMPLES + "panel.html"), re.DOTALL)
    assert f"```js\n{script}```" in read(README)


# ---- JavaScript ------------------------------------------------------------------------------


def node_test(node: str, folder: Path, server: ServerProcess) -> subprocess.CompletedProcess[str]:
    """Run the test in *folder* with Node's own runner."""
    env = environment({"MOCK_URL": server.url, "NODE_PATH": str(HERE / "node_modules")})
    command = [node, "--test", "mail-sync.test.js"]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def test_the_javascript_test_passes_and_leaves_no_tenant(node: str, server: ServerProcess) -> None:
    before = server.control("GET", "tenants")
    done = node_test(node, HERE, server)
    assert done.returncode == 0, done.stdout
    assert server.control("GET", "tenants") == before


@pytest.mark.parametrize(
    ("line", "replacement", "message"),
    [
        pytest.param(
            "if (this.now() - calledAt < 900) this.due",
            "this.due",
            "account 507 was never synced",
            id="trusts every 204",
        ),
        pytest.param(
            "await this.agent.syncEmailAccountsAsync",
            "await Promise.resolve",
            "expected 1 request with outcome turned_away within 5 s, got 0",
            id="does not call",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_javascript_test_fails_for_an_app_that(
    node: str, server: ServerProcess, tmp_path: Path, line: str, replacement: str, message: str
) -> None:
    assert line in read(EXAMPLES + "mail-sync.js")
    shutil.copy(HERE / "mail-sync.test.js", tmp_path)
    changed = read(EXAMPLES + "mail-sync.js").replace(line, replacement)
    (tmp_path / "mail-sync.js").write_text(changed, encoding="utf-8")
    done = node_test(node, tmp_path, server)
    assert done.returncode == 1
    assert message in done.stdout


# ---- PHP -------------------------------------------------------------------------------------


def php(url: str) -> subprocess.CompletedProcess[str]:
    """Run the script against the mock at *url*."""
    program = shutil.which("php")
    if program is None:
        pytest.skip("the script needs PHP 8.0 or later (php-cli), which is not on the path")
    command = [program, str(HERE / "mail_sync.php")]
    env = environment({"MOCK_URL": url})
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


def test_the_php_script_prints_what_the_readme_shows(server: ServerProcess) -> None:
    expected = read(README).split("```text\n")[1].split("```")[0]
    done = php(server.url)
    assert (done.returncode, done.stdout) == (0, expected), done.stderr


def test_the_php_script_fails_if_a_call_is_refused(server: ServerProcess) -> None:
    done = php(f"{server.url}/elsewhere")
    assert done.returncode == 1
    assert "404 Not Found" in done.stdout + done.stderr


# ---- C#, which is not run --------------------------------------------------------------------


def members(value: Any) -> set[str]:
    """Return the names of all members anywhere in the JSON *value*."""
    if isinstance(value, list):
        return set().union(*map(members, value))
    if isinstance(value, dict):
        return set(value).union(*map(members, value.values()))
    return set()


def test_the_answers_to_the_control_calls_of_the_csharp_test_have_the_members_it_reads(
    server: ServerProcess,
) -> None:
    call = r'Control\(HttpMethod\.(\w+), "([^"]+)"(?:, new \{ (\w+) = "(\w+)" \}| \+ query)'
    program = read(EXAMPLES + "MailSyncTest.cs")
    calls = re.findall(call, program)
    assert len(calls) == program.count("await Control(")
    query, known_members = "", set[str]()
    for method, path, name, value in calls:
        answer = server.control(method.upper(), path + query, {name: value} if name else None)
        assert "detail" not in answer, answer
        if path == "tenants":
            query = f"tenant={answer['id']}"
            urlopen(answer["url"] + PATH, timeout=10).close()  # so that the journal is not empty
        known_members |= members(answer)
    assert set(re.findall(r'GetProperty\("(\w+)"\)', program)) <= known_members
