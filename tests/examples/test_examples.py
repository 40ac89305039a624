"""The examples in other languages: the README shows them, and they run and can fail."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.examples.control_types import client_with_types
from tests.support.documents import read
from tests.support.server_process import ServerProcess, environment

HERE: Final = Path(__file__).parent
EXAMPLES: Final = "tests/examples/"
README: Final = f"{EXAMPLES}README.md"


# ---- the README ------------------------------------------------------------------------------


def test_the_readme_shows_the_files() -> None:
    blocks = re.findall(r"```\w+\n(.*?)```", read(README), re.DOTALL)
    files = (
        *("mail-sync.test.js", "mail-sync.test.ts", "vitest.config.mts"),
        *("mail_sync.php", "MailSyncTest.cs"),
        *("github-actions.yml", "compose.yml"),
    )
    assert [file for file in files if read(EXAMPLES + file) not in blocks] == []


def test_the_readme_shows_the_script_of_the_panel() -> None:
    (script,) = re.findall(r"(function xsrf.*?)</script>", read(EXAMPLES + "panel.html"), re.DOTALL)
    assert f"```js\n{script}```" in read(README)


# ---- an app, and the same app when it trusts every 204 ----------------------------------------

LOST: Final = "account 507 is lost: answered 204, and no run covers it"
TRUST: Final = {
    "mail-sync.js": ("if (this.now() - calledAt < 900) this.due", "this.due"),
    "MailSync.cs": ("if (watch.ElapsedMilliseconds < 900) due", "watch.Stop(); due"),
}
"""What makes an app trust every 204: a text in its file, and what to put there."""


def trusting(file: str) -> str:
    """Return the app in *file*, changed so that it trusts every 204."""
    careful, trust = TRUST[file]
    assert careful in read(EXAMPLES + file)
    return read(EXAMPLES + file).replace(careful, trust)


def run(
    command: Sequence[object], server: ServerProcess, folder: Path = HERE
) -> subprocess.CompletedProcess[str]:
    """Run *command* in *folder* with the URL of the control surface; its output is one text."""
    variables = {
        "SUPEROFFICE_CONTROL_URL": f"{server.url}/_mock",
        "NODE_PATH": str(HERE / "node_modules"),
        "SYNC_PAUSE": "0.03",  # a jumping clock moves after 0.02 s without a call
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env=environment(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )


# ---- Node.js ---------------------------------------------------------------------------------

NODE_TEST: Final = ("--test", "mail-sync.test.js")


def test_the_javascript_test_passes_and_leaves_no_tenant(node: str, server: ServerProcess) -> None:
    before = server.control("GET", "tenants")
    done = run([node, *NODE_TEST], server)
    assert done.returncode == 0, done.stdout
    assert server.control("GET", "tenants") == before


def fails_in_node(node: str, server: ServerProcess, folder: Path, app: str) -> str:
    """Return what Node's test of *app* prints when it fails."""
    shutil.copy(HERE / "mail-sync.test.js", folder)
    (folder / "mail-sync.js").write_text(app, encoding="utf-8")
    done = run([node, *NODE_TEST], server, folder)
    assert done.returncode == 1
    return done.stdout


def test_the_javascript_test_fails_for_an_app_that_trusts_every_204(
    node: str, server: ServerProcess, tmp_path: Path
) -> None:
    assert LOST in fails_in_node(node, server, tmp_path, trusting("mail-sync.js"))


@pytest.mark.slow
def test_the_javascript_test_fails_for_an_app_that_does_not_call(
    node: str, server: ServerProcess, tmp_path: Path
) -> None:
    call = "await this.agent.syncEmailAccountsAsync"
    app = read(f"{EXAMPLES}mail-sync.js").replace(call, "await Promise.resolve")
    message = "expected 1 request with outcome turned_away within 5 s, got 0"
    assert message in fails_in_node(node, server, tmp_path, app)


# ---- TypeScript ------------------------------------------------------------------------------

MISTAKES: Final = """
import { makeTenant } from "./superoffice-mock";
// @ts-expect-error
const office = await makeTenant({ strict: ["losst"] });
// @ts-expect-error
await office.wait({ outcome: "turned-away" });
// @ts-expect-error
(await office.accounts())[0].LastFetch;
export {};
"""
TYPESCRIPT: Final = (
    *("superoffice-mock.ts", "mail-sync.test.ts", "mail-sync.js"),
    *("vitest.config.mts", "tsconfig.json"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the files of the example, as a developer has them."""
    for file in TYPESCRIPT:
        shutil.copy(HERE / file, tmp_path)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    return tmp_path


@pytest.mark.slow
def test_the_client_has_the_types_that_the_mock_describes_and_is_short(node: str) -> None:
    client = read(f"{EXAMPLES}superoffice-mock.ts")
    assert client == client_with_types(node), "run python -m tests.examples.control_types"
    assert len(client.splitlines()) <= 150


@pytest.mark.slow
def test_the_typescript_example_compiles_strictly_and_mistakes_do_not(
    node: str, project: Path
) -> None:
    (project / "mistakes.ts").write_text(MISTAKES, encoding="utf-8")
    files = read(f"{EXAMPLES}tsconfig.json").replace('"files": [', '"files": ["mistakes.ts", ')
    (project / "tsconfig.json").write_text(files, encoding="utf-8")
    command = [node, "node_modules/typescript/bin/tsc"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def vitest(node: str, server: ServerProcess, project: Path) -> subprocess.CompletedProcess[str]:
    return run([node, "node_modules/vitest/vitest.mjs", "run"], server, project)


@pytest.mark.slow
def test_vitest_cannot_load_the_vendors_client_unless_it_is_inlined(
    node: str, server: ServerProcess, project: Path
) -> None:
    config = read(f"{EXAMPLES}vitest.config.mts").replace('inline: ["@superoffice/webapi"]', "")
    (project / "vitest.config.mts").write_text(config, encoding="utf-8")
    output = vitest(node, server, project).stdout
    assert re.search(r"Cannot find module '.*/dist/esm/WebApiBase'", output), output


# ---- PHP -------------------------------------------------------------------------------------


def text_blocks() -> list[str]:
    """Return the outputs that the README shows: those of `run`, of vitest, and of PHP."""
    return re.findall(r"```text\n(.*?)```", read(README), re.DOTALL)


def php(server: ServerProcess, *app: str) -> subprocess.CompletedProcess[str]:
    """Run the script with the command of an *app*."""
    program = shutil.which("php")
    if program is None:
        pytest.skip("the script needs PHP 8.0 or later (php-cli), which is not on the path")
    return run([program, "mail_sync.php", *app], server)


def test_the_php_script_fails_for_the_app_that_trusts_as_the_readme_shows(
    server: ServerProcess,
) -> None:
    done = php(server, "php", "sync_due.php", "trust")
    assert (done.returncode, done.stdout) == (1, text_blocks()[2])


def test_the_php_script_passes_for_the_app_that_looks_and_leaves_no_tenant(
    server: ServerProcess,
) -> None:
    before = server.control("GET", "tenants")
    done = php(server, "php", "sync_due.php", "look")
    assert done.returncode == 0, done.stdout
    assert "507 is synced\nWhat reached the mock:\n" in done.stdout
    assert server.control("GET", "tenants") == before


def test_the_php_script_fails_if_the_app_fails_or_a_control_call_is_refused(
    server: ServerProcess,
) -> None:
    assert php(server, "sh", "-c", "exit 3").returncode == 3
    done = php(replace(server, url=f"{server.url}/elsewhere"), "true")
    assert done.returncode == 1
    assert "404 Not Found" in done.stdout
