"""One line of CI for each language: red for the app that trusts a 204, else green."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.examples.test_examples import HERE, TYPESCRIPT, text_blocks, trusting
from tests.examples.test_sync_due import MONO_CRASHES
from tests.support.server_process import PROGRAM, environment

LOST: Final = "account 507 is lost: answered 204, and no run covers it"
PYTHON_TEST: Final = """
import os
import httpx2
from sync_due import EMailAgent, {way}

def test_the_account_is_synced():
    control = httpx2.Client(base_url=os.environ["SUPEROFFICE_CONTROL_URL"])
    accounts = [{{"id": 501, "seconds": 2}}, {{"id": 507}}]
    office = control.post("tenants", json={{"accounts": accounts}}).json()
    sign_in = office["credentials"]["headers"]
    with httpx2.Client(base_url=office["url"], headers=sign_in) as client:
        agent = EMailAgent(client)
        agent.sync([{{"AccountId": 501}}])
        {call}
"""
SHELL: Final = r"""
sync() {
  curl -s -u "$SUPEROFFICE_USER:$SUPEROFFICE_PASSWORD" -H "Content-Type: application/json" \
    -d "{\"SyncUserAccounts\": [{\"AccountId\": $1}]}" \
    "$SUPEROFFICE_URL/api/v1/Agents/EMail/SyncEmailAccounts"
}
control() { curl -s -o answer "$SUPEROFFICE_CONTROL_URL/$1" -d "$2"; }
control clock/jump '{}'
sync 501
[ "$1" = trust ] || control clock/advance '{"until": "idle"}'
sync 507
"""

pytestmark = pytest.mark.slow


def run(command: Sequence[object], folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {
        "NODE_PATH": str(HERE / "node_modules"),
        "PYTHONPATH": str(HERE),
        "NO_COLOR": "1",
        "SYNC_PAUSE": "0.03",  # a jumping clock moves after 0.02 s without a call
    }
    return subprocess.run(
        [*PROGRAM, "run", "--", *map(str, command)],
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=60,
    )


def check_colours(
    careful: Sequence[object], trusting: Sequence[object], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Check that the *careful* app passes and the *trusting* one fails; return the failure."""
    green = run(careful, folder)
    assert green.returncode == 0, green.stdout + green.stderr
    assert green.stderr.splitlines()[-1].startswith("superoffice-mock run: passed; ")
    red = run(trusting, folder)
    assert red.returncode == 1, red.stdout + red.stderr
    assert LOST in red.stderr
    assert "turned away" in red.stderr
    assert "failed: lost; " in red.stderr.splitlines()[-1]
    return red


def test_node(node: str, tmp_path: Path) -> None:
    for way in ("careful", "trusting"):
        folder = tmp_path / way
        folder.mkdir()
        shutil.copy(HERE / "mail-sync.test.js", folder)
        shutil.copy(HERE / "mail-sync.js", folder)
    (tmp_path / "trusting/mail-sync.js").write_text(trusting("mail-sync.js"), encoding="utf-8")
    files = (f"{way}/mail-sync.test.js" for way in ("careful", "trusting"))
    careful, trusts = ([node, "--test", file] for file in files)
    red = check_colours(careful, trusts, tmp_path)
    assert re.sub("t-[0-9a-f]{12}", "t-0123456789ab", red.stderr) == text_blocks()[0]


def test_vitest(node: str, tmp_path: Path) -> None:
    for way in ("careful", "trusting"):
        folder = tmp_path / way
        folder.mkdir()
        for file in TYPESCRIPT:
            shutil.copy(HERE / file, folder)
        (folder / "node_modules").symlink_to(HERE / "node_modules")
    (tmp_path / "trusting/mail-sync.js").write_text(trusting("mail-sync.js"), encoding="utf-8")
    vitest = [node, HERE / "node_modules/vitest/vitest.mjs", "run", "--root"]
    red = check_colours([*vitest, "careful"], [*vitest, "trusting"], tmp_path)
    assert text_blocks()[1] in (red.stdout + red.stderr).replace("\n FAIL", "\nFAIL")


def test_php(tmp_path: Path) -> None:
    program = shutil.which("php")
    if program is None:
        pytest.skip("the script needs PHP 8.0 or later (php-cli), which is not on the path")
    script = [program, HERE / "mail_sync.php", program, HERE / "sync_due.php"]
    check_colours([*script, "look"], [*script, "trust"], tmp_path)


def test_csharp(compile_csharp: Callable[..., list[str]], tmp_path: Path) -> None:
    files = [HERE / f"{name}.cs" for name in ("SuperOfficeMock", "MailSyncTest", "XunitStandIn")]
    app = tmp_path / "MailSync.cs"
    app.write_text(trusting("MailSync.cs"), encoding="utf-8")
    fact = "An_app_that_was_turned_away_asks_again"
    green = run_with_mono(compile_csharp(*files, HERE / "MailSync.cs"), tmp_path)
    assert (green.returncode, green.stdout) == (0, f"passed {fact}\n"), green.stderr
    red = run_with_mono(compile_csharp(*files, app), tmp_path)
    assert (red.returncode, "failed: lost; " in red.stderr) == (1, True), red.stderr
    assert red.stdout.startswith(f"FAILED {fact}\n{LOST}\n")


def run_with_mono(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run *command*, and again if Mono's runtime fails."""
    for _ in range(5):
        done = run(command, folder)
        if not any(text in done.stdout + done.stderr for text in MONO_CRASHES):
            return done
    pytest.fail("Mono's runtime failed five times in a row")


def test_pytest(tmp_path: Path) -> None:
    for way, call in (("look", "look(agent, sleep=lambda _: None)"), ("trust", "trust(agent)")):
        code = PYTHON_TEST.format(way=way, call=call)
        (tmp_path / f"test_{way}.py").write_text(code, encoding="utf-8")
    pytest_line = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly"]
    check_colours([*pytest_line, "test_look.py"], [*pytest_line, "test_trust.py"], tmp_path)


def test_a_shell_script(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the script needs curl, which is not on the path")
    (tmp_path / "app.sh").write_text(SHELL, encoding="utf-8")
    check_colours(["sh", "app.sh", "wait"], ["sh", "app.sh", "trust"], tmp_path)
