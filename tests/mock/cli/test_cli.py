"""The command line: subcommands are found where they are, and loaded only when they are called."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from superoffice_mock import __version__, cli

NO_COMMANDS = {"__init__", "base", "check_real", "options", "replay_against", "target_options"}


def test_a_module_of_the_package_is_a_subcommand_or_one_of_those_that_serve_them() -> None:
    modules = {path.stem for path in Path(cli.__path__[0]).glob("*.py")}
    assert modules - NO_COMMANDS == set(cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_subcommand_has_its_name_and_says_what_it_does(name: str) -> None:
    shown = CliRunner().invoke(cli.main, [name, "--help"])
    assert shown.exit_code == 0
    usage, empty, about, *_ = shown.stdout.splitlines()
    assert usage.startswith(f"Usage: main {name} [OPTIONS]")
    assert empty == ""
    assert about.strip()


def test_a_subcommand_that_there_is_not_is_wrong_usage() -> None:
    done = CliRunner().invoke(cli.main, ["serves"])
    assert done.exit_code == 2
    assert "No such command 'serves'" in done.stderr


def test_the_version_is_told_without_loading_what_a_subcommand_needs() -> None:
    program = (
        "import sys; from superoffice_mock.cli import main;"
        "main(['--version'], standalone_mode=False); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told, loaded = done.stdout.splitlines()
    assert told == f"superoffice-mock, version {__version__}"
    ours = {name for name in loaded.split() if name.startswith("superoffice")}
    assert ours == {"superoffice_mock", "superoffice_mock.cli"}
    assert "msgspec" not in loaded.split()
