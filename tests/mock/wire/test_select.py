"""Which members of an answer are left when others are not selected."""

from typing import Any

from superoffice_mock.wire.select import select_members

VALUE: Any = {"A": 1, "B": {"C": 2, "D": [{"E": 3, "F": 4}, None, 5]}, "G": None}


def test_what_no_path_names_is_null() -> None:
    for paths, expected in (
        ((), VALUE),
        (("a",), {"A": 1, "B": None, "G": None}),
        (("b/c",), {"A": None, "B": {"C": 2, "D": None}, "G": None}),
        (("B/d/E",), {"A": None, "B": {"C": None, "D": [{"E": 3, "F": None}, None, 5]}, "G": None}),
        (("b/c", "b"), {"A": None, "B": VALUE["B"], "G": None}),
        (("b", "b/c"), {"A": None, "B": VALUE["B"], "G": None}),
        (("b/c", "b/d/f", "a"), {**VALUE, "B": {"C": 2, "D": [{"E": None, "F": 4}, None, 5]}}),
        (("g/x", "a/x", "x"), {"A": 1, "B": None, "G": None}),
    ):
        assert select_members(VALUE, paths) == expected, paths
    assert select_members([VALUE, 7], ["a"]) == [{"A": 1, "B": None, "G": None}, 7]
