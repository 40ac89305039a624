"""The readings that answers can show, their claims, and which ones a server follows."""

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
NOT_OBSERVED: Final = "cannot be observed"
WHY_NO_SIGN: Final[Mapping[str, str]] = {
    "restricted": "no credential of an app without the EMail agent is named",
    "errors": "no error had a body in JSON",
    "no-content-type": "no call was answered 204",
}
"""Why a run may have no sign of a reading that ordinary answers show."""


class ReadingSign(msgspec.Struct, frozen=True):
    """A sign that *tenant* follows *value* of *reading*; None where it shows no value.

    *why* names the call that shows the value, or the reason why none is shown.
    """

    reading: str
    tenant: str
    value: str | None
    why: str


class ReadingSigns(msgspec.Struct):
    """The signs of a run: by reading and tenant, the first sign of each value."""

    by_place: dict[tuple[str, str], dict[str | None, str]] = {}

    def add(self, sign: ReadingSign) -> None:
        """Add *sign*, unless the same value was seen there before."""
        self.by_place.setdefault((sign.reading, sign.tenant), {}).setdefault(sign.value, sign.why)

    def find_violations(
        self, stated_values: Mapping[str, str], readings: Iterable[str]
    ) -> Iterator[Finding]:
        """Yield where one of *readings* differs from its value in *stated_values*, or has two."""
        chosen_readings = set(readings)
        for (reading, tenant), by_value in self.by_place.items():
            values = [value for value in by_value if value is not None]
            expected = stated_values.get(reading, values[0] if values else None)
            for value in values if reading in chosen_readings else ():
                if value != expected:
                    what = f"{reading}={value} at {by_value[value]}, expected {reading}={expected}"
                    if reading not in stated_values:
                        what += f" as at {by_value[expected]}"
                    yield Finding(tenant, what, READINGS[reading])

    def describe_unstated(self, stated_values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield name and value of a fact for each reading without a value in *stated_values*."""
        for reading in READINGS:
            by_tenant = {
                tenant: _summarize_values(by_value)
                for (name, tenant), by_value in self.by_place.items()
                if name == reading
            }
            if reading not in stated_values and by_tenant:
                yield f"reading {reading}", _summarize_tenants(by_tenant)


def _summarize_values(by_value: Mapping[str | None, str]) -> str:
    values = [value for value in by_value if value is not None]
    if len(values) > 1:
        return f"{NOT_OBSERVED}: it differs"
    return values[0] if values else f"{NOT_OBSERVED}: {by_value[None]}"


def _summarize_tenants(by_tenant: Mapping[str, str]) -> str:
    """Return the value that all tenants share, or the value of each; known values go first."""
    known_values = {
        tenant: value for tenant, value in by_tenant.items() if not value.startswith(NOT_OBSERVED)
    }
    summaries = known_values or dict(by_tenant)
    if len(set(summaries.values())) == 1:
        return next(iter(summaries.values()))
    return ", ".join(f"{value} at {tenant}" for tenant, value in summaries.items())
