"""What differs between the answers to started and to turned-away calls."""

from collections.abc import Mapping, Sequence
from typing import Final

from superoffice_contract.throttle.wire_driver import Exchange

ENOUGH: Final = 2
"""How many answers of a kind show what varies between equal answers."""
_VALUE: Final = "the value of "


def find_difference(started: Sequence[Exchange], turned_away: Sequence[Exchange]) -> str | None:
    """Return what all *turned_away* exchanges have in common that no *started* one has, or None.

    What varies among equal outcomes, such as a date or the id of a request, shows nothing.
    """
    if min(len(started), len(turned_away)) < ENOUGH:
        return None
    statuses = [{exchange.response.status for exchange in side} for side in (started, turned_away)]
    if statuses[0] != statuses[1]:
        return "its status"
    sides = [[_facts(exchange) for exchange in side] for side in (started, turned_away)]
    names = dict.fromkeys(name for side in sides for facts in side for name in facts)
    different = [name for name in names if _is_told_by(name, *sides)]
    return ", ".join(dict.fromkeys(name.removeprefix(_VALUE) for name in different)) or None


def _is_told_by(name: str, *sides: Sequence[Mapping[str, object]]) -> bool:
    first, second = ([facts.get(name) for facts in side] for side in sides)
    is_constant = all(value == side[0] for side in (first, second) for value in side)
    return is_constant and first[0] != second[0]


def _facts(exchange: Exchange) -> dict[str, object]:
    """Return what may differ; a value that only one answer has counts by its name alone."""
    response = exchange.response
    facts: dict[str, object] = {"its body": response.body, "its reason phrase": response.phrase}
    if exchange.closed is not None:
        facts["whether its connection is closed"] = exchange.closed
    for name in sorted(response.header_names - {"date"}):
        facts[f"its header {name}"] = True
        facts[f"{_VALUE}its header {name}"] = response.values(name)
    return facts
