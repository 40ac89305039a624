"""`superoffice-mock serve` as users start it: ready line, port file, addresses and log."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from superoffice_contract.openapi.readings import READINGS
from superoffice_mock import __version__
from superoffice_mock.config.settings import options
from tests.e2e.cli_process import run, serve
from tests.e2e.raw_http import BODY, request, send_request, wait_until
from tests.support.server_process import PROGRAM, READY, ServerProcess, environment

CONFIG = """
expires-after = 3600
max-tenants = 1

[[tenant]]
id = "Cust77777"
installation = "online"
users = [{ name = "kari", password = "Kari" }]
tickets = ["7T:ticket"]
expires-after = { tickets = 21600 }
"""


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


# ---- starting -------------------------------------------------------------------------------


def test_the_ready_line_is_the_only_line_on_standard_output(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with serve(tmp_path) as command:
        url = command.server.url
        assert url == f"http://127.0.0.1:{command.server.address[1]}"
        assert send_request(command.server, request()).status == 204
        command.server.process.terminate()
        _, output, log = command.wait_for_exit()
    assert (output, log) == ("", "superoffice-mock stopped\n")
    record_property("seconds_until_ready", round(command.seconds_until_ready, 3))
    print(f"ready after {command.seconds_until_ready:.3f} s")  # noqa: T201 - a figure to look at


def test_the_port_file_is_complete_before_the_ready_line(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("of an earlier server\n")
    with serve(tmp_path, "--port-file", str(path)) as command:
        assert path.read_text() == f"{command.server.address[1]}"
        assert {file.name for file in tmp_path.iterdir()} == {"port", "errors.txt"}


def test_settings_come_from_the_environment_and_a_file(tmp_path: Path) -> None:
    config = tmp_path / "mock.toml"
    config.write_text(
        'seconds-per-account = 7\n[readings]\nrestricted = "403"\n'
        '[[tenant]]\nid = "Cust7"\ninstallation = "online"\n'
        'apps = [{ name = "a", token = "t", email-agent = false }]\n'
        'tokens = [{ value = "8A:x", app = "a" }]\n'
    )
    env = {"SUPEROFFICE_MOCK_CONFIG": str(config), "SUPEROFFICE_MOCK_PORT": "0"}
    path = "/Cust7/api/v1/Agents/EMail/SyncEmailAccounts"
    headers = {"Authorization": "Bearer 8A:x", "Content-Length": str(len(BODY))}
    with serve(tmp_path, env=env) as command:
        assert send_request(command.server, request(BODY, headers, path=path)).status == 403
        root = send_request(command.server, request())
    assert root.status == 404
    assert "start the path with a tenant's id: Cust7" in root.json()["MessageDetail"]


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 loopback on this machine")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_the_url_of_an_ipv6_host_has_brackets(host: str, tmp_path: Path) -> None:
    with serve(tmp_path, "--host", host) as command:
        assert command.server.url.startswith("http://[::1]:")
        assert command.server.control("GET", "health")["status"] == "ok"


def test_with_a_control_token_the_server_may_listen_on_other_hosts(tmp_path: Path) -> None:
    env = {"SUPEROFFICE_MOCK_CONTROL_TOKEN": "sesame"}
    with serve(tmp_path, "--host", "0.0.0.0", env=env) as command:
        port = command.server.address[1]
        local = ServerProcess(f"http://127.0.0.1:{port}", command.server.process)
        assert send_request(local, request()).status == 204
        assert local.control("GET", "health")["status"] == "ok"
        assert local.control("GET", "requests")["status"] == 401
        raw = request(b"", {"Authorization": "Bearer sesame"}, method="GET", path="/_mock/lease")
        assert send_request(local, raw).json()["held"] is True


# ---- the log ---------------------------------------------------------------------------------


def test_the_text_log_has_one_line_per_exchange(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as command:
        command.server.control("POST", "clock/jump")
        for _ in range(2):
            send_request(command.server, request())
        wait_until(lambda: command.log.count("\n") == 2, "two lines are written")
        started, turned_away = command.log.splitlines()
    assert "#1 POST SyncEmailAccounts by tje0 (Basic) -> 204 after 0." in started
    assert started.endswith("started: run 1 syncs 1 account in 5.0 s")
    assert turned_away.endswith("turned away: run 1 holds the lease for 5.0 s more")


@pytest.mark.parametrize(
    ("setting", "expected"), [("auto", "superoffice-mock stopped\n"), ("off", "")]
)
def test_without_a_terminal_auto_logs_the_end(setting: str, expected: str, tmp_path: Path) -> None:
    with serve(tmp_path, "--log", setting) as command:
        send_request(command.server, request())
        send_request(command.server, request(b"{"))
        command.server.process.terminate()
        assert command.wait_for_exit()[2] == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_auto_is_the_text_log() -> None:
    master, slave = os.openpty()
    command = [*PROGRAM, "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=slave, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix(READY).strip()
        send_request(ServerProcess(url, process), request())
        with os.fdopen(master, encoding="utf-8") as terminal:
            place, line = terminal.readline(), terminal.readline()
        process.kill()
    os.close(slave)
    assert place.rstrip() == f"superoffice-mock: look at it: {url}/_mock/"
    assert line.rstrip().endswith("started: run 1 syncs 1 account in 5.0 s")


# ---- version, readings and help --------------------------------------------------------------


def test_the_version_is_that_of_the_package_for_both_commands(tmp_path: Path) -> None:
    assert run("--version").stdout == f"superoffice-mock, version {__version__}\n"
    script = Path(sys.executable).with_name("superoffice-mock")
    if script.is_file():
        done = subprocess.run([script, "--version"], capture_output=True, text=True, cwd=tmp_path)
        assert done.stdout == run("--version").stdout


def test_the_readings_are_printed_with_their_values_default_and_source() -> None:
    done = run("readings")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == list(READINGS)
    for reading in READINGS.values():
        index = lines.index(reading.name)
        values, why, source = lines[index + 1 : index + 4]
        assert f"{reading.values[0]} (default)" in values
        assert all(value in values for value in reading.values)
        assert why.endswith(reading.why)
        assert source.endswith(reading.source)


def test_the_help_names_every_setting_and_its_default() -> None:
    text = " ".join(run("serve", "--help").stdout.split())
    for option in options():
        default = "none" if option.default is None else f"{option.default}"
        assert f"--{option.name} VALUE" in text
        assert f"[default: {default}]" in text
    assert "--reading NAME=VALUE" in text
    assert "--config FILE" in text


def test_the_package_is_typed_and_contains_the_demo_tenants() -> None:
    package = files("superoffice_mock")
    assert (package / "py.typed").is_file()
    assert (files("superoffice_contract") / "demo.toml").is_file()


@pytest.mark.slow
def test_lifetimes_come_from_the_file_and_warnings_go_to_the_log(tmp_path: Path) -> None:
    config = tmp_path / "mock.toml"
    config.write_text(CONFIG, encoding="utf-8")
    with serve(tmp_path, "--config", str(config), "--log", "text") as command:
        tenant = command.server.control("GET", "tenants/Cust77777")
        assert tenant["expires_after"] == {"tickets": 21_600, "tokens": 3_600, "sessions": 3_600}
        tenant = command.server.control("POST", "tenants", {"installation": "online"})
        assert set(tenant["expires_after"].values()) == {3_600}
        assert command.server.control("POST", "tenants", {})["status"] == 409
        assert "tenant 'Cust77777': users: Basic is never accepted Online" in command.log
        assert "Kari" not in command.log
