"""Every decoder on odd input: no crash, no hang. `python -m tests.fuzz` goes on for longer."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, SlowError, check_quick, corpus


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_known_of_a_decoder_passes(name: str) -> None:
    known = sorted(corpus(name).iterdir())
    assert known
    for one in known:
        TARGETS[name](one.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_survives_odd_input(name: str) -> None:
    known = [one.read_bytes() for one in sorted(corpus(name).iterdir())]

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mutated(known))
    def survives(data: bytes) -> None:
        check_quick(lambda: TARGETS[name](data))

    for one in known:  # what a decoder loads once is no cost of an input
        TARGETS[name](one)
    survives()


def test_a_slow_decoder_would_be_found() -> None:
    with pytest.raises(SlowError, match="more than"):
        check_quick(lambda: sum(range(10_000)), 0.0)


@given(st.data())
@settings(max_examples=30)
def test_an_input_is_of_bounded_length(data: st.DataObject) -> None:
    assert len(data.draw(mutated([b"x" * 20_000]))) <= 16 * 1024
