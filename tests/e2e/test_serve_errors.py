"""What cannot be served ends at once: exit code 2 and one line that says what to change."""

import socket
from pathlib import Path

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.errors import SetupError
from superoffice_mock.server.run import check, listen
from tests.e2e.cli_process import run


def one_line(*flags: str, env: dict[str, str] | None = None) -> str:
    """Run `serve` with something wrong and return the one line that it says."""
    done = run("serve", *flags, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("superoffice-mock: ")
    return line


def test_a_port_that_is_taken_is_one_line_with_the_port_and_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = one_line("--port", str(port))
    assert f"cannot listen on 127.0.0.1 port {port}: " in line
    assert "--port 0" in line


def test_a_host_that_is_nowhere_is_one_line() -> None:
    assert "cannot listen on 127.0.0.1.invalid" in one_line(
        "--host", "127.0.0.1.invalid", "--control-token", "sesame"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mock.example"])
def test_a_host_that_others_can_reach_needs_a_control_token(host: str) -> None:
    with pytest.raises(SetupError, match="set control-token too, or listen on"):
        check(Settings(host=host))
    check(Settings(host=host, control_token="sesame"))


def test_without_the_control_token_the_program_does_not_start_on_such_a_host() -> None:
    assert "host '0.0.0.0' can be reached from other machines" in one_line("--host", "0.0.0.0")


@pytest.mark.parametrize(
    ("flags", "env", "told"),
    [
        (("--port", "many"), {}, ["port = 'many'", "int"]),
        (("--reading", "run=now"), {}, ["detached, blocking"]),
        (("--reading", "run"), {}, ["--reading run=blocking"]),
        ((), {"SUPEROFFICE_MOCK_PROT": "1"}, ["SUPEROFFICE_MOCK_PROT", "did you mean 'port'?"]),
        ((), {"SUPEROFFICE_MOCK_LOG": "loud"}, ["SUPEROFFICE_MOCK_LOG", "'loud'"]),
        (("--config", "nowhere.toml"), {}, ["nowhere.toml: cannot be read"]),
        (("--tls-cert", "cert.pem"), {}, ["set both or none"]),
        (("--tls-cert", "a.pem", "--tls-key", "b.pem"), {}, ["a.pem: no such file"]),
    ],
)
def test_a_wrong_setting_is_one_line(
    flags: tuple[str, ...], env: dict[str, str], told: list[str]
) -> None:
    line = one_line("--port", "0", *flags, env=env)
    assert all(one in line for one in told), line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 1", "unknown setting 'prot'; did you mean 'port'?"),
        ('[[tenant]]\nid = "a"\ninstallation = "onsite"\nuser = []', "did you mean 'users'?"),
        ('[[tenant]]\nid = "a b"\ninstallation = "onsite"', "letters, digits and hyphens"),
        ("tenant = []", "no [[tenant]]"),
        ("port = ", "is not TOML"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(text: str, told: str, tmp_path: Path) -> None:
    config = tmp_path / "mock.toml"
    config.write_text(text)
    line = one_line("--port", "0", "--config", str(config))
    assert f"superoffice-mock: {config}: " in line
    assert told in line


def test_a_port_file_that_cannot_be_written_is_one_line_and_nothing_is_served(
    tmp_path: Path,
) -> None:
    path = tmp_path / "no" / "folder" / "port"
    assert f"port-file {path}: " in one_line("--port", "0", "--port-file", str(path))
    assert list(tmp_path.iterdir()) == []


def test_a_port_file_that_is_a_folder_is_one_line_and_no_draft_is_left(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.mkdir()
    assert f"port-file {path}: " in one_line("--port", "0", "--port-file", str(path))
    assert [one.name for one in tmp_path.iterdir()] == ["port"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("serve", "--prot", "1"), "--port"),
        (("serve", "--port"), "--port"),
        (("serve", "now"), "now"),
        (("sreve",), "sreve"),
        (("readings", "run"), "run"),
    ],
)
def test_wrong_usage_is_2_and_names_what_is_wrong(arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr.splitlines()[-1]


def test_a_socket_that_could_not_be_bound_is_closed() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(SetupError, match="cannot listen"),
    ):
        listen(Settings(port=taken.getsockname()[1]))  # a leak would be a ResourceWarning
