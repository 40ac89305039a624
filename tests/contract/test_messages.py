"""Text of clients in messages."""

from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.messages import MAX_SHOWN_LENGTH, is_blanked, shorten


def test_shortened_text_is_printable_and_short() -> None:
    for text, expected in (
        ("AccountId", "AccountId"),
        ("a\r\nb\x1b[0m\u202e\ud800", "a\ufffd\ufffdb\ufffd[0m\ufffd\ufffd"),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 120 + "…"),
    ):
        assert shorten(text) == expected, text


@given(st.text(st.characters()))
def test_any_text_is_shortened_to_printable_utf_8(text: str) -> None:
    assert shorten(text).isprintable()
    assert shorten(text).encode("utf-8")[:1] or not text
    assert len(shorten(text)) <= MAX_SHOWN_LENGTH + 1


def test_a_blanked_credential_is_told_by_its_mark_or_by_nothing_but_signs() -> None:
    marks = ("[Filtered]", "REDACTED", "***", "<hidden>", "…", "[authorization redacted]", "••••••")
    for mark in marks:
        for scheme in ("", "Basic ", "bearer  ", "SOTicket "):
            assert is_blanked(f"{scheme}{mark}"), (scheme, mark)
    assert is_blanked("Bearer -")
    for value in (
        "",
        "Basic",
        "Bearer ",
        "Basic dGplMDpUamUw",
        "Bearer redacted1",
        "7T:hidden",
        "x",
    ):
        assert not is_blanked(value), value
