"""The described path that a request's path stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.openapi.paths import (
    PathMatch,
    Paths,
    drop_extra_slashes,
    find_extra_slash,
)

CALL = "/api/v1/Agents/EMail/SyncEmailAccounts"
STATE = "/api/state/{tenant}"
FILE = "/files/{Folder}/{file}.json"
PATHS = Paths((STATE, CALL, FILE, "/api/state/all", "/slash/", "/{any}/b"))

segments = st.text("aZ09.-_~%+ é", min_size=1, max_size=5)


@pytest.mark.claim("path", "path-case", "path-slash", "path-tenant", "path-onsite")
def test_case_a_slash_at_the_end_and_one_segment_in_front_do_not_matter() -> None:
    for path, first_segment in (
        (CALL, ""),
        (CALL.lower(), ""),
        (f"{CALL.upper()}/", ""),
        (f"/Cust12345{CALL}", "Cust12345"),
        (f"/CRM{CALL.lower()}/", "CRM"),
    ):
        assert PATHS.find(path) == PathMatch(CALL, first_segment), path


@pytest.mark.claim("path-unknown", "path-doubled")
def test_another_path_is_not_found() -> None:
    for path in (
        *("", "/", "/x", f"/a/b{CALL}", f"{CALL}/x", CALL[1:], f"//{CALL}", f"/a/{CALL}"),
        *("/api/state", "/api/state/a/b", "/api/v1/api/v1/Agents/EMail/SyncEmailAccounts"),
        *("/files/a/.json", "/files/a/b.jsonx", "/files/a/b_json"),
    ):
        assert PATHS.find(path) is None, path


@pytest.mark.claim("path-slash")
def test_a_path_with_a_slash_too_many_is_not_found_and_the_place_is_named() -> None:
    for path, place, clean in (
        (f"//Cust12345{CALL}", "before 'Cust12345'", f"/Cust12345{CALL}"),
        (f"/Cust12345/{CALL}", "before 'api'", f"/Cust12345{CALL}"),
        (f"/{CALL}", "before 'api'", CALL),
        (CALL.replace("/v1", "///v1"), "before 'v1'", CALL),
        (f"{CALL}//", "at its end", f"{CALL}/"),
        ("//api//state/x//", "before 'api'", "/api/state/x/"),
    ):
        assert find_extra_slash(path) == f"a slash too many {place}", path
        assert drop_extra_slashes(path) == clean, path
        assert PATHS.find(path) is PATHS.find_end(path) is PATHS.find_end(f"/a{path}") is None, path
        assert PATHS.find(clean) is not None, path
        assert find_extra_slash(clean) is None, path


def test_the_end_of_a_path_is_found_below_any_folders() -> None:
    for path, match in (
        (CALL, PathMatch(CALL)),
        (f"/Cust12345{CALL}", PathMatch(CALL, "Cust12345")),
        (f"/a/b/c{CALL.lower()}/", PathMatch(CALL, "c")),
        ("/api/v1/api/v1/Agents/EMail/SyncEmailAccounts", PathMatch(CALL, "v1")),
        ("/a/b/c/d/api/state/x", PathMatch(STATE, "d", {"tenant": "x"})),
        (f"/a/b{STATE}", PathMatch(STATE, "b", {"tenant": "{tenant}"})),
        (f"{CALL}/x", None),
        ("", None),
        ("x", None),
    ):
        assert PATHS.find_end(path) == match, path


def test_a_path_without_parameters_comes_before_one_with_parameters() -> None:
    assert PATHS.find("/API/State/All") == PathMatch("/api/state/all")
    assert PATHS.find("/x/api/state/all") == PathMatch("/api/state/all", "x")
    assert PATHS.find("/a/b") == PathMatch("/{any}/b", "", {"any": "a"})


def test_a_template_may_end_in_a_slash() -> None:
    for path in ("/slash", "/slash/"):
        assert PATHS.find(path) == PathMatch("/slash/")
    assert Paths(("/",)).find("/") == PathMatch("/")
    assert Paths(("/{a}/",)).find("/x") == PathMatch("/{a}/", "", {"a": "x"})


@given(first_segment=segments | st.just(""), values=st.tuples(segments, segments))
def test_parameters_have_the_values_as_they_are_written(
    first_segment: str, values: tuple[str, str]
) -> None:
    folder, file = values
    prefix = f"/{first_segment}" if first_segment else ""
    match = PATHS.find(f"{prefix}/FILES/{folder}/{file}.JSON/")
    assert match == PathMatch(FILE, first_segment, {"Folder": folder, "file": file})
    match = PATHS.find(f"{prefix}/api/State/{folder}")
    assert match == PathMatch(STATE, first_segment, {"tenant": folder})
