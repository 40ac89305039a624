"""What the soak reads off a server, and how long it is; a hundredth of it is a step of CI."""

import pytest

from tests.soak.effort import LONG, SHORT, Effort
from tests.soak.server import tried


@pytest.mark.slow
def test_what_a_server_says_that_is_no_plain_exchange_is_kept() -> None:
    with tried("--log", "text") as server:
        server.running.control("POST", "reset?all=true")
    assert server.odd == ["superoffice-mock stopped"]


def test_a_part_of_the_effort_is_a_part_of_everything_but_never_nothing() -> None:
    assert LONG.part(1.0) == LONG
    assert LONG.part(0.01) == SHORT
    assert LONG.part(0.000_001) == Effort(10, 10, 10, 10, 10, 10)
