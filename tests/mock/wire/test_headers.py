"""Request headers: their values, `Accept`, what the journal keeps of them, and `$select`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.wire.error_body import ERROR_TYPES
from superoffice_mock.wire.headers import (
    CACHE_SIZE,
    MAX_CACHED_BYTES,
    MAX_CACHED_HEADERS,
    Headers,
    choose_media_type,
    parse_select,
    read_headers,
    read_journal_head,
    redact_for_journal,
)

JSON, TEXT_JSON, XML, TEXT_XML = ERROR_TYPES
names = st.sampled_from([b"accept", b"cookie", b"x-a", b"x-b"])
raw_headers = st.lists(st.tuples(names, st.binary(max_size=5)), max_size=8)


@pytest.mark.claim("error-format")
def test_the_accepted_type_of_the_highest_quality_is_chosen() -> None:
    for accept, media_type in (
        *(("", JSON), ("*/*", JSON), ("application/json", JSON), ("application/xml", XML)),
        *(("application/json; charset=utf-8", JSON), ("Application/XML", XML)),
        *(("text/xml", TEXT_XML), ("text/json", TEXT_JSON), ("text/*", TEXT_JSON)),
        *(("application/*", JSON), ("application", JSON), (",, application/xml ,", XML)),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML),
        ("application/xml;q=0.5, application/json;q=0.4", XML),
        ("application/xml;q=0.5, application/json", JSON),
        *(("application/xml, */*", XML), ("application/xml;q=1, */*;q=1", XML)),
        *(("application/xml;q=0.2, */*;q=0.8", JSON), ("application/xml, application/json", JSON)),
        ("application/json;q=0, */*", TEXT_JSON),
        ("application/json;q=0, text/json;q=0, application/xml", XML),
        ("application/json;q=0.1, application/xml;q=0.5, text/*;q=0, */*;q=0.8", XML),
        ("text/xml;version=1;q=0.9, text/json;q=0.8", TEXT_XML),
        ("application/xml;q=7, text/xml;q=inf, application/json", JSON),  # more than 1 is 1
    ):
        assert choose_media_type(accept, ERROR_TYPES) == media_type, accept


@pytest.mark.claim("never-406")
def test_json_is_the_answer_to_an_accept_that_matches_no_type() -> None:
    for accept in (
        *("image/png", "*/*;q=0", "application/xml;q=0", "application/xml;q=x", "nonsense", ";"),
        *("application/xml;q=nan", "application/xml;q=-1", "/", "application/xml;q="),
    ):
        assert choose_media_type(accept, ERROR_TYPES) == JSON, accept


@pytest.mark.claim("never-406", "negotiation-ignored")
@given(
    st.text()
    | st.lists(st.sampled_from(["text/xml", "*/*", ";q=", "0.5", ",", "text"])).map("".join)
)
def test_any_accept_results_in_one_of_the_types(accept: str) -> None:
    assert choose_media_type(accept, ERROR_TYPES) in ERROR_TYPES


@given(raw_headers, names)
def test_headers_agree_with_the_raw_list(raw: list[tuple[bytes, bytes]], name: bytes) -> None:
    headers = Headers(raw)
    values = [value.decode("latin-1").strip() for key, value in raw if key == name]
    assert headers.count(name) == len(values)
    assert headers.get_all(name) == values
    assert headers.get(name) == (values[0] if values else None)


def test_the_journal_keeps_listed_headers_unchanged_and_secret_ones_without_their_value() -> None:
    for name, value, journaled in (
        *((b"accept", b"*/*", b"*/*"), (b"user-agent", b"\xe9", b"\xe9")),
        *((b"x-forwarded-for", b"10.0.0.1", None), (b"proxy-authorization", b"Basic c2Vj", None)),
        (b"content-type", b"a/b", b"a/b"),
        (b"authorization", b"Basic c2Vj", b"Basic [redacted]"),
        (b"authorization", b"SOTICKET secret", b"SOTICKET [redacted]"),
        (b"authorization", b"bearer secret", b"bearer [redacted]"),
        *((b"authorization", text, b"[redacted]") for text in (b"Negotiate secret", b"secret")),
        *((b"authorization", text, b"[redacted]") for text in (b"Bearer", b"")),
        *((name, b"Basic secret", b"[redacted]") for name in (b"cookie", b"so-apptoken")),
        (b"x-xsrf-token", b"secret", b"[redacted]"),
    ):
        kept = [] if journaled is None else [(name, journaled)]
        assert redact_for_journal([(name, value)]) == kept, (name, value)


@given(st.lists(st.tuples(st.sampled_from([b"authorization", b"cookie"]), st.just(b"s3cr3t"))))
def test_the_journal_keeps_no_secret(raw: list[tuple[bytes, bytes]]) -> None:
    assert len(redact_for_journal(raw)) == len(raw)
    assert "s3cr3t" not in repr(redact_for_journal(raw))


@given(raw_headers)
def test_cached_headers_equal_fresh_ones(raw: list[tuple[bytes, bytes]]) -> None:
    headers, fresh = read_headers(raw), Headers(raw)
    assert read_headers(list(raw)) is headers
    assert read_journal_head(headers.journal_head).raw == tuple(redact_for_journal(raw))
    assert headers.credentials == fresh.credentials
    assert (headers.origin, headers.content_type) == (fresh.origin, fresh.content_type)


def test_the_cache_of_headers_is_bounded() -> None:
    first = read_headers([(b"x-a", b"first")])
    for number in range(CACHE_SIZE):
        read_headers([(b"x-a", str(number).encode())])
    assert read_headers([(b"x-a", b"first")]) is not first
    for raw, is_cached in (
        ([(b"x-a", b"")] * MAX_CACHED_HEADERS, True),
        ([(b"x-a", b"")] * (MAX_CACHED_HEADERS + 1), False),
        ([(b"x-a", b"x" * (MAX_CACHED_BYTES - 3))], True),
        ([(b"x-a", b"x" * (MAX_CACHED_BYTES - 2))], False),
    ):
        assert (read_headers(raw) is read_headers(raw)) is is_cached, raw


def test_the_content_length_is_0_unless_it_is_in_digits() -> None:
    for value, length in ((b"23", 23), (b"", 0), (b"+1", 0), (b"x", 0)):
        assert Headers([(b"content-length", value)]).content_length == length, value
    assert Headers([]).content_length == 0


# ---- $select: any text is legal -----------------------------------------------------------------


@pytest.mark.claim("select-list", "select-blanks")
def test_paths_are_kept_without_blanks() -> None:
    for text, paths in (
        *(("name", ("name",)), ("name,category/id", ("name", "category/id")), ("", ())),
        *((" name , category / id ,", ("name", "category/id")), (" , /, // ", ())),
        *(("name,name", ("name", "name")), ("/name/", ("name",)), ("full name", ("full name",))),
        ("näme,*,$select=x", ("näme", "*", "$select=x")),
    ):
        assert parse_select(text) == paths, text


@pytest.mark.claim("select-never-an-error")
@given(st.text() | st.text("ab,/ \t"))
def test_any_text_becomes_paths_of_names(text: str) -> None:
    for path in parse_select(text):
        names = path.split("/")
        assert all(names)
        assert names == [name.strip() for name in names]
        assert "," not in path
