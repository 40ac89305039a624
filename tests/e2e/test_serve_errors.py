"""`serve` with invalid settings: exit code 2 and one line that says what to change."""

import socket
from pathlib import Path

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.errors import SetupError
from superoffice_mock.server.run import check_settings, open_socket
from tests.e2e.cli_process import run


def error_line(*flags: str, env: dict[str, str] | None = None) -> str:
    """Run `serve` with something invalid and return its one line of standard error."""
    done = run("serve", *flags, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("superoffice-mock: ")
    return line


def test_a_used_port_gets_a_line_with_the_port_and_an_alternative() -> None:
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        line = error_line("--port", str(port))
    assert f"cannot listen on 127.0.0.1 port {port}: " in line
    assert "--port 0" in line


def test_an_unknown_host_gets_a_line_with_or_without_a_control_token() -> None:
    for flags in ((), ("--control-token", "sesame")):
        line = error_line("--host", "nosuch.invalid", *flags)
        assert "host 'nosuch.invalid': cannot be resolved; choose another with --host" in line


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_a_host_that_other_machines_can_reach_needs_a_control_token(host: str) -> None:
    with pytest.raises(SetupError, match="set control-token too, or listen on"):
        check_settings(Settings(host=host))
    check_settings(Settings(host=host, control_token="sesame"))


def test_serve_on_such_a_host_without_a_token_gets_a_line() -> None:
    assert "host '0.0.0.0' can be reached from other machines" in error_line("--host", "0.0.0.0")


def test_an_invalid_setting_of_any_source_gets_a_line(tmp_path: Path) -> None:
    config = tmp_path / "mock.toml"
    config.write_text("prot = 1")
    for flags, env, text in (
        (("--port", "many"), {}, "command line: port: expected a whole number"),
        (("--reading", "run"), {}, "--reading run=blocking"),
        ((), {"SUPEROFFICE_MOCK_LOG": "loud"}, "SUPEROFFICE_MOCK_LOG: log: expected one of auto"),
        (("--config", f"{config}"), {}, f"{config}: unknown setting 'prot'; did you mean 'port'?"),
        (("--tls-cert", "a.pem", "--tls-key", "b.pem"), {}, "a.pem: no such file"),
    ):
        assert text in error_line("--port", "0", *flags, env=env), text


def test_wrong_usage_exits_with_2_and_says_what_to_do() -> None:
    too_many = "there are more arguments than this command takes: 1 more"
    for arguments, expected in (
        (("serve", "--prot", "1"), "unknown option 'prot'; did you mean 'port'?"),
        (("serve", "--port"), "Option '--port' requires an argument"),
        (("serve", "now"), too_many),
        (("sreve",), "unknown command; did you mean 'serve'?"),
        (("readings", "run"), too_many),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert expected in done.stderr.splitlines()[-1]


def test_a_socket_that_could_not_be_bound_is_closed() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as used,
        pytest.raises(SetupError, match="cannot listen"),
    ):
        open_socket(Settings(port=used.getsockname()[1]))  # a leak would be a ResourceWarning


def test_a_port_file_that_cannot_be_written_gets_a_line_and_leaves_no_draft(tmp_path: Path) -> None:
    folder = tmp_path / "port"
    folder.mkdir()
    for path in (tmp_path / "no" / "folder" / "port", folder):
        assert f"port-file {path}: " in error_line("--port", "0", "--port-file", str(path))
        assert [file.name for file in tmp_path.iterdir()] == ["port"]
