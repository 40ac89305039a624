"""Replay over sockets: to a client it is what was recorded, its breakages too; and as a client."""

import json
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

import pytest

from superoffice_contract import report
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry
from tests.e2e.raw_http import request
from tests.e2e.replay_servers import raw, recorded, run, served, written
from tests.mock.replay.servers import Replaying, during, placed
from tests.support.make_fixtures import FOLDER
from tests.support.recordings import BASIC, JSON, URL, entry
from tests.support.server_process import PATH

NOT_CACHED = (("cache-control", "no-cache"), ("pragma", "no-cache"), ("expires", "-1"))
FILES = sorted(FOLDER.glob("*.har"))
BY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


# ---- what broke, breaks again ----------------------------------------------------------------


def test_a_connection_that_was_reset_is_reset_again() -> None:
    with served(placed(entry(status=0, failed="reset"))) as url:
        parts = urlsplit(url)
        with create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5) as caller:
            caller.sendall(request())
            with pytest.raises(ConnectionResetError):
                caller.recv(1)


@pytest.mark.slow
@pytest.mark.parametrize("failed", ["refused", "net::ERR_EMPTY_RESPONSE", None])
def test_where_no_answer_came_none_comes_again(failed: str | None) -> None:
    with served(placed(entry(status=0, failed=failed))) as url:
        assert raw(url) == b""


def test_an_answer_that_was_cut_off_is_cut_off_again() -> None:
    cut = entry(status=200, failed="cut off", answered=JSON, answer=b'{"Mess')
    with served(placed(cut)) as url:
        head, _, body = raw(url).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 7" in head
    assert body == b'{"Mess'


@pytest.mark.slow
def test_who_was_kept_waiting_for_ever_is_kept_waiting_again() -> None:
    with served(placed(entry(status=0, failed="timed out"))) as url:
        parts = urlsplit(url)
        with create_connection((str(parts.hostname), int(parts.port or 0)), timeout=0.2) as caller:
            caller.sendall(request())
            with pytest.raises(TimeoutError):
                caller.recv(1)


# ---- every fixture, both ways ----------------------------------------------------------------


@BY_FILE
async def test_a_fixture_answers_its_requests(path: Path) -> None:
    entries = har_file.load(str(path)).entries
    mock = Replaying(*entries)
    await mock.control("POST", "clock/jump")
    answers = [await mock.again(one) for one in entries]
    assert [one.status for one in answers] == [one.response.status for one in entries]
    assert [one.body for one in answers] == [one.response.body for one in entries]


@pytest.mark.slow
@BY_FILE
def test_the_requests_of_a_fixture_get_its_answers_from_it(path: Path) -> None:
    with served(recorded(path)) as url:
        done = run("replay", path, "--against", url, "--gap", "0", "--format", "json")
    told = json.loads(done.output)
    assert [one for result in told["results"] for one in result["findings"]] == []


@pytest.mark.slow
@BY_FILE
def test_the_mock_answers_the_requests_of_a_fixture_as_recorded(path: Path) -> None:
    with served(None, each=0.6) as url:
        done = run("replay", path, "--against", url, "--gap", "0.8")
    assert done.exit_code == 0, done.output


# ---- against a server ------------------------------------------------------------------------


def test_a_difference_is_told_with_the_claims_and_is_exit_code_1(tmp_path: Path) -> None:
    wrong = entry(status=200, answered=JSON, answer=b"{}")
    also = entry(body=b"{", status=400, answered=JSON, answer=b'{"Message": "No."}')
    path = written(tmp_path / "a.har", during(wrong, 0.5, 0.1), during(also, 1.5, 0.1))
    with served(None) as url:
        done = run("replay", path, "--against", url, "--format", "json")
    assert done.exit_code == 1
    first, second = json.loads(done.output)["results"]
    assert [(one["where"], one["what"]) for one in first["findings"]] == [
        ("status", "recorded 200, got 204")
    ]
    assert {one["where"] for one in second["findings"]} >= {"body /Message", "header pragma"}


@pytest.mark.slow
def test_calls_that_overlapped_are_sent_overlapping(tmp_path: Path) -> None:
    answered = entry(answered=NOT_CACHED)
    entries = [during(answered, 0.5 + 0.01 * n, 1.0 if n else 0.001) for n in range(11)]
    path = written(tmp_path / "a.har", *entries)
    with served(None) as url:
        done = run("replay", path, "--against", url)
    assert done.output.endswith("11 agrees\n")
    assert done.exit_code == 0


@pytest.mark.slow
def test_what_has_no_credential_or_no_body_can_not_be_observed(tmp_path: Path) -> None:
    hidden = (("authorization", "SOTicket 7T:one"), *JSON)
    path, clean = tmp_path / "a.har", tmp_path / "b.har"
    more = [entry(headers=(("authorization", f"SOTicket 7T:{n}"), *JSON)) for n in range(2)]
    written(path, entry(headers=hidden), *more, entry(body=None))
    assert run("redact", path, clean).exit_code == 0
    with served(None) as url:
        done = run("replay", clean, "--against", url, "--format", "json", "--gap", "0")
    told = [(one["status"], one["note"]) for one in json.loads(done.output)["results"]]
    assert [status for status, _ in told[1:]] == ["cannot be observed"] * 3
    assert "tickets of tenant 'onsite'" in told[1][1]
    assert told[3][1] == "its body is not on record"


@pytest.mark.slow
def test_a_url_with_a_path_is_the_one_tenant_that_is_called(tmp_path: Path) -> None:
    here = entry(url=f"http://x/Cust99999{PATH}", headers=JSON, status=401)
    path = written(tmp_path / "a.har", here)
    with served(None) as url:
        done = run("replay", path, "--against", f"{url}/Cust12345", "--format", "json")
    (result,) = json.loads(done.output)["results"]
    assert {one["where"] for one in result["findings"]} & {"status"} == set()


@pytest.mark.slow
def test_another_tenants_call_can_not_be_observed_there(tmp_path: Path) -> None:
    calls = [entry(url=f"http://x/{id_}{PATH}", headers=JSON, status=401) for id_ in ("a", "b")]
    path = written(tmp_path / "a.har", *calls)
    with served(None) as url:
        done = run("replay", path, "--against", f"{url}/a", "--format", "json")
    notes = [one["note"] for one in json.loads(done.output)["results"]]
    assert notes == [None, "it was recorded at another tenant, b"]


@pytest.mark.slow
def test_nothing_that_syncs_is_sent_elsewhere_unless_it_is_allowed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.har", entry(), entry(method="GET", body=b"", status=200))
    target = ("--target-file", str(_target(tmp_path)))
    with served(None) as url:
        flags = ("replay", path, "--against", url, "--real", *target, "--format", "json")
        unsaid = json.loads(run(*flags).output)["results"]
        others = run(*flags, "--start-syncs", "--accounts", "508")
        allowed = run(*flags, "--start-syncs", "--accounts", "507")
    assert unsaid[0]["note"].startswith("it may start a sync; allow that with --start-syncs")
    assert unsaid[1]["status"] != "cannot be observed"
    assert (
        json.loads(others.output)["results"][0]["note"] == "it names other accounts than --accounts"
    )
    assert json.loads(allowed.output)["results"][0]["status"] != "cannot be observed"


@pytest.mark.slow
def test_another_machine_that_wants_to_be_left_alone_is(tmp_path: Path) -> None:
    reads = [during(entry(method="GET", body=b"", status=200), at, 0.1) for at in (0.5, 1.5)]
    path = written(tmp_path / "a.har", *reads)
    flags = ("--real", "--target-file", str(_target(tmp_path)), "--format", "json")
    with served(placed(*(entry(method="GET", body=b"", status=503) for _ in reads))) as url:
        done = run("replay", path, "--against", url, *flags, "--gap", "0")
    told = [(one["status"], one["note"]) for one in json.loads(done.output)["results"]]
    assert told[0] == ("differs", None)
    assert told[1] == ("cannot be observed", "it ended when a call was answered 503")


def _target(folder: Path) -> Path:
    path = folder / "target.toml"
    path.write_text(
        '[[tenant]]\nid = "onsite"\ninstallation = "onsite"\n'
        'users = [{ name = "tje0", password = "Tje0" }]\n'
    )
    return path


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--against", "http://crm.example"), "is not this machine, and requests may start syncs"),
        (("--against", "http://127.0.0.1:1"), "is a server running there?"),
        (("--against", "ftp://x"), "expected a base URL such as"),
        (("--against", "http://127.0.0.1:1", "--ca", "x"), "--ca: is for other machines"),
        (("--against", "http://127.0.0.1:1", "--gap", "-1"), "--gap -1: expected seconds"),
        (("--against", "http://127.0.0.1:1", "--timeout", "0"), "--timeout 0: expected seconds"),
        (("--against", "http://127.0.0.1:1", "--repeat"), "--repeat: is for serving"),
        (("--against", "http://127.0.0.1:1", "--port", "1"), "--port: is for serving"),
        (("--against", "http://127.0.0.1:1", "--match", "path"), "--match: is for serving"),
        (("--format", "json"), "--format: is for --against URL"),
        (("--real",), "--real: is for --against URL"),
        (("--match", "path,verb"), "'verb' is not known; known are method, path, query, body"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    tmp_path: Path, flags: tuple[str, ...], told: str
) -> None:
    done = run("replay", written(tmp_path / "a.har", entry()), *flags)
    assert done.exit_code == 2, done.output
    assert told in done.output
    assert done.output.count("\n") == 1


@pytest.mark.slow
def test_a_server_that_redirects_is_said_to_do_so(tmp_path: Path) -> None:
    moved = entry(status=301, answered=(("location", "https://other.example/"),))
    path = written(tmp_path / "a.har", entry())
    with served(placed(moved)) as url:
        done = run("replay", path, "--against", url)
    assert done.exit_code == 2
    assert "redirects to https://other.example/; check that URL" in done.output


@pytest.mark.slow
def test_a_server_that_is_slow_once_has_given_no_answer(tmp_path: Path) -> None:
    served_once = entry(method="GET", body=b"", status=200)
    slow = entry(status=0, failed="timed out")
    first, second = during(served_once, 0.5, 0.1), during(entry(), 1.5, 0.1)
    path = written(tmp_path / "a.har", first, second)
    with served(placed(served_once, slow)) as url:
        done = run("replay", path, "--against", url, "--timeout", "0.2", "--format", "json")
    told = json.loads(done.output)["results"]
    assert [one["what"] for one in told[1]["findings"]] == ["recorded 204, got no answer"]


# ---- two fixtures ----------------------------------------------------------------------------


def test_a_recording_is_no_different_from_itself_however_it_was_redacted(tmp_path: Path) -> None:
    hidden = (("authorization", "SOTicket 7T:one"), *JSON)
    path = written(tmp_path / "a.har", entry(headers=hidden), entry(), entry(headers=hidden))
    for name in ("b.har", "c.har"):
        assert run("redact", path, tmp_path / name).exit_code == 0
    done = run("diff", tmp_path / "b.har", tmp_path / "c.har")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "3 agrees")


def some(**changes: object) -> list[Entry]:
    return [entry(**changes), entry(url=f"{URL}Other", status=404)]  # type: ignore[arg-type]


def test_a_diff_tells_other_answers_and_what_only_one_has(tmp_path: Path) -> None:
    ours = written(tmp_path / "a.har", *some(answered=(("allow", "GET, POST"),)))
    theirs = written(tmp_path / "b.har", *some(answered=(("allow", "post"),)), entry(method="PUT"))
    done = run("diff", ours, theirs, "--format", "json")
    assert done.exit_code == 1
    told = json.loads(done.output)["results"]
    assert [one["status"] for one in told] == ["differs", "agrees", "differs"]
    assert told[0]["findings"][0]["what"] == "recorded get,post, got post"
    assert told[2]["findings"][0] == {
        "where": "request",
        "what": "recorded none, got one",
        "claims": [],
        "reproduce": None,
    }
    back = json.loads(run("diff", theirs, ours, "--format", "json").output)["results"]
    assert [one["status"] for one in back] == ["differs", "agrees", "differs"]
    assert back[2]["findings"][0]["what"] == "recorded one, got none"


def test_dates_of_two_days_are_no_difference(tmp_path: Path) -> None:
    days = ("Tue, 24 Nov 2026 03:00:00 GMT", "Wed, 25 Nov 2026 03:00:00 GMT", "120")
    one, other, seconds = (
        written(tmp_path / f"{n}.har", entry(status=503, answered=(("retry-after", day),)))
        for n, day in enumerate(days)
    )
    assert run("diff", one, other).exit_code == 0
    assert run("diff", one, seconds).exit_code == 1


def test_loosened_names_pair_what_is_not_the_same_request(tmp_path: Path) -> None:
    ours = written(tmp_path / "a.har", entry(headers=BASIC))
    theirs = written(tmp_path / "b.har", entry(headers=JSON, status=401))
    done = run("diff", ours, theirs, "--match", "path", "--format", "json")
    (result,) = json.loads(done.output)["results"]
    assert [one["where"] for one in result["findings"]] == ["status"]


@pytest.mark.parametrize("shape", sorted(report.FORMATS))
def test_a_diff_comes_in_every_format(tmp_path: Path, shape: str) -> None:
    path = written(tmp_path / "a.har", entry())
    assert run("diff", path, path, "--format", shape).exit_code == 0


# ---- files that are none ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ((), "a.har: holds no exchange; record one, or name another file"),
        ((entry(status=101),), "log.entries[0].response.status: 101 is no answer's"),
        ((entry(status=777),), "log.entries[0].response.status: 777 is no answer's"),
        ((entry(), entry(answered=(("a", "b\r\nc: d"),))), "log.entries[1].response.headers: "),
        ((entry(answered=(("a b", "c"),)),), "log.entries[0].response.headers: "),
    ],
)
def test_what_can_never_be_replayed_is_one_line_that_names_the_place(
    tmp_path: Path, entries: tuple[Entry, ...], told: str
) -> None:
    path = written(tmp_path / "a.har", *entries)
    for command in (("replay", path), ("diff", path, path)):
        done = run(*command)
        assert done.exit_code == 2
        assert told in done.output
        assert done.output.count("\n") == 1


def test_an_address_that_is_none_is_one_line_that_names_the_place(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    asked = {"method": "POST", "url": "http://[x"}
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": [{"request": asked}]}}))
    done = run("replay", path)
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert "a.har: log.entries[0].request.url: " in done.output


def test_a_file_that_is_missing_or_too_long_is_one_line(tmp_path: Path) -> None:
    assert "no.har: No such file" in run("replay", tmp_path / "no.har").output
    path = written(tmp_path / "a.har", entry())
    done = run("replay", path, "--max-file", "10")
    assert (done.exit_code, "larger than 10 bytes" in done.output) == (2, True)
