"""Which reading a server follows where the contract leaves it open: told, or seen in answers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_contract.report import Finding

READINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "run": ("run-detached",),
    "busy": ("busy-drop",),
    "tasks": ("tasks-dealt",),
    "restricted": ("restricted-status",),
    "errors": ("error-webapi", "error-netserver"),
    "no-content-type": ("no-content-type",),
    "disconnect": ("disconnect-counts",),
    "empty": ("empty-no-run", "empty-busy"),
}
"""Each reading, and the claims that it switches."""
UNTOLD: Final = "cannot be told"
NO_SIGN: Final[Mapping[str, str]] = {
    "restricted": "no credential of an app without the EMail agent is named",
    "errors": "no error had a body in JSON",
    "no-content-type": "no call was answered 204",
}
"""Why nothing may have been seen of a reading that every answer would show."""


class ReadingSign(msgspec.Struct, frozen=True):
    """A sign of a reading at *tenant*: its *value*, None where nothing can be told; and *why*."""

    reading: str
    tenant: str
    value: str | None
    why: str


class ReadingSigns(msgspec.Struct):
    """What was seen of each reading, the first sign of each value at each tenant."""

    seen: dict[tuple[str, str], dict[str | None, str]] = {}

    def note(self, sign: ReadingSign) -> None:
        """Take *sign* in."""
        self.seen.setdefault((sign.reading, sign.tenant), {}).setdefault(sign.value, sign.why)

    def wrongs(self, told: Mapping[str, str], readings: Iterable[str]) -> Iterator[Finding]:
        """Yield where one of *readings* is followed otherwise than *told*, or in two ways."""
        chosen = set(readings)
        for (reading, tenant), by_value in self.seen.items():
            values = [one for one in by_value if one is not None]
            expected = told.get(reading, values[0] if values else None)
            for value in values if reading in chosen else ():
                if value != expected:
                    what = f"{reading}={value} at {by_value[value]}, expected {reading}={expected}"
                    if reading not in told:
                        what += f" as at {by_value[expected]}"
                    yield Finding(tenant, what, READINGS[reading])

    def facts(self, told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield, for each reading that is not *told* and was looked at, what it came to."""
        for reading in READINGS:
            places = {
                tenant: _summed_up(by_value)
                for (one, tenant), by_value in self.seen.items()
                if one == reading
            }
            if reading not in told and places:
                yield f"reading {reading}", _in_all(places)


def _summed_up(by_value: Mapping[str | None, str]) -> str:
    values = [one for one in by_value if one is not None]
    if len(values) > 1:
        return f"{UNTOLD}: it differs"
    return values[0] if values else f"{UNTOLD}: {by_value[None]}"


def _in_all(places: Mapping[str, str]) -> str:
    """Return what all *places* have in common, or what is known of each."""
    known = {tenant: one for tenant, one in places.items() if not one.startswith(UNTOLD)}
    told = known or dict(places)
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{one} at {tenant}" for tenant, one in told.items())
