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


@pytest.mark.parametrize(
    ("flags", "env", "texts"),
    [
        (("--port", "many"), {}, ["command line: port: expected a whole number"]),
        (("--reading", "run=now"), {}, ["--reading run: the values of run are detached and"]),
        (("--reading", "run"), {}, ["--reading run=blocking"]),
        ((), {"SUPEROFFICE_MOCK_PROT": "1"}, ["SUPEROFFICE_MOCK_PROT", "did you mean 'port'?"]),
        (
            (),
            {"SUPEROFFICE_MOCK_LOG": "loud"},
            ["SUPEROFFICE_MOCK_LOG: log: expected one of auto, json"],
        ),
        (
            ("--config", "nowhere.toml"),
            {},
            ["nowhere.toml: no such file; name a TOML file with --config"],
        ),
        (("--tls-cert", "cert.pem"), {}, ["set both or none"]),
        (("--tls-cert", "a.pem", "--tls-key", "b.pem"), {}, ["a.pem: no such file"]),
    ],
)
def test_an_invalid_setting_gets_a_line(
    flags: tuple[str, ...], env: dict[str, str], texts: list[str]
) -> None:
    line = error_line("--port", "0", *flags, env=env)
    assert all(text in line for text in texts), line


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("prot = 1", "unknown setting 'prot'; did you mean 'port'?"),
        ('[[tenant]]\nid = "a"\ninstallation = "onsite"\nuser = []', "did you mean 'users'?"),
        ('[[tenant]]\nid = "a b"\ninstallation = "onsite"', "letters, digits and hyphens"),
        ("tenant = []", "no [[tenant]]"),
        ("port = ", "is not TOML"),
    ],
)
def test_an_invalid_file_gets_a_line_with_its_name(
    content: str, expected: str, tmp_path: Path
) -> None:
    config = tmp_path / "mock.toml"
    config.write_text(content)
    line = error_line("--port", "0", "--config", str(config))
    assert f"superoffice-mock: {config}: " in line
    assert expected in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("serve", "--prot", "1"), "unknown option 'prot'; did you mean 'port'?"),
        (("serve", "--port"), "Option '--port' requires an argument"),
        (("serve", "now"), "there are more arguments than this command takes: 1 more"),
        (("sreve",), "unknown command; did you mean 'serve'?"),
        (("readings", "run"), "there are more arguments than this command takes: 1 more"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_to_do(
    arguments: tuple[str, ...], expected: str
) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
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
