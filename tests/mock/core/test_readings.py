"""Readings: each has a default, its values and a reason; nothing else is taken."""

import pytest

from superoffice_mock.core.readings import READINGS, Readings

DESIGN = {
    "run": ("detached", "blocking"),
    "busy": ("wait-then-drop", "try-for-1s"),
    "tasks": ("ten-at-a-time", "ten-in-all"),
    "restricted": ("401", "403"),
    "errors": ("webapi", "netserver"),
    "no-content-type": ("absent", "as-sampled"),
    "disconnect": ("still-counts", "withdraws"),
    "empty": ("no-run", "runs"),
}
"""Section 6 of the design: the default is the first value."""
PAIRS = [(name, value) for name, values in DESIGN.items() for value in values]


def test_the_readings_are_those_of_the_design() -> None:
    assert {name: reading.values for name, reading in READINGS.items()} == DESIGN


def test_the_default_is_the_first_value() -> None:
    assert Readings().as_dict() == {name: values[0] for name, values in DESIGN.items()}


@pytest.mark.parametrize("reading", READINGS.values(), ids=lambda one: one.name)
def test_each_says_why_it_is_open_and_who_leaves_it_so(reading: object) -> None:
    assert getattr(reading, "why", "")
    assert getattr(reading, "source", "")


@pytest.mark.parametrize(("name", "value"), PAIRS)
def test_one_reading_changes_and_the_others_stay(name: str, value: str) -> None:
    changed = Readings().with_value(name, value).as_dict()
    assert changed == Readings().as_dict() | {name: value}


def test_an_unknown_reading_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown reading 'bussy'; .* run, busy, tasks"):
        Readings().with_value("bussy", "try-for-1s")


@pytest.mark.parametrize("name", DESIGN)
def test_an_unknown_value_is_an_error_that_lists_the_known_ones(name: str) -> None:
    wanted = f"reading '{name}' is one of: {', '.join(DESIGN[name])}; not 'no'"
    with pytest.raises(ValueError, match=wanted):
        Readings().with_value(name, "no")
