"""Node.js, with the packages of `tests/examples/package.json`: the vendor's client, tsc, axe."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parents[1] / "examples"
MODULES: Final = HERE / "node_modules"


def find_node() -> str:
    """Return the path of Node.js, with the packages installed; skip the test without it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("this needs Node.js and npm, which are not on the path")
    if not MODULES.is_dir():
        install(npm)
    assert versions(MODULES / ".package-lock.json") == versions(HERE / "package-lock.json"), (
        "tests/examples/node_modules does not match package-lock.json: run npm ci there"
    )
    return node


def install(npm: str) -> None:
    """Install them in another folder, then move it: other processes may do the same."""
    with tempfile.TemporaryDirectory(prefix=".install-", dir=HERE) as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--prefer-offline"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert "EUSAGE" not in done.stderr, done.stderr  # package-lock.json lacks something
        if done.returncode != 0:
            pytest.skip(
                f"npm can't install the packages of tests/examples: {done.stderr.strip()[-300:]}"
            )
        try:
            Path(folder, "node_modules").rename(MODULES)
        except OSError:
            assert MODULES.is_dir()  # another process was faster


def versions(lock: Path) -> dict[str, str]:
    """Return the versions in *lock*, without packages that only some machines need."""
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return {
        name: package["version"]
        for name, package in packages.items()
        if name and not package.get("optional")
    }
