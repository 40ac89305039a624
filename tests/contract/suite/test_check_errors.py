"""`superoffice-mock check` of what can't be checked: one clear line, and exit code 2."""

import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.other_server.server import Make
from tests.contract.other_server.server import serving as serving_other
from tests.contract.suite.test_check_command import check
from tests.support.server_process import Running


def refused(*arguments: str) -> str:
    """Run it with *arguments* that it can't work with, and return its one line."""
    done = check(*arguments)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert done.stderr.startswith("superoffice-mock: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target.toml"


@pytest.mark.parametrize(
    "url",
    [
        *("127.0.0.1:8204", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://[::1"),
        *("http://tje0:Tje0@127.0.0.1", "http://127.0.0.1/?a=b", "http://127.0.0.1/#a", ""),
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    assert "expected a base URL such as http://127.0.0.1:8204" in refused(url)


@pytest.mark.parametrize("url", ["http://example.com", "https://192.0.2.1", "http://localhost.org"])
def test_a_server_that_is_not_this_machine_is_refused(url: str) -> None:
    assert "is not this machine" in refused(url)


@contextmanager
def answering(sent: bytes | None) -> Iterator[str]:
    """Listen, and send *sent* to everybody who comes; None: nothing, until the block ends."""
    ended = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            if sent is None:
                ended.wait()
            else:
                self.request.sendall(sent)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            ended.set()
            server.shutdown()
            thread.join()


def test_a_port_where_nobody_listens_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert f"{url}: ConnectError: " in refused(url)


def test_a_server_that_does_not_speak_http_is_one_line() -> None:
    with answering(b"220 mail.example.com ESMTP\r\n") as url:
        assert "is a server running there?" in refused(url)


def test_a_server_that_hangs_up_is_one_line() -> None:
    with answering(b"") as url:
        assert "is a server running there?" in refused(url)


def test_a_server_that_never_answers_is_one_line_within_the_time_out() -> None:
    with answering(None) as url:
        assert "no answer within 0.2 s" in refused(url, "--timeout", "0.2")


def test_a_server_that_redirects_is_one_line_that_says_where_to() -> None:
    with serving_other(Make(redirects_to="/login")) as url:
        assert f"{url} redirects to /login; check that URL" in refused(url)


def test_https_where_http_is_spoken_is_one_line(server: Running) -> None:
    assert "is a server running there?" in refused(server.url.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"[[tenant]", "is not TOML"),
        (b"\xff", "is not TOML"),
        (b"tenant = 5", "expected [[tenant]] tables"),
        (b'[tenant]\nid = "onsite"', "expected [[tenant]] tables"),
        (b'[[tenant]]\nid = "onsite"', "installation"),
        (b'[[tenant]]\nid = "onsite"\ninstallation = "onsite"', "no tenant has a credential"),
        (b"", "tenant"),
    ],
    ids=["cut", "bytes", "number", "one table", "half", "nobody", "empty"],
)
def test_a_target_file_that_can_not_be_used_is_one_line(
    target: Path, content: bytes, what: str
) -> None:
    target.write_bytes(content)
    for where in ((), ("http://127.0.0.1:1",)):
        assert what in refused(*where, "--target-file", str(target))


def test_files_that_can_not_be_read_or_written_are_one_line(tmp_path: Path) -> None:
    assert "cannot be read" in refused("--target-file", str(tmp_path / "nothing.toml"))
    assert "can't be written" in refused("--only", "ids", "--out", str(tmp_path))


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (("--only", "mood"), "there is no check mood; the checks are credentials-let-in, "),
        (("--reading", "mood=good"), "--reading mood=good: "),
        (("--reading", "restricted"), "--reading restricted: "),
        (("--reading", "restricted=402"), "--reading restricted=402: "),
        (("--timeout", "0"), "--timeout 0: expected seconds"),
        (("--timeout", "nan"), "--timeout nan: expected seconds"),
    ],
)
def test_wrong_values_are_one_line_that_names_them(flags: tuple[str, ...], what: str) -> None:
    assert what in refused(*flags)


@pytest.mark.parametrize(
    "flags",
    [
        *(("--profile", "slow"), ("--seed", "x"), ("--format", "html")),
        *(("--timeout", "x"), ("--nothing",), ("http://127.0.0.1", "http://127.0.0.1")),
    ],
)
def test_wrong_usage_is_exit_code_2(flags: tuple[str, ...]) -> None:
    assert check(*flags).exit_code == 2


@pytest.mark.parametrize(
    ("missing", "flags"),
    [
        *(("schemathesis", []), ("hypothesis", []), ("httpx2", [])),
        *(("httpx2", ["--list"]), ("httpx2", ["--real", "http://127.0.0.1"])),
    ],
)
def test_without_the_extra_it_is_one_line_that_says_what_to_install(
    missing: str, flags: list[str]
) -> None:
    program = (
        "import sys\n"
        f"sys.modules[{missing!r}] = None\n"
        "from superoffice_mock.cli import main\n"
        f"main({['check', *flags]})\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"superoffice-mock: check needs {missing}: pip install 'superoffice-mock[contract]'\n"
    )
