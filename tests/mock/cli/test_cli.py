"""The command line: its subcommands, each imported only when it is called."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from superoffice_mock import __version__, cli
from superoffice_mock.cli import demo

HELPERS = {"__init__", "base", "check_real", "child_process", "finding_files", "output"}
HELPERS |= {"replay_against", "reports", "run_verdict", "sign_ins", "target_options"}


def test_every_other_module_of_the_package_is_a_subcommand() -> None:
    modules = {path.stem for path in Path(cli.__path__[0]).glob("*.py")}
    assert modules - HELPERS == set(cli.COMMANDS)


def test_every_subcommand_has_a_help_text_that_begins_with_what_it_does() -> None:
    for name in cli.COMMANDS:
        result = CliRunner().invoke(cli.main, [name, "--help"])
        assert result.exit_code == 0, name
        usage, empty, summary, *_ = result.stdout.splitlines()
        assert usage.startswith(f"Usage: main {name} [OPTIONS]")
        assert empty == ""
        assert summary.strip(), name


def test_the_list_of_subcommands_fits_a_terminal() -> None:
    result = CliRunner().invoke(cli.main, ["--help"], terminal_width=80)
    assert "..." not in result.stdout.partition("Commands:")[2]


def test_wrong_usage_is_explained_and_not_repeated() -> None:
    for arguments, problem in (
        ("serves", "unknown command; did you mean 'serve'?"),
        ("hunter2", "unknown command"),
        ("--hunter2", "unknown option; see --help"),
        ("serve --prot 1", "unknown option 'prot'; did you mean 'port'?"),
        ("serve --hunter2hunter2", "unknown option; see --help"),
        ("serve hunter2 hunter2", "there are more arguments than this command takes: 2 more"),
        ("check --profile hunter2", "'--profile': expected one of quick, full"),
        ("check --seed hunter2", "'--seed': expected a whole number"),
        ("check --timeout hunter2", "'--timeout': expected a number"),
        ("scan x --max-file hunter2", "'--max-file': expected a whole number, at least 1"),
        ("record --timeout hunter2", "'--timeout': expected a number, more than 0"),
    ):
        result = CliRunner().invoke(cli.main, arguments.split())
        assert result.exit_code == 2, arguments
        assert result.stderr.endswith(f"{problem}\n"), (arguments, result.stderr)
        assert "hunter2" not in result.output, arguments


def modules_after(program: str) -> set[str]:
    """Return the modules that are loaded after *program* in a new interpreter."""
    command = [sys.executable, "-c", f"{program}; import sys; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_version_is_printed_without_importing_a_subcommand() -> None:
    result = CliRunner().invoke(cli.main, ["--version"])
    assert result.stdout == f"superoffice-mock, version {__version__}\n"
    loaded = modules_after(
        "from superoffice_mock.cli import main; main(['--version'], standalone_mode=False)"
    )
    ours = {name for name in loaded if name.startswith("superoffice")}
    needed = ("superoffice_mock", *(f"superoffice_mock.{name}" for name in ("cli", "version")))
    assert ours == {*needed, "superoffice_mock.cli.output"}
    assert "msgspec" not in loaded


def test_serve_imports_no_other_subcommand_and_nothing_of_the_checks() -> None:
    loaded = modules_after("import superoffice_mock.cli.serve")
    subcommands = {name for name in loaded if name.startswith("superoffice_mock.cli.")}
    needed = {f"superoffice_mock.cli.{name}" for name in ("base", "output", "serve")}
    assert subcommands == needed
    assert "superoffice_contract.report" not in loaded
    assert loaded & {"httpx2", "hypothesis", "jsonschema", "pytest", "schemathesis"} == set()


def test_a_missing_optional_package_does_not_break_the_help() -> None:
    modules_after(
        "import sys; sys.modules |= dict.fromkeys(('httpx2', 'hypothesis', 'schemathesis'));"
        "from superoffice_mock.cli import main; main(['--help'], standalone_mode=False)"
    )


def test_ctrl_c_is_exit_code_130_wherever_it_hits(monkeypatch: pytest.MonkeyPatch) -> None:
    def hit() -> None:
        raise KeyboardInterrupt

    def hit_a_lock() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            threading.Lock().release()

    def fail() -> None:
        threading.Lock().release()

    for body, code in ((hit, 130), (hit_a_lock, 130), (fail, 1)):
        monkeypatch.setattr(demo.command, "callback", body)
        result = CliRunner().invoke(cli.main, ["demo"])
        assert result.exit_code == code, result.output
        assert isinstance(result.exception, SystemExit if code == 130 else RuntimeError)
