"""Redaction hides secrets: in every place of an exchange, and wherever a response repeats them."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About, Entry
from superoffice_mock.redaction import secret_patterns
from superoffice_mock.redaction.known_values import CAPACITY
from superoffice_mock.redaction.pseudonyms import PATTERN
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.wire.headers import REDACTED_HEADERS
from tests.e2e.payloads import PAYLOADS, SIGN_INS
from tests.mock.redaction.builders import (
    KEY,
    entry_with_basic,
    error_message,
    pseudonym,
    redact,
    redact_header,
    redact_message,
)
from tests.mock.redaction.secret_places import (
    LASTING,
    MARK,
    ODD_ENTRIES,
    PLACES,
    SEEDS,
    SPELLINGS,
    json_body,
    latin,
    repeated_by_another_answer,
)
from tests.support.cpu_time import usual_seconds
from tests.support.recordings import BASIC, JSON, entry, recording

TIME_LIMIT = 5.0
ANY_TEXT = st.text("{}[]\",:\\ 1aB<>/&;=%#?!-'\n", max_size=40)
OPENINGS = (
    *("<!--", "<![CDATA[", "<!DOCTYPE [", "<?", "<a ", "<a b='", '"', "\\", '"\\', "{", "&", "%"),
    *("password=", "eyJ", "a@", "7T:", "basic ", "://a:", "pseudo-", "SyncUserAccounts["),
)


def readable_after_redaction(original: Entry, seed: str) -> list[str]:
    """Return the spellings of *seed* in a `.part` file that holds *original* after redaction."""
    redactor = Redactor()
    line = har_file.entry_line(redactor.redact_entry(original)).decode()
    header = har_file.header_line(redactor.redact_about(About())).decode()
    return spellings_in(line + header, seed)


def spellings_in(text: str, seed: str) -> list[str]:
    """Return the spellings of *seed* that *text* contains."""
    raw = seed.encode()
    spellings = {
        *(MARK, seed, seed.lower(), quote(seed), quote_plus(seed), latin(seed)),
        *(json.dumps(seed)[1:-1], base64.b64encode(raw).decode().rstrip("=")),
        base64.b64encode(seed.encode("utf-16-le")).decode()[:10],
        *(base64.b64encode(MARK[i : i + 6].encode()).decode() for i in range(3)),
    }
    return sorted(spelling for spelling in spellings if spelling.lower() in text.lower())


# ---- a seeded secret in every place ----------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_a_secret_can_be_read_in_no_place(seed: str) -> None:
    readable = {name: readable_after_redaction(place(seed), seed) for name, place in PLACES.items()}
    assert {name: spellings for name, spellings in readable.items() if spellings} == {}


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, spelling=st.sampled_from([*SPELLINGS]))
def test_a_secret_can_be_read_in_no_answer_of_another_exchange(seed: str, spelling: str) -> None:
    repeating = repeated_by_another_answer(SPELLINGS[spelling](seed))
    for name in LASTING:
        original = PLACES[name](seed)
        for entries in ((original, repeating), (repeating, original)):
            redacted = Redactor().redact_recording(recording(*entries))
            assert spellings_in(har_file.encode(redacted).decode(), seed) == [], name
        redactor = Redactor()
        lines = [
            har_file.entry_line(redactor.redact_entry(exchange)).decode()
            for exchange in (original, entry(), repeating)
        ]
        assert spellings_in("".join(lines), seed) == [], name


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.sampled_from([*PAYLOADS, "text/plain"]))
def test_redacting_a_body_again_changes_nothing(body: str, media_type: str) -> None:
    redacted = redact(entry(headers=(("content-type", media_type),), body=body.encode()))
    assert Redactor(b"another key").redact_entry(redacted) == redacted


def test_redacting_credentials_again_changes_nothing() -> None:
    for _, sign_in, _ in SIGN_INS:
        headers = tuple((name.lower(), value) for name, value in sign_in.items())
        redacted = redact(entry(headers=headers))
        assert Redactor(b"another key").redact_entry(redacted) == redacted, sign_in


@settings(max_examples=200, deadline=None)
@given(ODD_ENTRIES)
def test_redacting_any_header_url_or_sentence_again_changes_nothing(odd_entry: Entry) -> None:
    (redacted,) = har_file.read(har_file.encode(recording(redact(odd_entry)))).entries
    assert Redactor(b"another key").redact_entry(redacted) == redacted


def test_every_header_that_the_journal_redacts_is_redacted_in_recordings() -> None:
    for name in (raw.decode() for raw in REDACTED_HEADERS):
        assert PATTERN.search(redact_header(name, f"Bearer {MARK}; a={MARK}")), name
        assert name in secret_patterns.SECRET_HEADERS


# ---- values that a response repeats ----------------------------------------------------------


def test_a_response_gets_pseudonyms_for_an_earlier_user_password_and_name() -> None:
    message = "Sync of WALKER by bsmith is running (signed in with summer24)"
    redacted = redact_message(entry_with_basic("bsmith", "Summer24"), message=message)
    expected = "Sync of {} by {} is running (signed in with {})"
    assert redacted == expected.format(*map(pseudonym, ("Walker", "bsmith", "Summer24")))


def test_two_values_that_differ_only_in_case_have_different_pseudonyms() -> None:
    earlier = entry_with_basic("kim77", "Kim77")
    redacted = redact_message(earlier, message="kim77, Kim77")
    assert redacted == f"{pseudonym('kim77')}, {pseudonym('Kim77')}"


def test_a_user_with_the_name_of_a_common_word_does_not_change_other_answers() -> None:
    message = "The sync of account 507 is running; SuperOffice has no message for the user."
    for word in ("the", "Sync", "User", "507", "IS", "SuperOffice", "Message"):
        assert redact_message(entry_with_basic(word, "x", word), message=message) == message, word


def test_a_password_is_replaced_even_if_it_is_a_common_word() -> None:
    for password in ("the", "Sync", "running"):
        earlier = entry_with_basic("bsmith", password)
        redacted = redact_message(earlier, message=f"signed in with '{password}'")
        assert redacted == f"signed in with '{pseudonym(password)}'"


def test_a_short_name_is_not_replaced_inside_words() -> None:
    for name in ("Kim", "Bob"):
        earlier = entry_with_basic(name, "x")
        message = f"{name}berley and {name}, {name.lower()}_1"
        redacted = redact_message(earlier, message=message)
        assert redacted == f"{name}berley and {pseudonym(name)}, {name.lower()}_1"


def test_a_user_named_pseudo_does_not_break_pseudonyms() -> None:
    message = f"no {pseudonym('x')} for pseudo"
    redacted = redact_message(entry_with_basic("pseudo", "x"), message=message)
    assert redacted == f"no {pseudonym('x')} for {pseudonym('pseudo')}"


def test_a_recorder_forgets_old_values_and_keeps_those_in_use() -> None:
    redactor = Redactor(KEY)
    redactor.redact_entry(entry_with_basic("once", "Winter99"))
    for number in range(2 * CAPACITY + 1):
        redactor.redact_entry(entry_with_basic("bsmith", "Summer24", f"Person {number:05}"))
    response = redactor.redact_entry(error_message("Winter99, Summer24")).response
    message = json.loads(response.body or b"")["Message"]
    assert message == f"Winter99, {pseudonym('Summer24')}"


def test_the_time_to_redact_an_answer_does_not_depend_on_the_number_of_values() -> None:
    body = json.dumps([{"AssociateName": f"Person {n:05}"} for n in range(20_000)]).encode()
    answer = json.dumps({"Message": "Person 1 of Person 2, and so on. " * 1_000}).encode()
    long = entry(body=body, status=400, response_headers=JSON, response_body=answer)
    assert usual_seconds(lambda: redact(long), TIME_LIMIT) < TIME_LIMIT


# ---- secrets that their shape reveals --------------------------------------------------------


def test_a_password_in_a_sentence_is_replaced() -> None:
    for message in (
        *("password hunter2 is wrong", "pwd s3cr3t", "Password: hunter2.", "PWD is 'Summer24'"),
        *("the password was p@ss, sorry", 'passphrase "a-1-b"'),
    ):
        assert PATTERN.search(redact_message(message=message)), message


def test_a_secret_of_known_shape_is_replaced_in_a_sentence() -> None:
    seeds = (
        *("7T:bm9ib2R5LWtub3dz", "eyJhbGciOiJub25l.eyJzdWIiOiJib2Ii.c2ln", "bob@acme.example"),
        *("https://bob:hunter2@acme.example/x", "a8Kq3Zt0Pw7Lm2Xc"),
    )
    for template in ("{}", "no user {} here", "see <{}>", "'{}'", "x={};"):
        for seed in seeds:
            redacted = redact_message(message=template.format(seed))
            assert seed not in redacted, template
            assert PATTERN.search(redacted), (template, seed)


def test_a_guid_in_a_sentence_is_replaced_and_the_rest_stays() -> None:
    guid = "550e8400-e29b-41d4-a716-446655440000"
    redacted = redact_message(message=f"see id={guid}, {{{guid.upper()}}}!")
    assert PATTERN.sub("…", redacted) == "see id=…, {…}!"


def test_redaction_marks_of_other_tools_stay() -> None:
    message = "password=****, token=[redacted]"
    assert redact_message(message=message) == message


# ---- counts ----------------------------------------------------------------------------------


def test_replaced_values_are_counted_by_kind() -> None:
    redactor = Redactor()
    headers = (*BASIC, *JSON, ("x-a", "b"))
    redactor.redact_entry(entry(headers=headers, body=json_body("Walker").encode()))
    assert redactor.counts == {"credential": 2, "header left out": 1, "host": 1, "name": 1}


def test_a_header_with_an_unknown_value_counts_as_left_out() -> None:
    for name in ("date", "retry-after", "allow", "cache-control", "vary"):
        redactor = Redactor()
        original = entry(headers=(), response_headers=((name, "soon"), ("pragma", "")))
        assert redactor.redact_entry(original).response.headers == (("pragma", ""),), name
        assert redactor.counts["header left out"] == 1, name


# ---- hostile bodies --------------------------------------------------------------------------


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_body_of_many_unclosed_constructs_is_redacted_fast(opening: str) -> None:
    body = (opening * (60_000 // len(opening))).encode()

    def redact_as_all_types() -> None:
        for media_type in ("text/xml", "application/json", "application/x-www-form-urlencoded"):
            headers = (("content-type", media_type),)
            redact(
                entry(
                    headers=headers,
                    body=body,
                    status=400,
                    response_headers=headers,
                    response_body=body,
                )
            )

    assert usual_seconds(redact_as_all_types, TIME_LIMIT) < TIME_LIMIT
