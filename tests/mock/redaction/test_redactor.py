"""Redaction: no secret survives, equal values stay equal, and what replay needs is still there."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_contract.grading import grade
from superoffice_contract.openapi import operations
from superoffice_mock.cli import main
from superoffice_mock.errors import Rejected
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About, Entry, Headers, Label
from superoffice_mock.redaction import pseudonyms, secret_patterns
from superoffice_mock.redaction.known_values import NEWEST
from superoffice_mock.redaction.pseudonyms import PATTERN, basic_pair, is_pseudonym
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.wire.decode import decode
from superoffice_mock.wire.headers import REDACTED
from tests.contract.grading import builders
from tests.e2e.payloads import PAYLOADS, SIGN_INS
from tests.mock.redaction.secret_places import (
    LASTING,
    MARK,
    ODD,
    PLACES,
    SEEDS,
    SPELLINGS,
    basic,
    latin,
    named,
    told,
    xml,
)
from tests.support.cpu_time import usual_seconds
from tests.support.recordings import BASIC, BODY, JSON, URL, entry, recording

KEY = b"a key for tests"


def redacted(one: Entry, key: bytes | None = KEY) -> Entry:
    return Redactor(key).entry(one)


def header(name: str, value: str) -> str:
    """The value of a header of a request after redaction."""
    (found,) = redacted(entry(headers=((name, value),))).request.all(name)
    return found


def sent(body: str | bytes, media_type: str = "application/json") -> str:
    """The body of a request after redaction."""
    raw = body.encode() if isinstance(body, str) else body
    found = redacted(entry(headers=(("content-type", media_type),), body=raw)).request.body
    return "" if found is None else found.decode()


def pseudonym(value: str) -> str:
    return header("so-apptoken", value)


# ---- a seeded secret, in every place ---------------------------------------------------------


def survives(one: Entry, seed: str) -> list[str]:
    """The ways in which *seed* can still be read in a file that holds *one*."""
    made = Redactor()
    line = har_file.entry_line(made.entry(one)).decode()
    return readable(line + har_file.header_line(made.about(About())).decode(), seed)


def readable(line: str, seed: str) -> list[str]:
    """The ways in which *line* says *seed*."""
    raw = seed.encode()
    ways = {
        *(MARK, seed, seed.lower(), quote(seed), quote_plus(seed), latin(seed)),
        *(json.dumps(seed)[1:-1], base64.b64encode(raw).decode().rstrip("=")),
        base64.b64encode(seed.encode("utf-16-le")).decode()[:10],
        *(base64.b64encode(MARK[i : i + 6].encode()).decode() for i in range(3)),
    }
    return sorted(way for way in ways if way.lower() in line.lower())


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_a_seeded_secret_survives_nowhere(place: str, seed: str) -> None:
    assert survives(PLACES[place](seed), seed) == []


@pytest.mark.parametrize("place", LASTING)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, spelling=st.sampled_from([*SPELLINGS]))
def test_a_secret_survives_in_no_answer_to_somebody_else(
    place: str, seed: str, spelling: str
) -> None:
    one, other = PLACES[place](seed), told(SPELLINGS[spelling](seed))
    for some in ((one, other), (other, one)):
        assert (
            readable(har_file.written(Redactor().recording(recording(*some))).decode(), seed) == []
        )
    live = Redactor()
    lines = [har_file.entry_line(live.entry(each)).decode() for each in (one, entry(), other)]
    assert readable("".join(lines), seed) == []


def answer_after(*before: Entry, message: str) -> str:
    """The sentence of an answer, redacted after *before* as a recorder does."""
    live = Redactor(KEY)
    for one in before:
        live.entry(one)
    said = json.dumps({"Message": message}).encode()
    body = live.entry(entry(headers=JSON, status=400, answered=JSON, answer=said)).response.body
    return str(json.loads(body or b"")["Message"])


def signed_in(user: str, password: str, name: str = "Walker") -> Entry:
    headers = (("authorization", basic(user, password)), *JSON)
    return entry(headers=headers, body=named(name).encode())


def test_an_answer_says_pseudonyms_for_who_signed_in_before() -> None:
    said = "Sync of WALKER by bsmith is running (signed in with summer24)"
    found = answer_after(signed_in("bsmith", "Summer24"), message=said)
    names = tuple(map(pseudonym, ("Walker", "bsmith", "Summer24")))
    assert found == "Sync of {} by {} is running (signed in with {})".format(*names)


def test_of_two_values_that_only_their_case_tells_apart_each_has_its_pseudonym() -> None:
    before = signed_in("kim77", "Kim77")
    found = answer_after(before, message="kim77, Kim77")
    assert found == f"{pseudonym('kim77')}, {pseudonym('Kim77')}"


@pytest.mark.parametrize("word", ["the", "Sync", "User", "507", "IS", "SuperOffice", "Message"])
def test_who_is_called_like_an_everyday_word_leaves_the_answers_of_others(word: str) -> None:
    said = "The sync of account 507 is running; SuperOffice has no message for the user."
    assert answer_after(signed_in(word, "x", word), message=said) == said


@pytest.mark.parametrize("password", ["the", "Sync", "running"])
def test_a_password_is_hidden_whatever_word_it_is(password: str) -> None:
    found = answer_after(signed_in("bsmith", password), message=f"signed in with '{password}'")
    assert found == f"signed in with '{pseudonym(password)}'"


@pytest.mark.parametrize("name", ["Kim", "Bob"])
def test_a_short_name_is_not_looked_for_within_words(name: str) -> None:
    found = answer_after(signed_in(name, "x"), message=f"{name}berley and {name}, {name.lower()}_1")
    assert found == f"{name}berley and {pseudonym(name)}, {name.lower()}_1"


def test_a_user_called_pseudo_does_not_break_the_pseudonyms() -> None:
    said = f"no {pseudonym('x')} for pseudo"
    assert answer_after(signed_in("pseudo", "x"), message=said) == (
        f"no {pseudonym('x')} for {pseudonym('pseudo')}"
    )


def test_a_recorder_forgets_who_was_there_long_ago_and_keeps_who_still_is() -> None:
    live = Redactor(KEY)
    live.entry(signed_in("once", "Winter99"))
    for number in range(2 * NEWEST + 1):
        live.entry(signed_in("bsmith", "Summer24", f"Person {number:05}"))
    said = json.dumps({"Message": "Winter99, Summer24"}).encode()
    body = live.entry(entry(headers=JSON, answered=JSON, answer=said)).response.body or b""
    assert json.loads(body)["Message"] == f"Winter99, {pseudonym('Summer24')}"


def test_how_much_was_said_does_not_matter_to_how_long_an_answer_takes() -> None:
    body = json.dumps([{"AssociateName": f"Person {n:05}"} for n in range(20_000)]).encode()
    said = json.dumps({"Message": "Person 1 of Person 2, and so on. " * 1_000}).encode()
    one = entry(body=body, status=400, answered=JSON, answer=said)
    assert usual_seconds(lambda: redacted(one), NO_TIME) < NO_TIME


@pytest.mark.parametrize(
    "said",
    [
        *("password hunter2 is wrong", "pwd s3cr3t", "Password: hunter2.", "PWD is 'Summer24'"),
        *("the password was p@ss, sorry", 'passphrase "a-1-b"'),
    ],
)
def test_a_password_in_passing_is_found_by_its_looks(said: str) -> None:
    assert PATTERN.search(answer_after(message=said))


STRONG = ("7T:bm9ib2R5LWtub3dz", "eyJhbGciOiJub25l.eyJzdWIiOiJib2Ii.c2ln", "bob@acme.example")


@pytest.mark.parametrize(
    "seed", [*STRONG, "https://bob:hunter2@acme.example/x", "a8Kq3Zt0Pw7Lm2Xc"]
)
@pytest.mark.parametrize("template", ["{}", "no user {} here", "see <{}>", "'{}'", "x={};"])
def test_a_sentence_of_an_answer_loses_what_its_shape_gives_away(template: str, seed: str) -> None:
    said = json.dumps({"Message": template.format(seed)}).encode()
    answer = redacted(entry(status=400, answered=JSON, answer=said)).response.body
    assert answer is not None
    assert seed.encode() not in answer
    assert PATTERN.search(answer.decode())


# ---- what stays ------------------------------------------------------------------------------


def test_equal_values_are_equal_within_a_recording_and_not_beyond_it() -> None:
    one, other = Redactor(), Redactor()
    assert one.entry(entry()).request == one.entry(entry()).request
    assert one.entry(entry()).request != other.entry(entry()).request


def test_a_value_has_one_pseudonym_wherever_it_stands() -> None:
    word = pseudonym("Walker")
    assert is_pseudonym(word)
    assert word in sent(named("Walker"))
    assert word in sent(xml("Walker"), "text/xml")
    assert basic_pair(header("authorization", basic("Walker", "x"))[6:]) == (word, pseudonym("x"))
    assert redacted(entry(f"{URL}?x=Walker")).request.url.endswith(f"={word}")


@pytest.mark.parametrize(
    ("name", "value", "shape"),
    [
        ("authorization", "SOTicket 7T:abc", r"SOTicket 7T:{}"),
        ("authorization", "sOtIcKeT 7A:abc", r"sOtIcKeT 7A:{}"),
        ("authorization", "Bearer 8A:Cust12345.abc", r"Bearer 8A:Cust12345.{}"),
        ("authorization", "Bearer abc", r"Bearer {}"),
        ("authorization", "Basic %%%", r"Basic {}"),
        ("authorization", "Basic", r"Basic"),
        ("authorization", "", r""),
        ("authorization", "Negotiate YII=", r"Negotiate {}"),
        ("cookie", "ASP.NET_SessionId=abc; b=c", r"ASP.NET_SessionId={}; {}={}"),
        ("host", "crm.acme.example:8080", r"{}.invalid"),
        ("origin", "https://acme.example", r"https://{}.invalid"),
        ("origin", "http://localhost:3000", r"http://localhost:3000"),
        ("accept", "application/json; charset=utf-8", r"application/json; charset=utf-8"),
        ("accept", "text/x-acme;q=0.5, */*", r"{}; q=0.5, */*"),
        ("accept-language", "en-US,nb;q=0.7,*;q=0.5", r"en-US, nb;q=0.7, *;q=0.5"),
        ("accept-encoding", "gzip, br;q=0.1", r"gzip, br;q=0.1"),
        ("user-agent", "SO-TS-WebApi/1.0 (Acme CRM) node", r"SO-TS-WebApi/1.0"),
        ("content-type", 'text/xml; charset="utf-16"; x=y', r"text/xml; charset=utf-16"),
    ],
)
def test_a_header_keeps_its_shape(name: str, value: str, shape: str) -> None:
    assert PATTERN.sub("{}", header(name, value)) == shape


@pytest.mark.parametrize(
    ("name", "value", "shape"),
    [
        ("www-authenticate", 'Basic realm="SuperOffice", Negotiate', None),
        ("www-authenticate", 'Basic realm="Acme"', 'Basic realm="{}"'),
        ("set-cookie", "XSRF-TOKEN=a; Path=/; HttpOnly", "XSRF-TOKEN={}; Path=/; HttpOnly"),
        ("location", "/Cust1/api/v1/x?a=b", "/Cust1/api/v1/{}?{}={}"),
        ("cache-control", "no-cache, x", "no-cache"),
        ("expires", "-1", None),
        ("date", "Tue, 24 Nov 2026 03:00:00 GMT", None),
        ("retry-after", "Tue, 24 Nov 2026 03:00:00 GMT", None),
        ("retry-after", "120", None),
        ("allow", "GET, HEAD, OPTIONS, POST", None),
        ("access-control-allow-origin", "*", None),
    ],
)
def test_a_header_of_an_answer_keeps_its_shape(name: str, value: str, shape: str | None) -> None:
    (found,) = redacted(entry(answered=((name, value),))).response.all(name)
    assert PATTERN.sub("{}", found) == (value if shape is None else shape)


def test_the_path_the_tenant_and_documented_words_of_a_url_stay() -> None:
    url = "https://sod.superoffice.com/Cust12345/API/v1/Agents/EMail/SyncEmailAccounts/"
    assert redacted(entry(f"{url}?$SELECT=AccountId")).request.url.endswith(
        ".invalid/Cust12345/API/v1/Agents/EMail/SyncEmailAccounts/?$SELECT=AccountId"
    )


@pytest.mark.parametrize("media_type", PAYLOADS)
def test_a_good_body_starts_the_same_sync_with_pseudonyms_for_names(media_type: str) -> None:
    (operation,) = operations.load().operations.values()
    before = PAYLOADS[media_type]
    asked, told = (
        [
            (one.account_id, one.associate_id, one.associate_name)
            for one in decode(operation, media_type, body.encode(), 10).request.sync_user_accounts
        ]
        for body in (before, sent(before, media_type))
    )
    assert [one[:2] for one in asked] == [one[:2] for one in told]
    assert [one[2] and pseudonym(one[2]) for one in asked] == [one[2] for one in told]


BAD = {
    "cut": ('{"SyncUserAccounts": [{"AccountId": 507', "application/json"),
    "trailing comma": ('{"SyncUserAccounts": [{"AccountId": 507,}]}', "application/json"),
    "bad escape": ('{"SyncUserAccounts": [{"AssociateName": "a\\q"}]}', "application/json"),
    "control character": ('{"SyncUserAccounts": [{"AssociateName": "a\nb"}]}', "text/json"),
    "bare word": ('{"SyncUserAccounts": nobody}', "application/json"),
    "open text": ('{"SyncUserAccounts": [{"AssociateName": "a', "application/json"),
    "wrong kind": ('{"SyncUserAccounts": [{"AccountId": "507"}]}', "application/json"),
    "wrong list": ('{"SyncUserAccounts": "all"}', "application/json"),
    "fraction": ('{"SyncUserAccounts": [{"AccountId": 1.5}]}', "application/json"),
    "too big": ('{"SyncUserAccounts": [{"AccountId": 2147483648}]}', "application/json"),
    "DTD": ('<!DOCTYPE a [<!ENTITY b "c">]><SyncEmailAccountsRequest/>', "text/xml"),
    "entity": (xml("&b;"), "text/xml"),
    "open element": (xml("a")[:-3], "text/xml"),
    "other root": ("<Request/>", "text/xml"),
    "no prefix": ("<x:SyncEmailAccountsRequest/>", "text/xml"),
    "no path": ("SyncUserAccounts[x]=1", "application/x-www-form-urlencoded"),
    "mistyped form": (named("a"), "application/x-www-form-urlencoded"),
    "bad percent": (
        "SyncUserAccounts[0].AssociateName=%FF",
        "application/x-www-form-urlencoded",
    ),
    "text": ("hello", "application/json"),
    "other type": ("hello", "text/plain"),
    "other charset": ("{}", "application/json; charset=ebcdic"),
}


@pytest.mark.parametrize(("body", "media_type"), BAD.values(), ids=BAD)
def test_what_was_refused_is_refused_for_the_same_reason(body: str, media_type: str) -> None:
    (operation,) = operations.load().operations.values()
    with pytest.raises(Rejected) as before:
        decode(operation, media_type, body.encode(), 10)
    one = redacted(entry(headers=(("content-type", media_type),), body=body.encode())).request
    with pytest.raises(Rejected) as after:
        decode(operation, one.media_type, one.body or b"", 10)
    where = PATTERN.sub("x", after.value.where)
    assert (before.value.status, before.value.where) == (after.value.status, where)


ANY_TEXT = st.text("{}[]\",:\\ 1aB<>/&;=%#?!-'\n", max_size=40)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.sampled_from([*PAYLOADS, "text/plain"]))
def test_any_text_can_be_cleaned_and_is_then_clean(body: str, media_type: str) -> None:
    once = redacted(entry(headers=(("content-type", media_type),), body=body.encode()))
    assert Redactor(b"another key").entry(once) == once


@pytest.mark.parametrize("sign_in", range(len(SIGN_INS)))
def test_what_is_clean_stays_as_it_is(sign_in: int) -> None:
    headers = tuple((name.lower(), value) for name, value in SIGN_INS[sign_in][1].items())
    once = redacted(entry(headers=headers))
    assert Redactor(b"another key").entry(once) == once


def test_the_error_of_an_answer_is_what_the_caller_read() -> None:
    detail = "/SyncUserAccounts: expected an array, got a string"
    said = json.dumps({"Message": "The request is invalid.", "MessageDetail": detail}).encode()
    one = redacted(entry(status=400, answered=JSON, answer=said))
    assert one.response.body == said


def test_the_description_that_a_get_answers_is_public() -> None:
    (operation,) = operations.load().operations.values()
    said = json.dumps(operation.document).encode()
    one = redacted(entry(method="GET", body=b"", status=200, answered=JSON, answer=said))
    assert json.loads(one.response.body or b"") == operation.document


def test_times_outcomes_and_known_claims_stay() -> None:
    label = Label("turned_away", "high", "Cust12345", 3, ("silent-drop", "nobody"), "that it is")
    one = redacted(entry(label=label))
    assert (one.at, one.elapsed, one.waited) == (1_800_000_000.0, 0.03, 0.02)
    assert one.label == Label("turned_away", "high", "Cust12345", 3, ("silent-drop",), "that it is")


@pytest.mark.parametrize(
    ("headers", "body", "note"),
    [
        (JSON, b"\xff\xff", "it is no text that can be cleaned"),
        (JSON, b'"' + b"a" * 8 * 1024 * 1024 + b'"', "it is longer than 8 MiB"),
        ((("content-type", "multipart/form-data"),), b"--a", "nobody knows which words of it are"),
        ((*JSON, ("content-encoding", "br")), b"\x8b\xff", "it is no text that can be cleaned"),
    ],
)
def test_a_body_that_can_not_be_cleaned_is_left_out_with_a_note(
    headers: Headers, body: bytes, note: str
) -> None:
    one = redacted(entry(headers=headers, body=body))
    assert one.request.body is None
    assert [note in told for told in one.label.notes] == [True]
    assert har_file.read(har_file.written(recording(one))).entries[0].request.body is None


def test_a_packed_body_is_kept_unpacked_with_a_note() -> None:
    packed = gzip.compress(named("Walker").encode())
    one = redacted(entry(headers=(*JSON, ("content-encoding", "gzip")), body=packed))
    assert one.request.body == sent(named("Walker")).encode()
    assert one.label.notes == ("the request body is kept without its Content-Encoding",)


def test_a_body_that_unpacks_to_more_than_is_allowed_is_left_out() -> None:
    bomb = gzip.compress(b" " * (16 * 1024 * 1024 + 1))
    one = redacted(entry(headers=(*JSON, ("content-encoding", "gzip")), body=bomb))
    assert one.request.body is None


def test_what_was_replaced_is_counted_by_kind() -> None:
    made = Redactor()
    made.entry(entry(headers=(*BASIC, *JSON, ("x-a", "b")), body=named("Walker").encode()))
    assert made.counts == {"credential": 2, "header left out": 1, "host": 1, "name": 1}


@pytest.mark.parametrize("name", ["date", "retry-after", "allow", "cache-control", "vary"])
def test_a_header_whose_value_nobody_knows_is_counted_as_left_out(name: str) -> None:
    made = Redactor()
    one = made.entry(entry(headers=(), answered=((name, "soon"), ("pragma", ""))))
    assert one.response.headers == (("pragma", ""),)
    assert made.counts["header left out"] == 1


# ---- pseudonyms ------------------------------------------------------------------------------


@given(st.text(min_size=1))
def test_a_pseudonym_is_told_from_what_looks_like_one(value: str) -> None:
    word = pseudonyms.Pseudonyms().word("text", value)
    assert is_pseudonym(word)
    last = "0" if word[-1] != "0" else "1"
    assert not is_pseudonym(word[:-1] + last)
    assert not is_pseudonym(f"{word}a")
    assert not is_pseudonym(f"secret-{word}")


def test_a_forged_pseudonym_is_replaced() -> None:
    forged = "pseudo-" + "0123456789abcdef" + "0000"
    assert not is_pseudonym(forged)
    assert forged not in header("so-apptoken", forged)


# ---- the command -----------------------------------------------------------------------------


def foreign(folder: Path) -> Path:
    """A HAR that another tool wrote, with a secret in each of its own members."""
    one: dict[str, Any] = builders.entry(507, url=f"{builders.ONSITE}?token={MARK}")
    one |= {"serverIPAddress": "10.1.2.3", "connection": MARK, "comment": MARK, "_x": MARK}
    one["request"] |= {
        "cookies": [{"name": "ASP.NET_SessionId", "value": MARK}],
        "queryString": [{"name": "token", "value": MARK}],
        "comment": MARK,
    }
    one["request"]["postData"]["params"] = [{"name": "a", "value": MARK}]
    one["response"] |= {"redirectURL": f"http://x/{MARK}", "statusText": MARK}
    one["response"]["cookies"] = [{"name": MARK, "value": MARK}]
    pages = {"id": MARK, "title": MARK}
    log = {"version": "1.2", "creator": {"name": MARK}, "pages": [pages], "entries": [one]}
    path = folder / "browser.har"
    path.write_text(json.dumps({"log": log}))
    return path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["redact", *arguments])


def test_redact_cleans_a_har_made_elsewhere_and_says_how_much(tmp_path: Path) -> None:
    source, target = foreign(tmp_path), tmp_path / "clean.har"
    done = run(str(source), str(target))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{target}: 1 exchanges, replaced:\n")
    assert "       4 credential\n" not in done.stdout
    text = target.read_text()
    assert MARK not in text
    assert "10.1.2.3" not in text
    (one,) = har_file.load(str(target)).entries
    assert (one.response.status, one.elapsed) == (204, 0.03)


def test_a_redacted_har_is_graded_as_before(tmp_path: Path) -> None:
    some = [builders.entry(7, 7, at=0), builders.entry(8, at=0.01, url=builders.ONLINE, status=401)]
    before = builders.failed(builders.graded(tmp_path, *some))
    run(str(tmp_path / "traffic.har"), str(tmp_path / "traffic.har"), "--in-place")
    after = builders.failed(grade.grade_har(str(tmp_path / "traffic.har")))
    assert before == after
    assert len(before) >= 2


def test_redact_does_not_replace_its_source_unless_told_to(tmp_path: Path) -> None:
    source = foreign(tmp_path)
    before = source.read_bytes()
    for same in (source, tmp_path / "." / "browser.har"):
        done = run(str(source), str(same))
        assert done.exit_code == 2
        assert "is the file to read; name another one, or say --in-place" in done.stderr
    assert source.read_bytes() == before
    assert run(str(source), str(source), "--in-place").exit_code == 0
    assert MARK not in source.read_text()


@pytest.mark.parametrize("content", [b"", b"{", b'{"log":{"version":"1.1"}}', b"\xff"])
def test_a_file_that_is_no_har_is_one_line_and_exit_code_2(content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "a.har"
    source.write_bytes(content)
    done = run(str(source), str(tmp_path / "b.har"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"superoffice-mock: {source}: ")
    assert done.stderr.count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["a.har"]


def test_redact_reads_files_up_to_a_limit(tmp_path: Path) -> None:
    done = run(str(foreign(tmp_path)), str(tmp_path / "b.har"), "--max-file", "100")
    assert done.exit_code == 2
    assert "larger than 100 bytes; record the calls of interest alone" in done.stderr


def test_redact_says_what_it_could_not_read(tmp_path: Path) -> None:
    source = tmp_path / "a.har.part"
    source.write_bytes(har_file.header_line(About()) + har_file.entry_line(entry()) + b"{")
    done = run(str(source), str(tmp_path / "b.har"))
    assert done.stderr == f"{source}: its last line was torn and is left out\n"
    assert len(har_file.load(str(tmp_path / "b.har")).entries) == 1


NO_TIME = 5.0
OPENINGS = (
    *("<!--", "<![CDATA[", "<!DOCTYPE [", "<?", "<a ", "<a b='", '"', "\\", '"\\', "{", "&", "%"),
    *("password=", "eyJ", "a@", "7T:", "basic ", "://a:", "pseudo-", "SyncUserAccounts["),
)


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_body_of_nothing_but_openings_is_cleaned_in_no_time(opening: str) -> None:
    body = (opening * (60_000 // len(opening))).encode()

    def clean() -> None:
        for media_type in ("text/xml", "application/json", "application/x-www-form-urlencoded"):
            headers = (("content-type", media_type),)
            redacted(entry(headers=headers, body=body, status=400, answered=headers, answer=body))

    assert usual_seconds(clean, NO_TIME) < NO_TIME


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("<x><!-- b", "<{}><!--"),
        ("<x><![CDATA[b", "<{}><![CDATA[{}"),
        ("<?b c", "<?removed"),
        ("<!DOCTYPE b", "<!DOCTYPE removed"),
        ("<!DOCTYPE b [ c", "<!DOCTYPE removed"),
        ("<AccountId>12</AccountId>", "<AccountId>12</AccountId>"),
        ("<x>12</x>\n<AccountId>x</AccountId>", "<{}>0</{}>\n<AccountId>{}</AccountId>"),
        ('<i:x xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>', None),
    ],
)
def test_markup_keeps_its_shape(body: str, after: str | None) -> None:
    found = PATTERN.sub("{}", sent(body, "text/xml"))
    assert found == (body.replace("i:x", "i:{}") if after is None else after)


def test_a_sentence_in_plain_text_is_kept_as_one() -> None:
    plain = (("content-type", "text/plain"),)
    said = b"Service unavailable for bob@acme.example, try again"
    one = redacted(entry(status=503, answered=plain, answer=said))
    assert PATTERN.sub("{}", (one.response.body or b"").decode()) == (
        "Service unavailable for {}@example.invalid, try again"
    )


def test_a_guid_in_a_sentence_is_replaced_and_what_is_around_it_stays() -> None:
    guid = "550e8400-e29b-41d4-a716-446655440000"
    said = f'{{"Message":"see id={guid}, {{{guid.upper()}}}!"}}'.encode()
    answer = redacted(entry(status=500, answered=JSON, answer=said)).response.body or b""
    assert PATTERN.sub("…", answer.decode()) == '{"Message":"see id=…, {…}!"}'


def test_what_another_tool_has_removed_already_stays() -> None:
    said = json.dumps({"Message": "password=****, token=[redacted]"}).encode()
    assert redacted(entry(status=400, answered=JSON, answer=said)).response.body == said


def test_a_body_that_is_said_to_be_plain_is_read_as_such() -> None:
    headers = (*JSON, ("content-encoding", "identity"))
    assert redacted(entry(headers=headers)).request.body == BODY


@settings(max_examples=200, deadline=None)
@given(ODD)
def test_whatever_stands_in_a_header_a_url_or_a_sentence_is_clean_once_cleaned(one: Entry) -> None:
    (made,) = har_file.read(har_file.written(recording(redacted(one)))).entries
    assert Redactor(b"another key").entry(made) == made


def test_every_header_that_the_journal_redacts_is_redacted_here_too() -> None:
    for name in REDACTED:
        assert PATTERN.search(header(name.decode(), f"Bearer {MARK}; a={MARK}"))
        assert name.decode() in secret_patterns.HEADERS
