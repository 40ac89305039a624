"""`replay` over sockets, as a server and as a client, and `diff` of two recordings."""

import json
from pathlib import Path
from socket import create_connection
from typing import Any

import pytest
from click.testing import Result

from superoffice_mock.recordings import har_writer
from superoffice_mock.recordings.pseudonyms import Pseudonyms
from tests.contract.grading import builders
from tests.e2e.raw_http import request
from tests.e2e.replay_servers import call, load_exchanges, serve, write_har
from tests.e2e.upstreams import raw_upstream
from tests.mock.replay.servers import during, exchanges
from tests.support.endless_answers import ENDLESS, Taken
from tests.support.local_servers import invoke
from tests.support.recordings import BASIC, JSON, URL, entry
from tests.support.server_process import PATH, address_of

NOT_CACHED = (("cache-control", "no-cache"), ("pragma", "no-cache"), ("expires", "-1"))


def results_of(result: Result) -> list[dict[str, Any]]:
    return list(json.loads(result.stdout)["results"])


def replay_against(url: str, path: str | Path, *flags: str) -> list[dict[str, Any]]:
    """Send the requests of a recording to *url*, and return the results."""
    return results_of(invoke("replay", path, "--against", url, "--format", "json", *flags))


def test_a_recorded_reset_resets_the_connection_and_a_recorded_time_out_gets_no_answer() -> None:
    for failure, seconds, error in (
        ("reset", 5, ConnectionResetError),
        ("timed out", 0.2, TimeoutError),
    ):
        with (
            serve(exchanges(entry(status=0, failure=failure))) as url,
            create_connection(address_of(url), timeout=seconds) as client,
        ):
            client.sendall(request())
            with pytest.raises(error):
                client.recv(1)


@pytest.mark.slow
def test_a_recorded_failure_closes_the_connection_without_an_answer() -> None:
    for failure in ("refused", "net::ERR_EMPTY_RESPONSE", None):
        with serve(exchanges(entry(status=0, failure=failure))) as url:
            assert call(url) == b"", failure


def test_a_recorded_answer_that_was_cut_off_is_cut_off() -> None:
    cut = entry(status=200, failure="cut off", response_headers=JSON, response_body=b'{"Mess')
    with serve(exchanges(cut)) as url:
        head, _, body = call(url).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 7" in head
    assert body == b'{"Mess'


def test_a_difference_is_reported_and_is_exit_code_1(tmp_path: Path) -> None:
    wrong_status = entry(status=200, response_headers=JSON, response_body=b"{}")
    message = b'{"Message": "No."}'
    wrong_body = entry(body=b"{", status=400, response_headers=JSON, response_body=message)
    entries = during(wrong_status, 0.5, 0.1), during(wrong_body, 1.5, 0.1)
    path = write_har(tmp_path / "a.har", *entries)
    with serve(None) as url:
        result = invoke("replay", path, "--against", url, "--format", "json")
    assert result.exit_code == 1
    first, second = results_of(result)
    assert [(finding["where"], finding["what"]) for finding in first["findings"]] == [
        ("status", "recorded 200, got 204")
    ]
    places = {finding["where"] for finding in second["findings"]}
    assert places >= {"body /Message", "header pragma"}


@pytest.mark.slow
def test_calls_that_overlapped_when_recorded_overlap_again(tmp_path: Path) -> None:
    sync = entry(response_headers=NOT_CACHED)
    entries = [during(sync, 0.5 + 0.01 * n, 1.0 if n else 0.001) for n in range(11)]
    path = write_har(tmp_path / "a.har", *entries)
    with serve(None) as url:
        result = invoke("replay", path, "--against", url)
    assert result.output.endswith("11 agree\n")
    assert result.exit_code == 0


def test_a_connection_that_broke_is_on_record_as_its_failure_says(tmp_path: Path) -> None:
    broken = entry(status=0, failure="reset")
    with serve(exchanges(broken)) as url:
        (result,) = replay_against(url, write_har(tmp_path / "a.har", broken))
    assert result["status"] == "agrees"


@pytest.mark.slow
def test_a_call_whose_credentials_are_hidden_can_not_be_observed(tmp_path: Path) -> None:
    tickets = (("authorization", f"SOTicket 7T:{n}") for n in range(3))
    path, redacted = tmp_path / "a.har", tmp_path / "b.har"
    write_har(path, *(entry(headers=(ticket, *JSON)) for ticket in tickets))
    assert invoke("redact", path, redacted).exit_code == 0
    with serve(None) as url:
        _, *results = replay_against(url, redacted, "--gap", "0")
    assert [result["status"] for result in results] == ["cannot be observed"] * 2
    assert "tickets of tenant 'onsite'" in results[0]["reason"]


def test_credentials_that_a_tool_took_out_are_those_of_the_target(tmp_path: Path) -> None:
    """Of the same kind if the scheme is still there; what was refused can't be refused again."""
    cookie = ("cookie", "ASP.NET_SessionId=[Filtered]")
    statuses = []
    for headers in (
        (("authorization", "[Filtered]"),),
        (("authorization", "Basic ***"),),
        (("authorization", "SOTicket ******"), ("so-apptoken", "REDACTED")),
        (cookie, ("x-xsrf-token", "[Filtered]")),
        (),
    ):
        sync = entry(headers=(*headers, *JSON), response_headers=NOT_CACHED)
        refused = entry(headers=(*headers, *JSON), status=401)
        path = write_har(tmp_path / "a.har", sync, refused)
        with serve(None) as url:
            first, second = replay_against(url, path, "--gap", "0")
        assert first["status"] == "agrees", (headers, first)
        statuses.append(second["status"])
    assert statuses == ["cannot be observed"] * 5


def test_only_documented_calls_are_sent_unless_all_are_asked_for(tmp_path: Path) -> None:
    preflight = entry(method="OPTIONS", headers=(("access-control-request-method", "POST"),))
    others = [entry(url=f"http://x/{name}", status=404) for name in ("a.js", "", "api/v1/Other")]
    path = write_har(tmp_path / "a.har", entry(), *others, preflight)
    with serve(None) as url:
        result = invoke("replay", path, "--against", url, "--gap", "0")
        assert len(replay_against(url, path, "--gap", "0", "--all")) == 5
        only_others = invoke("replay", write_har(tmp_path / "b.har", *others), "--against", url)
    assert "  not sent: 4 that are no documented calls; --all sends them\n" in result.output
    assert result.output.endswith("\n1 differs\n")
    assert (only_others.exit_code, only_others.output.count("\n")) == (2, 1)
    assert "none of the 3 exchanges is a documented call; --all sends them" in only_others.output


PSEUDONYM = Pseudonyms(b"a key").of_text("something")
HIDDEN_TENANT = URL.replace("/api/", f"/{PSEUDONYM}/api/")
ADDRESS = "its address has a pseudonym, and what stood there is not on record"
NOT_OBSERVED = {
    "no answer to it is on record, nor why there is none": [entry(status=0)],
    "its body is not on record": [entry(body=None)],
    "its credentials are not on record; --target-file needs some of tenant 'onsite'": [
        entry(headers=(("authorization", "Bearer *****"), *JSON))
    ],
    "it signs in with secrets in its body, which are not on record; sign in yourself, and give "
    "what you get to the other calls with --target-file": [
        entry(
            "http://x/login/common/oauth/tokens",
            headers=(("content-type", "application/x-www-form-urlencoded"),),
            body=f"grant_type=refresh_token&client_secret={PSEUDONYM}".encode(),
            status=200,
        )
    ],
    ADDRESS: [
        *(entry(f"{URL}{rest}") for rest in (f"/{PSEUDONYM}", f"?a={PSEUDONYM}")),
        *(entry(f"{URL}{rest}") for rest in (f"?a=b%20{PSEUDONYM}", "?contactId=1000000008")),
        *(entry(HIDDEN_TENANT), entry(URL.replace("/api/", "/Cust900000089/api/"))),
    ],
    "its body has pseudonyms, and what stood there is not on record": [
        entry(f"{URL}Other", body=json.dumps({"Name": PSEUDONYM}).encode(), status=404)
    ],
    "its address is too long, or can't be sent for another reason": [
        entry(f"{URL}?{'a' * 70_000}")
    ],
}
"""By reason."""


def test_a_replay_in_which_nothing_can_be_observed_has_exit_code_2(tmp_path: Path) -> None:
    flags = ("--gap", "0", "--all", "--target-file", write_target(tmp_path), "--format", "json")
    with serve(None) as url:
        for reason, entries in NOT_OBSERVED.items():
            path = write_har(tmp_path / "a.har", *entries)
            result = invoke("replay", path, "--against", url, *flags)
            assert result.exit_code == 2, reason
            message = "no exchange could be observed; the report says beside each what"
            assert message in result.stderr
            reasons = [(found["status"], found["reason"]) for found in results_of(result)]
            assert reasons == [("cannot be observed", reason)] * len(entries)


def test_what_needs_no_credentials_and_what_another_tenant_replaces_is_sent(
    tmp_path: Path,
) -> None:
    """A GET that describes an operation needs none, and gets none."""
    describing = entry(method="GET", headers=(), body=b"", status=200)
    target = ("--target-file", write_target(tmp_path))
    with serve(None) as url:
        (first,) = replay_against(url, write_har(tmp_path / "a.har", describing), *target)
        (second,) = replay_against(
            f"{url}/Cust12345", write_har(tmp_path / "b.har", entry(HIDDEN_TENANT))
        )
    assert (first["reason"], second["reason"]) == (None, None)


@pytest.mark.slow
def test_a_url_with_a_tenant_sends_all_calls_to_that_tenant(tmp_path: Path) -> None:
    sync = entry(url=f"http://x/Cust99999{PATH}", headers=JSON, status=401)
    slashes = (f"//Cust99999{PATH}", f"/Cust99999/{PATH}", f"/Cust99999{PATH}//")
    not_found = [entry(url=f"http://x{path}", headers=JSON, status=404) for path in slashes]
    path = write_har(tmp_path / "a.har", sync, *not_found)
    with serve(None) as url:
        results = replay_against(f"{url}/Cust12345", path, "--all")
    wrong = [finding["where"] for result in results for finding in result["findings"]]
    assert len(results) == 4
    assert "status" not in wrong


@pytest.mark.slow
def test_a_call_of_another_tenant_can_not_be_observed(tmp_path: Path) -> None:
    calls = [entry(url=f"http://x/{id_}{PATH}", headers=JSON, status=401) for id_ in ("a", "b")]
    path = write_har(tmp_path / "a.har", *calls)
    with serve(None) as url:
        notes = [result["reason"] for result in replay_against(f"{url}/a", path)]
    assert notes == [None, "it was recorded at another tenant, b"]


@pytest.mark.slow
def test_calls_that_may_sync_are_sent_to_a_real_server_only_if_allowed(tmp_path: Path) -> None:
    path = write_har(tmp_path / "a.har", entry(), entry(method="GET", body=b"", status=200))
    flags = ("--real", "--target-file", write_target(tmp_path))
    with serve(None) as url:
        by_default = replay_against(url, path, *flags)
        others = replay_against(url, path, *flags, "--start-syncs", "--accounts", "508")
        allowed = replay_against(url, path, *flags, "--start-syncs", "--accounts", "507")
    assert by_default[0]["reason"].startswith("it may start a sync; allow that with --start-syncs")
    assert by_default[1]["status"] != "cannot be observed"
    assert others[0]["reason"] == "it names other accounts than --accounts"
    assert allowed[0]["status"] != "cannot be observed"


@pytest.mark.slow
def test_a_real_server_that_answers_503_gets_no_more_requests(tmp_path: Path) -> None:
    reads = [during(entry(method="GET", body=b"", status=200), at, 0.1) for at in (0.5, 1.5)]
    path = write_har(tmp_path / "a.har", *reads)
    flags = ("--real", "--target-file", write_target(tmp_path), "--gap", "0")
    with serve(exchanges(*(entry(method="GET", body=b"", status=503) for _ in reads))) as url:
        first, second = replay_against(url, path, *flags)
    assert (first["status"], first["reason"]) == ("differs", None)
    assert second["status"] == "cannot be observed"
    assert second["reason"] == "nothing was sent after an answer of 503"


def test_an_endless_answer_differs_and_is_read_no_further(tmp_path: Path) -> None:
    reads = [entry(method="GET", body=b"", status=200) for _ in range(2)]
    path = write_har(tmp_path / "a.har", *reads)
    taken = Taken(*ENDLESS["a body"])
    with raw_upstream(taken) as upstream:
        results = replay_against(upstream.url, path, "--gap", "0")
    for result in results:
        assert result["status"] == "differs"
        assert result["findings"][0]["what"].endswith("is longer than 1 MiB; the rest was not read")
    assert (len(results), taken.count < 32 * 2**20) == (2, True)


def write_target(folder: Path) -> str:
    path = folder / "target.toml"
    path.write_text(
        '[[tenant]]\nid = "onsite"\ninstallation = "onsite"\n'
        'users = [{ name = "tje0", password = "Tje0" }]\n'
    )
    return str(path)


def test_wrong_usage_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = write_har(tmp_path / "a.har", entry())
    unknown_field = "--match: unknown field; the fields are: method, path, query, body"
    for flags, message in (
        ("--against http://crm.example", "is not this machine, and requests may start syncs"),
        ("--against http://127.0.0.1:1", "is a server running there?"),
        ("--against ftp://x", "expected a base URL such as"),
        ("--against http://127.0.0.1:1 --ca x", "--ca: works with --real only"),
        ("--against http://127.0.0.1:1 --gap -1", "--gap -1: expected seconds"),
        ("--against http://127.0.0.1:1 --timeout 0", "--timeout 0: expected seconds"),
        ("--against http://127.0.0.1:1 --repeat", "--repeat: is for serving"),
        ("--against http://127.0.0.1:1 --port 1", "--port: is for serving"),
        ("--against http://127.0.0.1:1 --match path", "--match: is for serving"),
        ("--format json", "--format: is for --against URL"),
        ("--real", "--real: is for --against URL"),
        ("--match path,verb", unknown_field),
    ):
        result = invoke("replay", path, *flags.split())
        assert result.exit_code == 2, flags
        assert message in result.output, flags
        assert result.output.count("\n") == 1, flags


@pytest.mark.slow
def test_a_server_that_redirects_is_an_error(tmp_path: Path) -> None:
    redirect = entry(status=301, response_headers=(("location", "https://other.example/"),))
    path = write_har(tmp_path / "a.har", entry())
    with serve(exchanges(redirect)) as url:
        result = invoke("replay", path, "--against", url)
    assert result.exit_code == 2
    assert "redirects to https://other.example/; check that URL" in result.output


@pytest.mark.slow
def test_an_answer_after_the_time_out_counts_as_no_answer(tmp_path: Path) -> None:
    read = entry(method="GET", body=b"", status=200)
    stall = entry(status=0, failure="timed out")
    path = write_har(tmp_path / "a.har", during(read, 0.5, 0.1), during(entry(), 1.5, 0.1))
    with serve(exchanges(read, stall)) as url:
        _, result = replay_against(url, path, "--timeout", "0.2")
    assert [finding["what"] for finding in result["findings"]] == ["recorded 204, got no answer"]


def diff(ours: str, theirs: str, *flags: str) -> list[dict[str, Any]]:
    return results_of(invoke("diff", ours, theirs, "--format", "json", *flags))


def test_diff_reports_different_answers_and_exchanges_that_only_one_has(tmp_path: Path) -> None:
    other = entry(url=f"{URL}Other", status=404)
    gets, posts = (entry(response_headers=(("allow", v),)) for v in ("GET, POST", "post"))
    ours = write_har(tmp_path / "a.har", gets, other)
    theirs = write_har(tmp_path / "b.har", posts, other, entry(method="PUT"))
    assert invoke("diff", ours, theirs).exit_code == 1
    results = diff(ours, theirs)
    assert [result["status"] for result in results] == ["differs", "agrees", "differs"]
    assert results[0]["findings"][0]["what"] == "recorded get,post, got post"
    only_theirs = {"where": "request", "what": "recorded none, got one"}
    assert results[2]["findings"][0] == {
        **only_theirs,
        "claims": [],
        "evidence": [],
        "count": 1,
        "reproduce": None,
    }
    results = diff(theirs, ours)
    assert [result["status"] for result in results] == ["differs", "agrees", "differs"]
    assert results[2]["findings"][0]["what"] == "recorded one, got none"


def test_different_dates_are_not_a_difference(tmp_path: Path) -> None:
    def write(value: str) -> str:
        busy = entry(status=503, response_headers=(("retry-after", value),))
        return write_har(tmp_path / f"{value[:3]}.har", busy)

    values = ("Tue, 24 Nov 2026 03:00:00 GMT", "Wed, 25 Nov 2026 03:00:00 GMT", "120")
    tuesday, wednesday, seconds = map(write, values)
    assert invoke("diff", tuesday, wednesday).exit_code == 0
    assert invoke("diff", tuesday, seconds).exit_code == 1


def test_match_pairs_requests_that_differ_in_other_fields(tmp_path: Path) -> None:
    ours = write_har(tmp_path / "a.har", entry(headers=BASIC))
    theirs = write_har(tmp_path / "b.har", entry(headers=JSON, status=401))
    (result,) = diff(ours, theirs, "--match", "path")
    assert [finding["where"] for finding in result["findings"]] == ["status"]


def test_a_file_without_an_exchange_is_an_error_after_what_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    for odd_entries, reason in (
        ([], None),
        ([builders.entry(status=101)], "its status, 101, is not that of an answer"),
        ([builders.entry(status=777)], "its status, 777, is not that of an answer"),
        ([builders.entry(url="http://[x")], "its URL is not valid"),
    ):
        path.write_bytes(builders.har_of(*odd_entries))
        for command in (("replay", path), ("diff", path, path)):
            result = invoke(*command)
            notes = [] if reason is None else [f"{path}: log.entries[0] is left out: {reason}"]
            assert (result.exit_code, result.output.splitlines()[:-1]) == (2, notes)
            assert "a.har: holds no exchange; record one, or name another" in result.output


def test_an_odd_entry_never_spoils_a_file(tmp_path: Path) -> None:
    """An entry that is no exchange is left out; whatever else is odd is told and compared."""
    sendable = har_writer.entry_json(entry())
    for problem, count, odd in (
        ("left out: its status, 101, is not", 1, {"response": {"status": 101}}),
        ("left out: its status, 199, is not", 1, {"response": {"status": 199}}),
        ("left out: its status, 600, is not", 1, {"response": {"status": 600}}),
        ("left out: ", 1, {"request": {"method": "POST", "url": "http://[x"}}),
        ("left out: ", 1, {"request": {"method": "P\xd6ST"}}),
        ("", 2, {"request": {"url": f"{URL}?\ud800=\xf8"}}),
        ("", 2, {"request": {"url": f"{URL}/\x00\u0141 \ud800"}}),
        ("bytes of UTF-8", 2, {"request": {"headers": [{"name": "X-User", "value": "\u0141"}]}}),
        ("", 2, {"request": {"headers": [{"name": "X-User", "value": "S\xf8ren"}]}}),
        ("left out: a header ", 2, {"request": {"headers": [{"name": "", "value": "a"}]}}),
        ("left out: a header ", 2, {"response": {"headers": [{"name": "a b", "value": "c"}]}}),
        ("split into ", 2, {"response": {"headers": [{"name": "Expires", "value": "a\nb"}]}}),
        ("bytes of UTF-8", 2, {"response": {"headers": [{"name": "Allow", "value": "\u0141"}]}}),
        ("control characters", 2, {"response": {"headers": [{"name": "Allow", "value": "\0"}]}}),
    ):
        log = {"version": "1.2", "entries": [sendable, merge(sendable, odd)]}
        path = tmp_path / "a.har"
        path.write_text(json.dumps({"log": log}))
        with serve(load_exchanges(path)) as url:
            against = invoke("replay", path, "--against", url, "--gap", "0", "--all")
        for result in (against, invoke("diff", path, path)):
            assert result.exit_code == 0, result.output
            assert problem in result.stderr, odd
            assert result.output.endswith(f"{count} agree{'s' * (count == 1)}\n"), odd


def merge(har_entry: dict[str, Any], odd: dict[str, Any]) -> dict[str, Any]:
    """Return *har_entry* with *odd* members of its messages, and the headers after its own."""
    merged = {**har_entry}
    for name, members in odd.items():
        headers = [*har_entry[name]["headers"], *members.get("headers", ())]
        merged[name] = har_entry[name] | members | {"headers": headers}
    return merged


def test_a_file_that_is_missing_or_too_long_is_an_error(tmp_path: Path) -> None:
    assert "no.har: no such file" in invoke("replay", tmp_path / "no.har").output
    path = write_har(tmp_path / "a.har", entry())
    result = invoke("replay", path, "--max-file", "10")
    assert (result.exit_code, "larger than 10 bytes" in result.output) == (2, True)
