"""The size of each trial."""

from dataclasses import astuple, dataclass
from typing import Final, Self


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each thing is done; *seconds* is the length of the full load."""

    requests: int
    rounds: int
    waiting_calls: int
    bodies: int
    disconnects: int
    seconds: int

    def part(self, share: float) -> Self:
        """Return *share* of this effort, with at least ten of everything."""
        return type(self)(*(max(round(amount * share), 10) for amount in astuple(self)))


TENANTS: Final = 200
"""How many tenants are created and removed in a round."""
LONG: Final = Effort(
    requests=1_000_000,
    rounds=1_000,
    waiting_calls=5_000,
    bodies=10_000,
    disconnects=100_000,
    seconds=600,
)
SHORT: Final = LONG.part(0.01)
