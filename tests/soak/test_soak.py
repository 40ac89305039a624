"""A hundredth of the soak, so that it is known to work and what leaks fast is found."""

import pytest

from tests.benchmarks.load import LoadError
from tests.soak.effort import LONG, SHORT, Effort
from tests.soak.server import tried
from tests.soak.trials import TRIALS


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIALS)
def test_the_mock_stays_as_small_as_it_was(name: str) -> None:
    try:
        figures = list(TRIALS[name](SHORT))
    except LoadError as error:
        pytest.skip(f"{error}")
    assert figures
    for figure in figures:
        assert figure.keeps(figure.must), figure


@pytest.mark.slow
def test_what_a_server_says_that_is_no_plain_exchange_is_kept() -> None:
    with tried("--log", "text") as server:
        server.running.control("POST", "reset?all=true")
    assert server.odd == ["superoffice-mock stopped"]


def test_a_part_of_the_effort_is_a_part_of_everything_but_never_nothing() -> None:
    assert LONG.part(1.0) == LONG
    assert LONG.part(0.01) == SHORT
    assert LONG.part(0.000_001) == Effort(10, 10, 10, 10, 10, 10)
