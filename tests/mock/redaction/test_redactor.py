"""Redaction hides secrets: in every place of an exchange, and in the messages that are kept."""

import base64
import json
import threading
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.hidden_numbers import is_id_pseudonym
from superoffice_mock.recordings.model import About, Entry
from superoffice_mock.recordings.pseudonyms import PATTERN
from superoffice_mock.redaction.redactor import Options, Redactor
from superoffice_mock.redaction.rules import MAX_MESSAGE, MAX_VALUES
from superoffice_mock.wire.headers import REDACTED_HEADERS
from tests.e2e.payloads import PAYLOADS, SIGN_INS
from tests.mock.redaction.builders import (
    DEFAULTS,
    KEEP_MESSAGES,
    KEY,
    answer,
    keep_message,
    pseudonym,
    question,
    redact,
    redact_header,
)
from tests.mock.redaction.secret_places import (
    MARK,
    ODD_ENTRIES,
    PLACES,
    SEEDS,
    basic,
    json_body,
    latin,
)
from tests.support.cpu_time import usual_seconds
from tests.support.recordings import BASIC, JSON, entry, recording

TIME_LIMIT = 5.0
ANY_TEXT = st.text("{}[]\",:\\ 1aB<>/&;=%#?!-'\n", max_size=40)
LONG_PATHS = ("/a", "/api", "/login", "/api/v1", "/api/v1/Agents/EMail", "//")
OPENINGS = (
    *("<!--", "<![CDATA[", "<!DOCTYPE [", "<?", "<a ", "<a b='", '"', "\\", '"\\', "{", "&", "%"),
    *("password=", "eyJ", "a@", "7T:", "basic ", "://a:", "pseudo-", "SyncUserAccounts["),
)


def readable_after_redaction(original: Entry, seed: str, options: Options) -> list[str]:
    """Return the spellings of *seed* in a `.part` file that holds *original* after redaction."""
    redactor = Redactor(options=options)
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


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, options=st.sampled_from([DEFAULTS, KEEP_MESSAGES]))
def test_a_secret_can_be_read_in_no_place(seed: str, options: Options) -> None:
    readable = {
        name: spellings
        for name, place in PLACES.items()
        if (spellings := readable_after_redaction(place(seed), seed, options))
        and not (options.keep_messages and name in ("message", "note"))
    }
    assert readable == {}


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.sampled_from([*PAYLOADS, "text/plain"]))
def test_redacting_a_body_again_changes_nothing(body: str, media_type: str) -> None:
    redacted = redact(question(body, media_type))
    assert Redactor(b"another key").redact_entry(redacted) == redacted


def test_redacting_credentials_again_changes_nothing() -> None:
    for _, sign_in, _ in SIGN_INS:
        headers = tuple((name.lower(), value) for name, value in sign_in.items())
        redacted = redact(entry(headers=headers))
        assert Redactor(b"another key").redact_entry(redacted) == redacted, sign_in


@settings(max_examples=200, deadline=None)
@given(ODD_ENTRIES, st.sampled_from([DEFAULTS, KEEP_MESSAGES, Options(hide_tenants=True)]))
def test_redacting_any_file_again_changes_nothing(odd_entry: Entry, options: Options) -> None:
    redacted = Redactor(KEY, options=options).redact_recording(recording(odd_entry))
    # An entry whose URL is none of HTTP is not read.
    once = har_file.read(har_file.encode(redacted))
    again = Redactor(b"another key", options=options).redact_recording(once)
    assert har_file.encode(again) == har_file.encode(once)


def test_every_header_that_the_journal_redacts_is_redacted_in_recordings() -> None:
    for name in (raw.decode() for raw in REDACTED_HEADERS):
        assert PATTERN.search(redact_header(name, f"Bearer {MARK}; a={MARK}")), name


def test_a_kept_message_has_pseudonyms_for_the_values_of_its_exchange() -> None:
    headers = (("authorization", basic("bsmith", "Summer 24")), *JSON)
    original = entry(headers=headers, body=json_body("Walker").encode())
    message = "Sync of WALKER by bsmith is running (signed in with summer%2024, SUMMER 24)"
    expected = "Sync of {} by {} is running (signed in with {}, {})"
    names = ("Walker", "bsmith", "Summer 24", "Summer 24")
    assert keep_message(original, message) == expected.format(*map(pseudonym, names))


def test_a_kept_message_repeats_no_value_in_any_case() -> None:
    for spell in (str, str.upper, str.lower, str.swapcase):
        for name in ("user", "password", "app token", "session", "XML name", "form value"):
            kept = keep_message(PLACES[name](f"{MARK}7"), f"what is '{spell(f'{MARK}7')}'?")
            assert PATTERN.sub("…", kept) == "what is '…'?", name


def test_a_host_is_the_same_in_a_kept_message_and_in_the_url() -> None:
    kept = keep_message(entry("http://crm.acme.example/x"), "no route to CRM.acme.example")
    assert kept == f"no route to {pseudonym('crm.acme.example')}.invalid"


def test_the_parts_of_a_name_are_replaced_in_a_kept_message() -> None:
    for name in ("Kari Nordmann-Olsen", "kari.nordmann@acme.example"):
        original = entry(headers=JSON, body=json_body(name).encode())
        kept = keep_message(original, "C:\\kari, no Nordmann, kari%2Enordmann")
        assert PATTERN.sub("…", kept).replace("…@example.invalid", "…") == "C:\\…, no …, …%2E…"


def test_a_short_value_is_replaced_as_a_whole_word_only() -> None:
    original = entry(headers=(("authorization", basic("Kim", "x")),))
    kept = keep_message(original, "Kimberley and Kim, x, kim_1")
    assert kept == f"Kimberley and {pseudonym('Kim')}, x, kim_1"


def test_a_message_that_may_hold_other_secrets_is_not_kept() -> None:
    many = json.dumps([f"Person {number}" for number in range(MAX_VALUES + 1)]).encode()
    for original, message in (
        *((entry(), text) for text in ("the password was hunter2, sorry", "Passord er hunter2")),
        *((entry(), text) for text in ("Adgangskoden er hunter2", "Kennwort lautet Sommer24")),
        (entry(), "Lösenordet är hunter2"),
        (entry(), "no user bob@acme.example"),
        (entry(), "a" * (MAX_MESSAGE + 1)),
        (entry(body=many), "nothing to hide"),
    ):
        kept = keep_message(original, message)
        assert PATTERN.sub("…", kept) == f"… ({len(message)} characters)"


def test_only_the_messages_of_errors_are_kept() -> None:
    body = json.dumps({"Title": "Walker", "Name": "Walker"})
    kept = redact(answer(body, status=200), KEEP_MESSAGES).response.body or b""
    assert PATTERN.sub("…", kept.decode()) == '{"Title": "… (6 characters)", "Name": "…"}'


def test_several_threads_redact_at_once_and_every_value_counts() -> None:
    redactor = Redactor(KEY)
    body = json.dumps([{"SaleId": number, "Name": f"{number}"} for number in range(1, 300)])
    redacted: list[bytes | None] = []

    def redact_often() -> None:
        redacted.extend(redactor.redact_entry(answer(body)).response.body for _ in range(10))

    threads = [threading.Thread(target=redact_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(redacted)) == 1
    ids = [member["SaleId"] for member in json.loads(redacted[0] or b"")]
    assert len(set(ids)) == 299
    assert all(map(is_id_pseudonym, ids))
    assert redactor.counts["id"] == redactor.counts["text"] == 40 * 299


def test_replaced_values_are_counted_by_kind() -> None:
    redactor = Redactor()
    headers = (*BASIC, *JSON, ("x-a", "b"))
    redactor.redact_entry(entry(headers=headers, body=json_body("Walker").encode()))
    assert redactor.counts == {"credential": 2, "header left out": 1, "host": 1, "text": 1}


def test_a_header_with_an_unknown_value_counts_as_left_out() -> None:
    for name in ("date", "retry-after", "allow", "cache-control", "vary"):
        redactor = Redactor()
        original = entry(headers=(), response_headers=((name, "soon"), ("pragma", "")))
        assert redactor.redact_entry(original).response.headers == (("pragma", ""),), name
        assert redactor.counts["header left out"] == 1, name


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_body_of_many_unclosed_constructs_is_redacted_fast(opening: str) -> None:
    body = (opening * (60_000 // len(opening))).encode()

    def redact_as_all_types() -> None:
        for media_type in ("text/xml", "application/json", "application/x-www-form-urlencoded"):
            request = question(body, media_type).request
            redact(replace(answer(body, media_type), request=request))

    assert usual_seconds(redact_as_all_types, TIME_LIMIT) < TIME_LIMIT


def test_a_long_path_and_many_kept_messages_are_redacted_fast() -> None:
    values = [f"Person{number:04} Name" for number in range(MAX_VALUES - 10)]
    body = json.dumps([{"AssociateName": value} for value in values]).encode()
    messages = json.dumps([{"Message": "x y " * (MAX_MESSAGE // 4)} for _ in range(20)])
    hostile = [
        *(entry(f"http://a{segment * (100_000 // len(segment))}") for segment in LONG_PATHS),
        Entry(request=entry(body=body).request, response=answer(messages).response),
    ]
    for original in hostile:
        redact_it = partial(redact, original, KEEP_MESSAGES)
        assert usual_seconds(redact_it, TIME_LIMIT) < TIME_LIMIT, original.request.url[:20]
