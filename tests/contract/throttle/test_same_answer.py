"""What tells a turned-away call from a started one, and what only varies."""

from itertools import count

import pytest

from superoffice_contract.target.http import Response
from superoffice_contract.throttle.same_answer import find_difference
from superoffice_contract.throttle.wire_driver import Exchange

NUMBERS = count()


def exchange(
    *headers: tuple[str, str], status: int = 204, phrase: str = "No Content", closed: bool = False
) -> Exchange:
    """Return an exchange that has a date and an id of its own."""
    varying = (("Date", f"{next(NUMBERS)}"), ("X-Request-Id", f"{next(NUMBERS)}"))
    return Exchange(Response(status, (*varying, *headers), b"", 0.0, phrase=phrase), closed)


@pytest.mark.claim("same-answer")
def test_what_all_turned_away_calls_and_no_started_one_have_is_told() -> None:
    started = [exchange(), exchange()]
    for turned_away, difference in (
        ([exchange(), exchange()], None),
        ([exchange(("Retry-After", "1"))] * 2, "its header retry-after"),
        (
            [exchange(("Retry-After", "1")), exchange(("Retry-After", "2"))],
            "its header retry-after",
        ),
        ([exchange(("Retry-After", "1")), exchange()], None),
        ([exchange(closed=True)] * 2, "whether its connection is closed"),
        ([exchange(closed=True), exchange()], None),
        ([exchange(phrase="Busy")] * 2, "its reason phrase"),
        ([exchange(status=429), exchange(status=429)], "its status"),
        ([exchange(("Retry-After", "1"))], None),
    ):
        assert find_difference(started, turned_away) == difference


def test_a_value_shows_nothing_if_it_varies_among_equal_outcomes() -> None:
    def answers(*values: str) -> list[Exchange]:
        return [exchange(("ETag", value)) for value in values]

    assert find_difference(answers("a", "a"), answers("b", "b")) == "its header etag"
    assert find_difference(answers("a", "c"), answers("b", "b")) is None


def test_a_connection_that_nobody_watched_shows_nothing() -> None:
    unwatched = [Exchange(Response(204, (), b"", 0.0)) for _ in range(2)]
    watched = [Exchange(Response(204, (), b"", 0.0), closed=False) for _ in range(2)]
    assert find_difference(unwatched, unwatched) is None
    assert find_difference(watched, watched) is None
