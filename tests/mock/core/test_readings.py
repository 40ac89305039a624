"""Each reading has values, a default and a reason; other names and values are errors."""

import re

import pytest

from superoffice_contract.openapi.readings import READINGS, Readings

VALUES = {
    "run": ("detached", "blocking"),
    "busy": ("wait-then-drop", "try-for-1s"),
    "tasks": ("ten-at-a-time", "ten-in-all"),
    "restricted": ("401", "403"),
    "errors": ("webapi", "netserver"),
    "no-content-type": ("absent", "as-sampled"),
    "disconnect": ("still-counts", "withdraws"),
    "empty": ("no-run", "runs"),
    "ready": ("due-by-age", "all", "all-but-running"),
    "current-account": ("none", "first"),
}
"""Section 6 of the design; the first value is the default."""


def test_the_readings_are_those_of_the_design() -> None:
    assert {name: reading.values for name, reading in READINGS.items()} == VALUES


def test_the_default_is_the_first_value() -> None:
    assert Readings().as_dict() == {name: values[0] for name, values in VALUES.items()}


def test_each_reading_says_why_it_is_open_and_where() -> None:
    assert [name for name, reading in READINGS.items() if not reading.why] == []
    assert [name for name, reading in READINGS.items() if not reading.source] == []


def test_a_changed_reading_leaves_the_others_as_they_are() -> None:
    for name, values in VALUES.items():
        for value in values:
            readings = Readings().with_value(name, value).as_dict()
            assert readings == Readings().as_dict() | {name: value}, name


def test_an_unknown_reading_is_an_error_that_names_the_nearest_or_all() -> None:
    for name, message in (
        ("bussy", "unknown reading 'bussy'; did you mean 'busy'?"),
        ("something", "unknown reading; the readings are: run, busy, tasks"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            Readings().with_value(name, "try-for-1s")


def test_an_unknown_value_is_an_error_that_lists_the_known_ones() -> None:
    for name, values in VALUES.items():
        message = f"^the values of {name} are {' and '.join(values)}$"
        with pytest.raises(ValueError, match=message):
            Readings().with_value(name, "no")
