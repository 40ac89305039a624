"""Errors of `superoffice-mock check`: one clear line, and exit code 2."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.suite.targets import run_check
from tests.e2e.upstreams import raw_upstream
from tests.support.server_process import ServerProcess


def error_line(*arguments: str) -> str:
    """Run `check` with invalid *arguments*, and return the line on standard error."""
    result = run_check(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.startswith("superoffice-mock: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target.toml"


def test_an_invalid_base_url_is_refused() -> None:
    for url in (
        *("127.0.0.1:8204", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://[::1"),
        *("http://tje0:Tje0@127.0.0.1", "http://127.0.0.1/?a=b", "http://127.0.0.1/#a", ""),
        *("http://127.0.0.1/\u202e", "http://127.0.0.1/\x1b[2J", "http://127.0.0.1/\x00"),
    ):
        assert "expected a base URL such as http://127.0.0.1:8204" in error_line(url), url


def test_a_base_url_with_a_slash_too_many_is_refused() -> None:
    for path, place, clean in (
        ("//", "at its end", ""),
        ("/crm//", "at its end", "/crm"),
        ("//crm/", "before 'crm'", "/crm"),
        ("/a//b", "before 'b'", "/a/b"),
    ):
        message = f"it has a slash too many {place}; give http://127.0.0.1:1{clean}\n"
        assert error_line(f"http://127.0.0.1:1{path}").endswith(message), path


def test_a_server_on_another_machine_is_refused() -> None:
    for url in ("http://example.com", "https://192.0.2.1", "http://localhost.org"):
        assert "is not this machine" in error_line(url), url


def test_a_port_without_a_server_is_one_line() -> None:
    with socket.socket() as unused_socket:
        unused_socket.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused_socket.getsockname()[1]}"
        assert f"{url}: connection refused; is a server running there?" in error_line(url)


def test_a_server_without_http_and_one_that_disconnects_are_one_line() -> None:
    for answer, problem in (
        (b"220 mail.example.com ESMTP\r\n", "no status line; it begins '220 mail"),
        (b"", "is a server running there?"),
    ):
        with raw_upstream(answer) as upstream:
            assert problem in error_line(upstream.url), answer


def test_a_server_that_never_answers_is_one_line_within_the_timeout() -> None:
    with raw_upstream(lambda connection: connection.recv(1)) as upstream:
        assert "no answer within 0.2 s" in error_line(upstream.url, "--timeout", "0.2")


def test_a_server_that_redirects_is_one_line_with_the_location() -> None:
    with run_other_server(ServerBehavior(redirects_to="/login")) as url:
        assert f"{url} redirects to /login; check that URL" in error_line(url)


def test_https_to_an_http_server_is_one_line(server: ServerProcess) -> None:
    assert "is a server running there?" in error_line(server.url.replace("http:", "https:"))


def test_an_invalid_target_file_is_one_line(target: Path) -> None:
    for content, message in (
        (b"[[tenant]", "is not TOML"),
        (b"\xff", "is not TOML"),
        (b"tenant = 5", "expected [[tenant]] tables"),
        (b'[tenant]\nid = "onsite"', "expected [[tenant]] tables"),
        (b'[[tenant]]\nid = "onsite"', "installation"),
        (b'[[tenant]]\nid = "onsite"\ninstallation = "onsite"', "no tenant has a credential"),
        (b"", "tenant"),
    ):
        target.write_bytes(content)
        for urls in ((), ("http://127.0.0.1:1",)):
            assert message in error_line(*urls, "--target-file", str(target)), content


def test_a_missing_target_file_is_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "nothing.toml"
    assert f"{missing}: no such file" in error_line("--target-file", str(missing))


def test_an_invalid_value_is_one_line_that_names_it() -> None:
    for option, value, message in (
        ("--only", "zzzz", "--only: unknown check; see --list for the names"),
        ("--only", "throttel", "unknown check 'throttel'; did you mean 'throttle'?"),
        ("--reading", "mood=good", "--reading: unknown reading; the readings are: run, "),
        ("--reading", "restricted", "--reading restricted: "),
        ("--reading", "restricted=402", "--reading restricted: the values of "),
        ("--timeout", "0", "--timeout 0: expected seconds"),
        ("--timeout", "nan", "--timeout nan: expected seconds"),
        *(
            ("--run-seconds", value, f"--run-seconds {value}: expected seconds, more than 0")
            for value in ("0", "-1", "nan", "inf")
        ),
    ):
        assert message in error_line(option, value), value


def test_invalid_options_exit_with_code_2() -> None:
    for flags in (
        *(("--profile", "slow"), ("--seed", "x"), ("--format", "pdf")),
        *(("--timeout", "x"), ("--nothing",), ("http://127.0.0.1", "http://127.0.0.1")),
    ):
        assert run_check(*flags).exit_code == 2, flags


@pytest.mark.parametrize(
    ("missing", "flags"),
    [
        *(("schemathesis", []), ("hypothesis", []), ("httpx2", [])),
        *(("httpx2", ["--list"]), ("httpx2", ["--real", "http://127.0.0.1"])),
    ],
)
def test_without_the_extra_the_error_is_one_line_that_says_what_to_install(
    missing: str, flags: list[str]
) -> None:
    program = (
        "import sys\n"
        f"sys.modules[{missing!r}] = None\n"
        "from superoffice_mock.cli import main\n"
        f"main({['check', *flags]})\n"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr == (
        f"superoffice-mock: check needs {missing}, which is not installed; install "
        "superoffice-mock with the extra contract: pip install '.[contract]' in a clone "
        "(see Installing in the README)\n"
    )
