"""`$select`: any text is legal, and its paths are kept without blanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.wire.headers import parse_select


@pytest.mark.claim("select-list", "select-blanks")
def test_paths_are_kept_without_blanks() -> None:
    for text, paths in (
        ("name", ("name",)),
        ("name,category/id", ("name", "category/id")),
        (" name , category / id ,", ("name", "category/id")),
        ("name,name", ("name", "name")),
        ("/name/", ("name",)),
        ("full name", ("full name",)),
        ("", ()),
        (" , /, // ", ()),
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


@given(st.lists(st.text("abc", min_size=1), max_size=5))
def test_parsing_is_idempotent(names: list[str]) -> None:
    assert parse_select(", ".join(names)) == tuple(names)
    assert parse_select(",".join(parse_select(" , ".join(names)))) == tuple(names)
