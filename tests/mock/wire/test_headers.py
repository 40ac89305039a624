"""`Accept`: the type that it likes best, never a 406."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.journal import Head
from superoffice_mock.wire.error_body import ERROR_TYPES
from superoffice_mock.wire.headers import REMEMBERED, Headers, for_journal, preferred, read

JSON, TEXT_JSON, XML, TEXT_XML = ERROR_TYPES


@pytest.mark.claim("error-format")
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/xml", XML),
        ("Application/XML", XML),
        ("text/xml", TEXT_XML),
        ("text/json", TEXT_JSON),
        ("text/*", TEXT_JSON),
        ("application/*", JSON),
        ("application", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML),
        ("application/xml;q=0.5, application/json;q=0.4", XML),
        ("application/xml;q=0.5, application/json", JSON),
        ("application/xml, */*", XML),
        ("application/xml;q=1, */*;q=1", XML),
        ("application/xml;q=0.2, */*;q=0.8", JSON),
        ("application/xml, application/json", JSON),
        ("application/json;q=0, */*", TEXT_JSON),
        ("application/json;q=0, text/json;q=0, application/xml", XML),
        ("application/json;q=0.1, application/xml;q=0.5, text/*;q=0, */*;q=0.8", XML),
        ("text/xml;version=1;q=0.9, text/json;q=0.8", TEXT_XML),
        (",, application/xml ,", XML),
    ],
)
def test_the_best_liked_type_is_preferred(accept: str, media_type: str) -> None:
    assert preferred(accept, ERROR_TYPES) == media_type


@pytest.mark.claim("never-406")
@pytest.mark.parametrize(
    "accept",
    [
        *("image/png", "*/*;q=0", "application/xml;q=0", "application/xml;q=x", "nonsense", ";"),
        *("application/xml;q=nan", "application/xml;q=-1", "/", "application/xml;q="),
    ],
)
def test_what_nobody_can_give_gets_json(accept: str) -> None:
    assert preferred(accept, ERROR_TYPES) == JSON


def test_a_quality_beyond_one_counts_as_one() -> None:
    assert preferred("application/xml;q=7, text/xml;q=inf, application/json", ERROR_TYPES) == JSON


@pytest.mark.claim("never-406", "negotiation-ignored")
@given(
    st.text()
    | st.lists(st.sampled_from(["text/xml", "*/*", ";q=", "0.5", ",", "text"])).map("".join)
)
def test_any_accept_names_one_of_the_types(accept: str) -> None:
    assert preferred(accept, ERROR_TYPES) in ERROR_TYPES


names = st.sampled_from([b"accept", b"cookie", b"x-a", b"x-b"])


raw_headers = st.lists(st.tuples(names, st.binary(max_size=5)), max_size=8)


def test_the_first_value_of_a_name_is_got_without_blanks_around_it() -> None:
    headers = Headers([(b"accept", b" a/b "), (b"accept", b"c/d"), (b"x", b"\xe9")])
    assert headers.get(b"accept") == "a/b"
    assert headers.get(b"x") == "é"
    assert headers.get(b"host") is None


def test_all_values_of_a_name_come_in_their_order() -> None:
    headers = Headers([(b"cookie", b"a"), (b"x", b"-"), (b"cookie", b" b ")])
    assert headers.all(b"cookie") == ["a", "b"]
    assert headers.all(b"host") == []


@given(raw_headers, names)
def test_one_name_is_counted_and_found_as_in_the_list(
    raw: list[tuple[bytes, bytes]], name: bytes
) -> None:
    headers = Headers(raw)
    values = [value.decode("latin-1").strip() for other, value in raw if other == name]
    assert headers.count(name) == len(values)
    assert headers.all(name) == values
    assert headers.get(name) == (values[0] if values else None)


def test_the_journal_keeps_listed_headers_as_they_came() -> None:
    raw = [
        (b"accept", b"*/*"),
        (b"content-type", b"application/json"),
        (b"user-agent", b"\xe9"),
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"proxy-authorization", b"Basic c2VjcmV0"),
    ]
    assert for_journal(raw) == (
        ("accept", "*/*"),
        ("content-type", "application/json"),
        ("user-agent", "é"),
    )


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        (b"authorization", b"Basic c2VjcmV0", "Basic [redacted]"),
        (b"authorization", b"SOTICKET secret", "SOTICKET [redacted]"),
        (b"authorization", b"bearer secret", "bearer [redacted]"),
        (b"authorization", b"Negotiate secret", "[redacted]"),
        (b"authorization", b"secret", "[redacted]"),
        (b"authorization", b"Bearer", "[redacted]"),
        (b"authorization", b"", "[redacted]"),
        (b"cookie", b"Basic secret", "[redacted]"),
        (b"so-apptoken", b"secret", "[redacted]"),
        (b"x-xsrf-token", b"secret", "[redacted]"),
    ],
)
def test_of_a_secret_the_journal_keeps_that_it_was_there(
    name: bytes, value: bytes, kept: str
) -> None:
    assert for_journal([(name, value)]) == ((name.decode(), kept),)


@given(st.lists(st.tuples(st.sampled_from([b"authorization", b"cookie"]), st.just(b"s3cr3t"))))
def test_no_secret_is_ever_kept(raw: list[tuple[bytes, bytes]]) -> None:
    assert len(for_journal(raw)) == len(raw)
    assert "s3cr3t" not in repr(for_journal(raw))


@given(raw_headers)
def test_what_is_remembered_of_a_head_is_what_is_read_in_it(raw: list[tuple[bytes, bytes]]) -> None:
    remembered, fresh = read(raw), Headers(raw)
    assert read(list(raw)) is remembered
    kept = for_journal(raw)
    weight = sum(len(value) for _, value in kept)
    assert remembered.kept == Head(kept, weight, fresh.content_type)
    assert remembered.presented == fresh.presented
    assert (remembered.origin, remembered.content_type) == (fresh.origin, fresh.content_type)


def test_only_so_many_heads_are_remembered() -> None:
    first = read([(b"x-a", b"first")])
    for number in range(REMEMBERED):
        read([(b"x-a", str(number).encode())])
    assert read([(b"x-a", b"first")]) is not first


@pytest.mark.parametrize(("sent", "length"), [(b"23", 23), (b"", 0), (b"+1", 0), (b"x", 0)])
def test_the_length_of_a_body_is_what_is_said_in_digits(sent: bytes, length: int) -> None:
    assert Headers([(b"content-length", sent)]).content_length == length
    assert Headers([]).content_length == 0
