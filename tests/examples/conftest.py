"""Node.js with the vendor's client, which is installed in this folder; a compiler for C#."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.support.node_packages import find_node

MONO_LIBRARIES: Final = (
    "libmono-system-net-http4.0-cil",
    "libmono-system-runtime-serialization4.0-cil",
)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js; the client is installed in this folder."""
    return find_node()


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
