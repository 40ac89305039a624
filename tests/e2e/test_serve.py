"""`superoffice-mock serve` as users start it: the ready line, the port file, addresses, the log."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from superoffice_mock import __version__
from superoffice_mock.config.settings import options
from superoffice_mock.core.readings import READINGS
from tests.e2e.cli_process import PROGRAM, Served, run, serve
from tests.e2e.raw_http import ONE, Connection, exchange, request, until
from tests.support.server_process import READY, Running, environment


def ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


# ---- it starts -------------------------------------------------------------------------------


def test_the_ready_line_stands_alone_on_standard_output(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with serve(tmp_path) as served:
        url = served.running.url
        assert url == f"http://127.0.0.1:{served.running.address[1]}"
        assert exchange(served.running, request()).status == 204
        served.running.process.terminate()
        _, rest, errors = served.ended()
    assert (rest, errors) == ("", "superoffice-mock stopped\n")
    record_property("seconds_until_ready", round(served.seconds_until_ready, 3))
    print(f"ready after {served.seconds_until_ready:.3f} s")  # noqa: T201 - a figure to look at


def test_the_port_file_is_whole_before_the_ready_line_and_no_draft_is_left(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("an old one\n")
    with serve(tmp_path, "--port-file", str(path)) as served:
        assert path.read_text() == f"{served.running.address[1]}"
        assert {one.name for one in tmp_path.iterdir()} == {"port", "errors.txt"}


def test_a_server_can_take_the_port_that_another_has_just_left(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        port = first.running.address[1]
        assert exchange(first.running, request()).status == 204
        first.running.process.terminate()
        first.ended()
    with serve(tmp_path, "--port", str(port)) as second:
        assert second.running.address[1] == port


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
    headers = {"Authorization": "Bearer 8A:x", "Content-Length": str(len(ONE))}
    with serve(tmp_path, env=env) as served:
        assert exchange(served.running, request(ONE, headers, path=path)).status == 403
        root = exchange(served.running, request())
    assert root.status == 404
    assert "start the path with a tenant's id: Cust7" in root.json()["MessageDetail"]


@pytest.mark.skipif(not ipv6(), reason="there is no IPv6 loopback on this machine")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_ipv6_host_is_served_with_brackets_in_its_url(host: str, tmp_path: Path) -> None:
    with serve(tmp_path, "--host", host) as served:
        assert served.running.url.startswith("http://[::1]:")
        assert served.running.control("GET", "health")["status"] == "ok"


def test_with_a_control_token_other_hosts_may_be_served_and_control_needs_it(
    tmp_path: Path,
) -> None:
    env = {"SUPEROFFICE_MOCK_CONTROL_TOKEN": "sesame"}
    with serve(tmp_path, "--host", "0.0.0.0", env=env) as served:
        port = served.running.address[1]
        local = Running(f"http://127.0.0.1:{port}", served.running.process)
        assert exchange(local, request()).status == 204
        assert local.control("GET", "health")["status"] == "ok"
        assert local.control("GET", "requests")["status"] == 401
        ours = request(b"", {"Authorization": "Bearer sesame"}, method="GET", path="/_mock/lease")
        assert exchange(local, ours).json()["held"] is True


@pytest.mark.slow
def test_a_connection_that_idles_is_closed_after_the_idle_timeout(tmp_path: Path) -> None:
    with serve(tmp_path, "--idle-timeout", "1") as served, Connection(served.running) as idle:
        assert idle.send(request()).answer().status == 204
        answered = time.perf_counter()
        assert idle.rest() == b""
        assert 0.9 < time.perf_counter() - answered < 3


@pytest.mark.slow
def test_a_connection_whose_call_takes_longer_than_the_idle_timeout_does_not_idle(
    tmp_path: Path,
) -> None:
    flags = ("--idle-timeout", "1", "--reading", "run=blocking", "--seconds-per-account", "1.5")
    with serve(tmp_path, *flags) as served, Connection(served.running) as busy:
        assert busy.send(request(b"", {}, method="GET")).answer().status == 200
        assert busy.send(request()).answer().status == 204


# ---- the log ---------------------------------------------------------------------------------


def test_the_text_log_is_one_sentence_per_exchange(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "text") as served:
        served.running.control("POST", "clock/jump")
        for _ in range(2):
            exchange(served.running, request())
        until(lambda: served.log.count("\n") == 2, "two lines are written")
        started, turned_away = served.log.splitlines()
    assert "#1 POST SyncEmailAccounts by tje0 (Basic) -> 204 after 0." in started
    assert started.endswith("started: run 1 syncs 1 account in 5.0 s")
    assert turned_away.endswith("turned away: run 1 holds the lease for 5.0 s more")


def test_the_json_log_is_one_object_per_exchange(tmp_path: Path) -> None:
    with serve(tmp_path, "--log", "json") as served:
        exchange(served.running, request(b"{"))
        until(lambda: served.log.endswith("\n"), "a line is written")
        told = json.loads(served.log)
    assert (told["outcome"], told["status"], told["id"]) == ("rejected", 400, 1)


@pytest.mark.parametrize(("setting", "said"), [("auto", "superoffice-mock stopped\n"), ("off", "")])
def test_without_a_terminal_auto_says_no_more_than_its_end(
    setting: str, said: str, tmp_path: Path
) -> None:
    with serve(tmp_path, "--log", setting) as served:
        exchange(served.running, request())
        exchange(served.running, request(b"{"))
        served.running.process.terminate()
        assert served.ended()[2] == said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_auto_is_the_text_log() -> None:
    ours, theirs = os.openpty()
    command = [*PROGRAM, "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix(READY).strip()
        exchange(Running(url, process), request())
        with os.fdopen(ours, encoding="utf-8") as terminal:
            line = terminal.readline()
        process.kill()
    os.close(theirs)
    assert line.rstrip().endswith("started: run 1 syncs 1 account in 5.0 s")


# ---- what it says about itself ---------------------------------------------------------------


def test_the_version_is_the_package_s_and_both_ways_to_start_are_one(tmp_path: Path) -> None:
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
    for one in READINGS.values():
        about = lines[lines.index(one.name) + 1 : lines.index(one.name) + 4]
        assert f"{one.values[0]} (default)" in about[0]
        assert all(value in about[0] for value in one.values)
        assert about[1].endswith(one.why)
        assert about[2].endswith(one.source)


def test_the_help_names_every_setting_and_its_default() -> None:
    text = " ".join(run("serve", "--help").stdout.split())
    for option in options():
        shown = "none" if option.default is None else f"{option.default}"
        assert f"--{option.name} VALUE" in text
        assert f"[default: {shown}]" in text
    assert "--reading NAME=VALUE" in text
    assert "--config FILE" in text


def test_the_package_is_typed_and_brings_its_world() -> None:
    package = files("superoffice_mock")
    assert (package / "py.typed").is_file()
    assert (package / "config" / "demo.toml").is_file()


ODD = """
expires-after = 3600
max-tenants = 1

[[tenant]]
id = "Cust77777"
installation = "online"
users = [{ name = "kari", password = "Kari" }]
tickets = ["7T:ticket"]
expires-after = { tickets = 21600 }
"""


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Served]:
    config = tmp_path / "mock.toml"
    config.write_text(ODD, encoding="utf-8")
    with serve(tmp_path, "--config", str(config), "--log", "text") as served:
        yield served


@pytest.mark.slow
def test_the_program_takes_lifetimes_and_bounds_from_its_file_and_warns_of_what_is_odd(
    odd: Served,
) -> None:
    told = odd.running.control("GET", "tenants/Cust77777")
    assert told["expires_after"] == {"tickets": 21_600, "tokens": 3_600, "sessions": 3_600}
    made = odd.running.control("POST", "tenants", {"installation": "online"})
    assert set(made["expires_after"].values()) == {3_600}
    assert odd.running.control("POST", "tenants", {})["status"] == 409
    assert "tenant 'Cust77777': users: Basic is never accepted Online" in odd.log
    assert "Kari" not in odd.log
