"""The effort of the benchmarks, and the figures that they yield."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: pairs of bursts, rounds of starts, requests of the growth measure."""

    pairs: int
    rounds: int
    requests: int
    tenants: int
    calls: int


LONG: Final = Effort(pairs=8, rounds=15, requests=200_000, tenants=10_000, calls=20_000)
SHORT: Final = Effort(pairs=1, rounds=3, requests=10_000, tenants=200, calls=2_000)


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure; *must* and *aim* are bounds such as `>= 0.7`, *detail* has raw values."""

    name: str
    value: float
    must: str = ""
    aim: str = ""
    detail: str = ""

    def is_within(self, bound: str) -> bool:
        """Return whether the value is within *bound*."""
        operator, limit = bound.split()
        return self.value >= float(limit) if operator == ">=" else self.value <= float(limit)
