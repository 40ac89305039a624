"""Node.js with the vendor's client, which is installed in this folder; a compiler for C#."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
MONO_LIBRARIES: Final = (
    "libmono-system-net-http4.0-cil",
    "libmono-system-runtime-serialization4.0-cil",
)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js; the client is installed in this folder."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("the vendor's client needs Node.js and npm, which are not on the path")
    if not MODULES.is_dir():
        install(npm)
    assert versions(MODULES / ".package-lock.json") == versions(HERE / "package-lock.json"), (
        "tests/examples/node_modules does not match package-lock.json: run npm ci there"
    )
    return node


def install(npm: str) -> None:
    """Install the client in another folder, then move it: other processes may do the same."""
    with tempfile.TemporaryDirectory(prefix=".install-", dir=HERE) as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--prefer-offline"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert "EUSAGE" not in done.stderr, done.stderr  # package-lock.json lacks something
        if done.returncode != 0:
            pytest.skip(f"npm can't install the vendor's client: {done.stderr.strip()[-300:]}")
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


@pytest.fixture(scope="session")
def compile_csharp(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """Compiles C# files for Mono, and returns the command that runs the program."""
    compiler, runtime = shutil.which("mcs"), shutil.which("mono")
    if compiler is None or runtime is None:
        pytest.skip("C# programs need mono-mcs and mono-runtime, which are not on the path")

    def compile_program(*files: Path) -> list[str]:
        program = str(tmp_path_factory.mktemp("csharp") / "program.exe")
        libraries = ("-r:System.Net.Http", "-r:System.Runtime.Serialization")
        command = [compiler, "-warnaserror", *libraries, f"-out:{program}", *map(str, files)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
        if "CS0006" in done.stderr:
            pytest.skip(f"C# programs need {' and '.join(MONO_LIBRARIES)}, which are not installed")
        assert done.returncode == 0, done.stderr
        return [runtime, program]

    return compile_program
