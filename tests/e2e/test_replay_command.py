"""The command `replay` in a separate process."""

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from superoffice_mock.recordings import har_file
from tests.e2e.raw_http import request, send_request
from tests.e2e.recorders import POSIX, record
from tests.e2e.replay_servers import replay
from tests.support.make_fixtures import FOLDER
from tests.support.server_process import ServerProcess, run_server

ELEVEN = range(1, 12)


@pytest.mark.slow
def test_replay_is_a_server_with_the_common_options(tmp_path: Path) -> None:
    port = tmp_path / "port"
    files = (FOLDER / "page-sample.har", FOLDER / "other-verbs.har")
    with replay(*files, "--on-miss", "simulate", "--port-file", port) as running:
        assert port.read_text() == f"{running.address[1]}"
        assert send_request(running, request()).status == 204
        assert running.exchanges()[0]["outcome"] == "started"
        assert running.control("GET", "health")


def call(server: ServerProcess, account: int) -> int:
    body = b'{"SyncUserAccounts":[{"AccountId":%d}]}' % account
    return send_request(server, request(body)).status


def call_eleven(server: ServerProcess) -> list[int]:
    with ThreadPoolExecutor(len(ELEVEN)) as pool:
        return list(pool.map(lambda account: call(server, account), ELEVEN))


@POSIX
@pytest.mark.slow
def test_eleven_overlapping_calls_are_recorded_and_replayed(tmp_path: Path) -> None:
    out = tmp_path / "eleven.har"
    with run_server("--log", "off") as mock, record(mock.url, out) as recorder:
        assert call_eleven(recorder.server) == [204] * 11
        recorder.stop(signal.SIGTERM)
    order = [account_in(entry.request.body) for entry in har_file.load(str(out)).entries]
    assert sorted(order) == [*ELEVEN]
    with replay(out) as server:
        assert call_eleven(server) == [204] * 11
        assert {exchange["outcome"] for exchange in server.exchanges()} == {"replayed"}
        assert call(server, 1) == 404
    with replay(out) as server:
        assert call(server, order[-1]) == 404
        (miss,) = server.exchanges()
        assert miss["violations"][0].startswith("did not arrive: ")
        assert miss["elapsed_real"] > 4.9


def account_in(body: bytes | None) -> int:
    return int((body or b"").split(b":")[-1].rstrip(b"}]"))
