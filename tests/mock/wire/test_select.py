"""`$select`: any text is legal, its paths are kept without blanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.wire.headers import parse_select


@pytest.mark.claim("select-list", "select-blanks")
@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("name", ("name",)),
        ("name,category/id", ("name", "category/id")),
        (" name , category / id ,", ("name", "category/id")),
        ("name,name", ("name", "name")),
        ("/name/", ("name",)),
        ("full name", ("full name",)),
        ("", ()),
        (" , /, // ", ()),
        ("näme,*,$select=x", ("näme", "*", "$select=x")),
    ],
)
def test_the_paths_are_kept_and_blanks_are_not(text: str, paths: tuple[str, ...]) -> None:
    assert parse_select(text) == paths


@pytest.mark.claim("select-never-an-error")
@given(st.text() | st.text("ab,/ \t"))
def test_any_text_is_parsed_into_paths_of_names(text: str) -> None:
    for path in parse_select(text):
        names = path.split("/")
        assert all(names)
        assert names == [name.strip() for name in names]
        assert "," not in path


@given(st.lists(st.text("abc", min_size=1), max_size=5))
def test_what_was_parsed_is_parsed_to_the_same_again(names: list[str]) -> None:
    assert parse_select(", ".join(names)) == tuple(names)
    assert parse_select(",".join(parse_select(" , ".join(names)))) == tuple(names)
