"""`superoffice-mock replay` as users start it: from what a recorder made."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from superoffice_mock.recordings import har_file
from tests.e2e.raw_http import JSON, exchange, request
from tests.e2e.replay_servers import replay
from tests.e2e.test_record_command import POSIX, record
from tests.support.make_fixtures import FOLDER
from tests.support.server_process import Running, serving

ELEVEN = range(1, 12)


@pytest.mark.slow
def test_a_replay_is_a_server_as_any_other(tmp_path: Path) -> None:
    port = tmp_path / "port"
    files = (FOLDER / "page-sample.har", FOLDER / "other-verbs.har")
    with replay(*files, "--on-miss", "simulate", "--port-file", port) as running:
        assert port.read_text() == f"{running.address[1]}"
        assert exchange(running, request()).status == 204
        assert running.exchanges()[0]["outcome"] == "started"
        assert running.control("GET", "health")


def call(running: Running, account: int) -> int:
    body = b'{"SyncUserAccounts":[{"AccountId":%d}]}' % account
    return exchange(running, request(body)).status


def together(running: Running) -> list[int]:
    with ThreadPoolExecutor(len(ELEVEN)) as pool:
        return list(pool.map(lambda account: call(running, account), ELEVEN))


@POSIX
@pytest.mark.slow
def test_eleven_overlapping_callers_are_recorded_and_replayed(tmp_path: Path) -> None:
    out = tmp_path / "eleven.har"
    with serving("--log", "off") as mock, record(mock.url, out) as recorder:
        assert together(recorder.running) == [204] * 11
        recorder.ended(15)
    entries = har_file.load(str(out)).entries
    order = [account(one.request.body) for one in entries]
    assert sorted(order) == [*ELEVEN]
    with replay(out) as again:
        assert together(again) == [204] * 11
        told = again.exchanges()
        assert {one["outcome"] for one in told} == {"replayed"}
        assert call(again, 1) == 404
    with replay(out) as alone:
        assert call(alone, order[-1]) == 404
        (told_alone,) = alone.exchanges()
        assert told_alone["violations"][0].startswith("did not arrive: ")
        assert told_alone["elapsed_real"] > 4.9


def account(body: bytes | None) -> int:
    return int((body or b"").split(b":")[-1].rstrip(b"}]"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_part_file_is_replayed_too_and_what_is_torn_is_said(tmp_path: Path) -> None:
    whole = har_file.load(str(FOLDER / "errors.har"))
    lines = [
        har_file.header_line(whole.about),
        *map(har_file.entry_line, whole.entries[:2]),
        b'{"to',
    ]
    path = tmp_path / "a.har.part"
    path.write_bytes(b"".join(lines))
    with replay(path) as running:
        plain = {"Authorization": "Basic dGplMDpUamUw", "Content-Type": JSON}
        assert exchange(running, request(b"", {**plain, "Content-Length": "0"})).status == 400
        running.process.terminate()
        _, told = running.process.communicate(timeout=10)
    assert told == f"{path}: its last line was torn and is left out\n"
