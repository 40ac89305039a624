"""Node.js, and the vendor's client beside this file."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"


@pytest.fixture(scope="session")
def node() -> str:
    """The node that runs the client, which is installed beside this file."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("the vendor's client needs Node.js and npm, and they are not on the path")
    if not MODULES.is_dir():
        install(npm)
    assert versions(MODULES / ".package-lock.json") == versions(HERE / "package-lock.json"), (
        "tests/examples/node_modules is not what package-lock.json names: run npm ci there"
    )
    return node


def install(npm: str) -> None:
    """Install the client aside, then move it into place, whole: others may be doing the same."""
    with tempfile.TemporaryDirectory(prefix=".install-", dir=HERE) as aside:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, aside)
        command = [npm, "ci", "--ignore-scripts", "--prefer-offline"]
        done = subprocess.run(command, cwd=aside, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            pytest.skip(f"npm can't install the vendor's client: {done.stderr.strip()[-300:]}")
        try:
            Path(aside, "node_modules").rename(MODULES)
        except OSError:
            assert MODULES.is_dir()  # another process was faster


def versions(lock: Path) -> dict[str, str]:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return {name: one["version"] for name, one in packages.items() if name}
