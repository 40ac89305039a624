"""`superoffice-mock record` as users start it, stop it, kill it, and start it again."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from superoffice_mock import cli
from superoffice_mock.recordings import har_file, part_file
from superoffice_mock.recordings.model import About, Recording
from tests.e2e import cli_process
from tests.e2e.cli_process import PROGRAM
from tests.e2e.upstreams import NO_CONTENT, ONE, raw, recording, request, rest
from tests.support.server_process import BASIC, READY, Running, environment, serving

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@dataclass(frozen=True, slots=True)
class Recorder:
    """A recorder in a process of its own."""

    running: Running
    out: Path

    def exchange(self, sent: bytes) -> bytes:
        """Send *sent*, and return all that comes until the connection is closed."""
        import socket

        with socket.create_connection(self.running.address, timeout=20) as caller:
            caller.sendall(sent)
            return rest(caller)

    def ended(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit code, and what was said."""
        self.running.process.send_signal(number)
        out, said = self.running.process.communicate(timeout=20)
        assert out == ""
        return self.running.process.returncode, said

    @property
    def recorded(self) -> Recording:
        """What the HAR holds."""
        return har_file.load(str(self.out))


@contextmanager
def record(url: str, out: Path, *flags: str) -> Iterator[Recorder]:
    """Record *url* until the block ends, on a free port."""
    named = ("--upstream", url, "--out", str(out), "--port", "0")
    with subprocess.Popen(
        [*PROGRAM, "record", *named, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(READY), process.communicate()
            yield Recorder(Running(line.removeprefix(READY).strip(), process), out)
        finally:
            process.kill()


@POSIX
def test_a_recorder_says_when_it_is_ready_and_makes_the_file_when_it_is_stopped(
    tmp_path: Path,
) -> None:
    out, port = tmp_path / "a.har", tmp_path / "port"
    with raw(NO_CONTENT) as there, record(there.url, out, "--port-file", str(port)) as recorder:
        assert port.read_text() == f"{recorder.running.address[1]}"
        assert recorder.exchange(sync(507)).startswith(b"HTTP/1.1 204")
        assert len(har_file.load(f"{out}.part").entries) == 1
        code, said = recorder.ended(signal.SIGTERM)
    assert code == 0
    assert said == f"recording {there.url} to {out}\n{out}: 1 exchange (1 started)\n"
    assert recorder.recorded.about.redacted == {"credential": 2, "host": 2}
    assert [one.name for one in tmp_path.iterdir()] == ["a.har"]


def sync(account: int) -> bytes:
    """Return a call that nobody else makes."""
    signed_in = f"Authorization: {BASIC}".encode()
    body = ONE.replace(b"507", b"%d" % account)
    return request(body, b"Content-Type: application/json", signed_in)


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("number", range(10))
def test_a_kill_during_load_costs_only_what_was_under_way(number: int, tmp_path: Path) -> None:
    answered: list[int] = []
    enough = threading.Event()
    out = tmp_path / "a.har"

    def load(first: int) -> None:
        with suppress(OSError):
            for account in range(first, first + 100_000):
                if not recorder.exchange(sync(account)).startswith(b"HTTP/1.1 204"):
                    return
                answered.append(account)
                if len(answered) >= 50 + 37 * number:
                    enough.set()

    there = serving("--log", "off", "--seconds-per-account", "0")
    with there as upstream, record(upstream.url, out) as recorder:
        with ThreadPoolExecutor(8) as pool:
            for lane in range(8):
                pool.submit(load, lane * 1_000_000)
            assert enough.wait(30)
            recorder.running.process.kill()
        left = har_file.load(f"{out}.part")
        assert not out.exists()
        again = run("--upstream", upstream.url, "--out", str(out))
    recorded = {one.request.body for one in left.entries}
    assert {b"%d" % one for one in answered} <= {str(one).encode() for one in accounts(recorded)}
    assert len(left.entries) <= len(answered) + 8
    assert again[0] == 2
    assert f"{out}: {len(left.entries)} exchanges" in again[1]
    assert "of a recorder that was killed; it is complete now: name another --out" in again[1]
    assert len(har_file.load(str(out)).entries) == len(left.entries)
    assert [one.name for one in tmp_path.iterdir()] == ["a.har"]


def accounts(bodies: set[bytes | None]) -> set[int]:
    """Return the accounts of calls for one each."""
    return {int((body or b"").rpartition(b":")[2].removesuffix(b"}]}")) for body in bodies}


@POSIX
@pytest.mark.slow
def test_ctrl_c_makes_the_file_too(tmp_path: Path) -> None:
    with raw(NO_CONTENT) as there, record(there.url, tmp_path / "a.har") as recorder:
        recorder.exchange(request())
        code, _ = recorder.ended(signal.SIGINT)
    assert code == 130
    assert len(recorder.recorded.entries) == 1


@POSIX
@pytest.mark.slow
def test_a_call_under_way_at_the_end_gets_its_answer_or_is_recorded_as_cut_off(
    tmp_path: Path,
) -> None:
    called, over = threading.Event(), threading.Event()

    def stall(_: object) -> None:
        called.set()
        over.wait(20)

    with raw(stall) as there, record(there.url, tmp_path / "a.har") as recorder:
        with ThreadPoolExecutor(1) as pool:
            seen = pool.submit(recorder.exchange, request())
            assert called.wait(10)
            code, said = recorder.ended(signal.SIGTERM)
            assert seen.result() == b""
        over.set()
    assert (code, "Traceback" in said) == (0, False)
    (entry,) = recorder.recorded.entries
    assert entry.response.failed == "cut off"
    assert entry.label.notes == ("the recorder was stopped before the answer was complete",)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits other processes")
def test_a_disk_that_is_full_is_said_once_and_calls_still_go_through(tmp_path: Path) -> None:
    import resource

    out = tmp_path / "a.har"
    with raw(NO_CONTENT) as there, record(there.url, out) as recorder:
        recorder.exchange(request())
        process, limit = recorder.running.process.pid, resource.RLIMIT_FSIZE
        whole = resource.prlimit(process, limit)
        resource.prlimit(process, limit, (part_file.part_of(str(out)).stat().st_size + 9, whole[1]))
        for _ in range(3):
            assert recorder.exchange(request()).startswith(b"HTTP/1.1 204")
        resource.prlimit(process, limit, whole)
        recorder.exchange(request())
        code, said = recorder.ended(signal.SIGTERM)
    assert code == 1
    assert said.count("is not recorded") == 1
    assert "exchange 2 is not recorded: no space is left for it; calls still go through" in said
    assert said.endswith("3 more are not recorded\n")
    assert [one.label.arrival for one in recorder.recorded.entries] == [1, 5]


@POSIX
@pytest.mark.slow
def test_overwrite_replaces_the_file_in_the_end_and_finishes_what_was_left_first(
    tmp_path: Path,
) -> None:
    out = tmp_path / "a.har"
    out.write_text("mine")
    with raw(NO_CONTENT) as there:
        with record(there.url, out, "--overwrite") as killed:
            killed.exchange(request())
            killed.exchange(request())
            killed.running.process.kill()
        assert out.read_text() == "mine"
        with record(there.url, out, "--overwrite") as recorder:
            assert len(recorder.recorded.entries) == 2
            recorder.exchange(request())
            recorder.ended(signal.SIGTERM)
    assert len(recorder.recorded.entries) == 1


@pytest.mark.slow
@pytest.mark.claim("simultaneous", "busy-second")
def test_what_is_guessed_of_eleven_overlapping_callers_is_what_the_mock_knows(
    server: Running, tmp_path: Path
) -> None:
    headers = (b"Authorization: " + BASIC.encode(), b"Content-Type: application/json")
    with recording(server.url, tmp_path / "a.har") as recorder, ThreadPoolExecutor(11) as pool:
        sent = [request(ONE, *headers) for _ in range(11)]
        assert all(one.startswith(b"HTTP/1.1 204") for one in pool.map(recorder.exchange, sent))
    truth = [one["outcome"] for one in server.exchanges()]
    assert sorted(truth) == ["started", *["turned_away"] * 10]
    guessed = [(one.label.outcome, one.label.confidence) for one in recorder.entries]
    assert guessed.count(("started", "high")) + guessed.count(("unknown", None)) == 1
    assert sum(one[0] == "turned_away" for one in guessed) == 10
    assert [one.label.arrival for one in recorder.entries] == [*range(1, 12)]


@pytest.mark.slow
def test_without_the_extra_it_is_one_line_that_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['httpx2'] = None\n"
        "from superoffice_mock.cli import main\n"
        "main(['record', '--upstream', 'http://127.0.0.1', '--out', 'a.har'])\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "superoffice-mock: record needs httpx2: pip install 'superoffice-mock[contract]'\n"
    )


# ---- wrong usage -----------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    """Return the exit code and what was said of a command that does not come to record."""
    done = CliRunner().invoke(cli.main, ["record", *arguments])
    assert done.stdout == ""
    return done.exit_code, done.stderr


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "a.har"
    out.write_text("mine")
    code, said = run("--upstream", "http://127.0.0.1:1", "--out", str(out))
    assert code == 2
    assert said.endswith(
        "a.har is there already; name another --out, or say --overwrite to replace it\n"
    )
    part_file.part_of(str(out)).write_bytes(har_file.header_line(About()))
    _, said = run("--upstream", "http://127.0.0.1:1", "--out", str(out))
    assert "a.har.part of a recorder that was killed" in said
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--upstream", "http://10.0.0.1"], "10.0.0.1 is no public address"),
        (["--upstream", "nowhere"], "expected a URL"),
        (["--upstream", "https://127.0.0.1", "--ca", "no.pem"], "--ca no.pem: cannot be read"),
        (["--upstream", "http://127.0.0.1", "--port", "x"], "port = 'x'"),
        (["--upstream", "http://127.0.0.1", "--timeout", "0"], "Invalid value for '--timeout'"),
        ([], "Missing option '--upstream'"),
    ],
)
def test_what_can_not_be_recorded_is_one_line_and_exit_code_2(
    flags: list[str], said: str, tmp_path: Path
) -> None:
    code, told = run(*flags, "--out", str(tmp_path / "a.har"))
    assert code == 2
    assert said in told
    assert [*tmp_path.iterdir()] == []


@pytest.mark.slow
def test_a_start_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    flags = ("--upstream", "http://127.0.0.1:1", "--port", "0")
    named = ("--port-file", str(tmp_path / "gone" / "port"), "--out", str(tmp_path / "a.har"))
    done = cli_process.run("record", *flags, *named)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith("name a file that can be written")
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_is_no_certificate_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    flags = ["--upstream", "https://127.0.0.1", "--ca", str(tmp_path / "ca.pem")]
    code, said = run(*flags, "--out", str(tmp_path / "a.har"))
    assert (code, said.endswith("ca.pem: is no PEM file of certificates\n")) == (2, True)
