"""The command `record` in a separate process: started, stopped, killed and started again."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from superoffice_mock.recordings import har_file, part_file
from superoffice_mock.recordings.model import About
from superoffice_mock.recordings.part_file import PartFile
from tests.e2e import cli_process
from tests.e2e.recorders import POSIX, record
from tests.e2e.upstreams import (
    NO_CONTENT,
    ONE_ACCOUNT,
    PATH,
    raw_upstream,
    record_in_process,
    request,
)
from tests.support.local_servers import invoke
from tests.support.recordings import entry
from tests.support.server_process import BASIC, ServerProcess, run_server


@POSIX
def test_a_recorder_reports_when_it_is_ready_and_writes_the_har_at_its_end(tmp_path: Path) -> None:
    out, port, victim = tmp_path / "a.har", tmp_path / "port", tmp_path / "victim"
    victim.write_text("mine")
    drafts = [tmp_path / name for name in ("a.har.new", "port.part", "port")]
    for planted in drafts:
        planted.symlink_to(victim)
    with (
        raw_upstream(NO_CONTENT) as upstream,
        record(upstream.url, out, "--port-file", str(port)) as recorder,
    ):
        assert port.read_text() == f"{recorder.server.address[1]}"
        assert recorder.exchange(sync(507)).startswith(b"HTTP/1.1 204")
        assert len(har_file.load(f"{out}.part").entries) == 1
        code, messages = recorder.stop(signal.SIGTERM)
    assert code == 0
    assert messages == f"recording {upstream.url} to {out}\n{out}: 1 exchange (1 started)\n"
    assert recorder.recording.about.redacted == {"credential": 2, "host": 2}
    assert victim.read_text() == "mine"
    assert {*tmp_path.iterdir()} == {out, victim, *drafts[:2]}


def sync(account: int) -> bytes:
    authorization = f"Authorization: {BASIC}".encode()
    body = ONE_ACCOUNT.replace(b"507", b"%d" % account)
    return request(body, b"Content-Type: application/json", authorization)


@POSIX
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=pytest.mark.nightly if number % 3 else pytest.mark.slow)
        for number in range(10)
    ],
)
def test_a_kill_under_load_loses_only_the_calls_in_progress(number: int, tmp_path: Path) -> None:
    answered_accounts: list[int] = []
    enough = threading.Event()
    out = tmp_path / "a.har"

    def load(first: int) -> None:
        with suppress(OSError):
            for account in range(first, first + 100_000):
                if not recorder.exchange(sync(account)).startswith(b"HTTP/1.1 204"):
                    return
                answered_accounts.append(account)
                if len(answered_accounts) >= 50 + 37 * number:
                    enough.set()

    mock = run_server("--log", "off", "--seconds-per-account", "0")
    with mock as upstream, record(upstream.url, out) as recorder:
        with ThreadPoolExecutor(8) as pool:
            for thread in range(8):
                pool.submit(load, thread * 1_000_000)
            assert enough.wait(30)
            recorder.server.process.kill()
        entries = har_file.load(f"{out}.part").entries
        assert not out.exists()
        code, message = run("--upstream", upstream.url, "--out", str(out))
    assert {*answered_accounts} <= accounts({entry.request.body for entry in entries})
    assert len(entries) <= len(answered_accounts) + 8
    assert code == 2
    assert f"{out} now holds the {len(entries)} exchanges of an earlier recorder" in message
    assert "To record more, name another --out; with --overwrite, it" in message
    assert len(har_file.load(str(out)).entries) == len(entries)
    assert [file.name for file in tmp_path.iterdir()] == ["a.har"]


def accounts(bodies: set[bytes | None]) -> set[int]:
    return {int((body or b"").rpartition(b":")[2].removesuffix(b"}]}")) for body in bodies}


@POSIX
@pytest.mark.slow
def test_ctrl_c_writes_the_har_too(tmp_path: Path) -> None:
    with raw_upstream(NO_CONTENT) as upstream, record(upstream.url, tmp_path / "a.har") as recorder:
        recorder.exchange(request())
        code, _ = recorder.stop(signal.SIGINT)
    assert code == 130
    assert len(recorder.recording.entries) == 1


@POSIX
@pytest.mark.slow
def test_a_call_in_progress_when_the_recorder_stops_is_recorded_as_cut_off(tmp_path: Path) -> None:
    request_arrived, finished = threading.Event(), threading.Event()

    def stall(_: object) -> None:
        request_arrived.set()
        finished.wait(20)

    with raw_upstream(stall) as upstream, record(upstream.url, tmp_path / "a.har") as recorder:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(recorder.exchange, request())
            assert request_arrived.wait(10)
            code, messages = recorder.stop(signal.SIGTERM)
            assert answer.result() == b""
        finished.set()
    assert (code, "Traceback" in messages) == (0, False)
    (cut,) = recorder.recording.entries
    assert cut.response.failure == "cut off"
    assert cut.label.notes == ("the recorder was stopped before the answer was complete",)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits other processes")
def test_a_full_disk_is_reported_once_and_calls_still_go_through(tmp_path: Path) -> None:
    import resource

    out = tmp_path / "a.har"
    with raw_upstream(NO_CONTENT) as upstream, record(upstream.url, out) as recorder:
        recorder.exchange(request())
        pid, kind = recorder.server.process.pid, resource.RLIMIT_FSIZE
        old_limits = resource.prlimit(pid, kind)
        size = part_file.part_path(str(out)).stat().st_size
        resource.prlimit(pid, kind, (size + 9, old_limits[1]))
        for _ in range(3):
            assert recorder.exchange(request()).startswith(b"HTTP/1.1 204")
        resource.prlimit(pid, kind, old_limits)
        recorder.exchange(request())
        code, messages = recorder.stop(signal.SIGTERM)
    assert code == 1
    assert messages.count("is not recorded") == 1
    failure = "exchange 2 is not recorded: no space is left on the disk; calls still go through"
    assert failure in messages
    assert messages.endswith("3 more are not recorded\n")
    assert [entry.label.arrival for entry in recorder.recording.entries] == [1, 5]


@POSIX
@pytest.mark.slow
def test_overwrite_finishes_an_interrupted_file_before_it_replaces_it(tmp_path: Path) -> None:
    out = tmp_path / "a.har"
    out.write_text("mine")
    interrupted = PartFile.create(str(out))
    interrupted.write(har_file.entry_line(entry()))
    interrupted.close()
    code, message = run("--upstream", "http://127.0.0.1", "--overwrite", "--out", str(out))
    assert (code, "now holds the 1 exchange of an earlier recorder" in message) == (2, True)
    assert len(har_file.load(str(out)).entries) == 1
    with raw_upstream(NO_CONTENT) as upstream, record(upstream.url, out, "--overwrite") as recorder:
        for _ in range(2):
            recorder.exchange(request())
        recorder.stop(signal.SIGTERM)
    assert len(recorder.recording.entries) == 2


@pytest.mark.slow
@pytest.mark.claim("simultaneous", "busy-second")
def test_the_estimated_outcomes_of_eleven_overlapping_calls_are_those_of_the_mock(
    server: ServerProcess, tmp_path: Path
) -> None:
    headers = (b"Authorization: " + BASIC.encode(), b"Content-Type: application/json")
    requests = [request(ONE_ACCOUNT, *headers) for _ in range(11)]
    with (
        record_in_process(server.url, tmp_path / "a.har") as recorder,
        ThreadPoolExecutor(11) as pool,
    ):
        for answer in pool.map(recorder.exchange, requests):
            assert answer.startswith(b"HTTP/1.1 204")
    outcomes = [exchange["outcome"] for exchange in server.exchanges()]
    assert sorted(outcomes) == ["started", *["turned_away"] * 10]
    labels = [(entry.label.outcome, entry.label.confidence) for entry in recorder.entries]
    assert labels.count(("started", "high")) + labels.count(("unknown", None)) == 1
    assert sum(outcome == "turned_away" for outcome, _ in labels) == 10
    assert [entry.label.arrival for entry in recorder.entries] == [*range(1, 12)]


@pytest.mark.slow
def test_without_the_extra_the_message_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['httpx2'] = None; from superoffice_mock.cli import main;"
        "main(['record', '--upstream', 'http://127.0.0.1', '--out', 'a.har'])"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr == (
        "superoffice-mock: record needs httpx2, which is not installed; install superoffice-mock"
        " with the extra contract: pip install '.[contract]' in a clone"
        " (see Installing in the README)\n"
    )


def test_a_file_that_appears_and_a_part_file_that_is_gone_are_told(tmp_path: Path) -> None:
    out, part = tmp_path / "a.har", tmp_path / "a.har.part"
    for meddle, flags, kept, problem in (
        (out.touch, (), part, f"{out} appeared meanwhile and is not replaced"),
        (part.unlink, ("--overwrite",), out, f"{part} was removed while recording"),
    ):
        with raw_upstream(NO_CONTENT) as upstream, record(upstream.url, out, *flags) as recorder:
            recorder.exchange(sync(507))
            meddle()
            code, messages = recorder.stop(signal.SIGTERM)
        assert code == 1
        assert messages.splitlines()[1:] == [
            f"{kept}: 1 exchange (1 started)",
            f"{problem}; the recording is in {kept}",
        ]
        assert len(har_file.load(str(kept)).entries) == 1
        part.unlink(missing_ok=True)
    assert [file.name for file in tmp_path.iterdir()] == ["a.har"]


@POSIX
def test_on_an_open_host_paths_need_the_token_and_the_recording_has_none(tmp_path: Path) -> None:
    out = tmp_path / "a.har"
    flags = ("--host", "0.0.0.0", "--control-token", "sesame")
    with raw_upstream(NO_CONTENT) as upstream, record(upstream.url, out, *flags) as recorder:
        assert recorder.exchange(request()).startswith(b"HTTP/1.1 403")
        answer = recorder.exchange(request(path=b"/sesame/Cust12345" + PATH))
        assert answer.startswith(b"HTTP/1.1 204")
        _, messages = recorder.stop(signal.SIGTERM)
    assert upstream.heads[0].startswith(b"POST /Cust12345" + PATH + b" HTTP/1.1\r\n")
    url = recorder.server.url
    assert f"whoever reaches {url}/TOKEN/ reaches {upstream.url}" in messages
    assert len(recorder.recording.entries) == 1
    assert "sesame" not in out.read_text()


def run(*arguments: str) -> tuple[int, str]:
    """Return the exit code and the messages of a `record` that fails before it records."""
    result = invoke("record", *arguments)
    assert result.stdout == ""
    return result.exit_code, result.stderr


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "a.har"
    out.write_text("mine")
    flags = ("--upstream", "http://127.0.0.1:1", "--out")
    code, message = run(*flags, str(out))
    assert code == 2
    advice = "a.har exists already; name another --out, or add --overwrite to replace it\n"
    assert message.endswith(advice)
    part_file.part_path(str(out)).write_bytes(har_file.header_line(About()))
    assert "a.har.part of an earlier recorder" in run(*flags, str(out))[1]
    assert out.read_text() == "mine"
    part_file.part_path(str(out)).unlink()
    out.unlink()
    out.symlink_to("nowhere")
    assert message == run(*flags, str(out))[1]
    problem = f"superoffice-mock: {tmp_path} is a folder; name a file in it\n"
    assert run(*flags, str(tmp_path), "--overwrite") == (2, problem)


def test_wrong_usage_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    for flags, message in (
        (["--upstream", "http://10.0.0.1"], "10.0.0.1 is not a public address"),
        (["--upstream", "nowhere"], "expected a URL"),
        (["--upstream", "https://127.0.0.1", "--ca", "no.pem"], "--ca no.pem: no such file"),
        (
            ["--upstream", "https://127.0.0.1", "--ca", __file__],
            "is not a PEM file of certificates",
        ),
        (["--upstream", "http://127.0.0.1", "--port", "x"], "command line: port"),
        (["--upstream", "http://127.0.0.1", "--host", "0.0.0.0"], "set control-token too, or"),
        (["--upstream", "http://127.0.0.1", "--timeout", "0"], "Invalid value for '--timeout'"),
        ([], "Missing option '--upstream'"),
    ):
        code, stderr = run(*flags, "--out", str(tmp_path / "a.har"))
        assert code == 2, flags
        assert message in stderr, flags
        assert [*tmp_path.iterdir()] == [], flags


@pytest.mark.slow
def test_a_failed_start_leaves_no_file_behind(tmp_path: Path) -> None:
    flags = ("--upstream", "http://127.0.0.1:1", "--port", "0")
    paths = ("--port-file", str(tmp_path / "gone" / "port"), "--out", str(tmp_path / "a.har"))
    process = cli_process.run("record", *flags, *paths)
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.splitlines()[-1].endswith("name a file that can be written")
    assert [*tmp_path.iterdir()] == []
