"""How much is done to the mock in each trial."""

from dataclasses import astuple, dataclass
from typing import Final, Self


@dataclass(frozen=True, slots=True)
class Effort:
    """How often what is done; *seconds* are those of the full load."""

    requests: int
    rounds: int
    callers: int
    bodies: int
    leavers: int
    seconds: int

    def part(self, share: float) -> Self:
        """Return this share of it, of nothing less than ten."""
        return type(self)(*(max(round(one * share), 10) for one in astuple(self)))


TENANTS: Final = 200
"""How many tenants are made and dropped in a round."""
LONG: Final = Effort(
    requests=1_000_000, rounds=1_000, callers=5_000, bodies=10_000, leavers=100_000, seconds=600
)
SHORT: Final = LONG.part(0.01)
