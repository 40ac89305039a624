"""Every decoder survives odd input: it neither crashes nor hangs. See also tests/fuzz/__main__."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import mutations
from tests.fuzz.targets import TARGETS, SlowError, check_quick, corpus


def test_every_decoder_survives_its_corpus() -> None:
    for name, target in TARGETS.items():
        inputs = sorted(corpus(name).iterdir())
        assert inputs, name
        for path in inputs:
            target(path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_survives_odd_input(name: str) -> None:
    inputs = [path.read_bytes() for path in sorted(corpus(name).iterdir())]

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mutations(inputs))
    def survives(data: bytes) -> None:
        check_quick(lambda: TARGETS[name](data))

    for data in inputs:  # so that one-time imports do not count
        TARGETS[name](data)
    survives()


def test_a_slow_decoder_is_an_error() -> None:
    with pytest.raises(SlowError, match="more than"):
        check_quick(lambda: sum(range(10_000)), 0.0)


@given(st.data())
@settings(max_examples=30)
def test_mutated_inputs_have_a_bounded_length(data: st.DataObject) -> None:
    assert len(data.draw(mutations([b"x" * 20_000]))) <= 16 * 1024
