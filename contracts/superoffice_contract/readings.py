"""The readings that answers can show, their claims, and which ones a server follows."""

from collections.abc import Container, Iterator, Mapping
from itertools import pairwise
from typing import Final

import msgspec

from superoffice_contract.report import Finding

CLAIMS_BY_READING: Final[Mapping[str, tuple[str, ...]]] = {
    "run": ("run-detached",),
    "busy": ("busy-drop",),
    "tasks": ("tasks-dealt",),
    "restricted": ("restricted-status",),
    "errors": ("error-webapi", "error-netserver"),
    "no-content-type": ("no-content-type",),
    "disconnect": ("disconnect-counts",),
    "empty": ("empty-no-run", "empty-busy"),
    "ready": ("ready-due",),
    "current-account": ("current-account-app",),
}
"""Each reading, and the claims that it switches."""
ONE_READING: Final = "one-reading"
"""The claim that a server follows one value of a reading."""
NOT_OBSERVABLE: Final = "cannot be observed"
REASONS_NOT_SHOWN: Final[Mapping[str, str]] = {
    "restricted": "no credential of an app without the EMail agent is named",
    "errors": "no error had a body in JSON",
    "no-content-type": "no call was answered 204",
    "ready": "nothing shows why an account is due",
    "current-account": "only an app without a user shows it",
}
"""Why a run may not show a reading that ordinary answers show."""


class ObservedReading(msgspec.Struct, frozen=True):
    """The *value* of *reading* that *tenant* follows, or None if none was shown.

    *why* names the call that shows the value, or the reason why none is shown.
    """

    reading: str
    tenant: str
    value: str | None
    why: str


class ObservedReadings(msgspec.Struct):
    """The readings that a run shows: by reading and tenant, each value with its first *why*."""

    by_reading_and_tenant: dict[tuple[str, str], dict[str | None, str]] = {}

    def add(self, observed: ObservedReading) -> None:
        """Add *observed*, unless the same value is already there for that reading and tenant."""
        key = observed.reading, observed.tenant
        self.by_reading_and_tenant.setdefault(key, {}).setdefault(observed.value, observed.why)

    def find_changes(self, expected_values: Container[str]) -> Iterator[Finding]:
        """Yield a finding for each reading that has several values at a tenant.

        Those with *expected_values* are left out: an answer that differs is a finding already.
        """
        for (reading, tenant), by_value in self.by_reading_and_tenant.items():
            values = [value for value in by_value if value is not None]
            for first, value in pairwise(values) if reading not in expected_values else ():
                what = f"the reading {reading} is {first} in some answers and {value} in others"
                where = f"{tenant}, {by_value[first]} and {by_value[value]}"
                yield Finding(where, what, (ONE_READING,))

    def describe_unstated(self, stated_values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield name and value of a fact for each reading without a value in *stated_values*."""
        for reading in CLAIMS_BY_READING:
            by_tenant = {
                tenant: _summarize_values(by_value)
                for (name, tenant), by_value in self.by_reading_and_tenant.items()
                if name == reading
            }
            if reading not in stated_values and by_tenant:
                yield f"reading {reading}", _summarize_tenants(by_tenant)


def _summarize_values(by_value: Mapping[str | None, str]) -> str:
    values = [value for value in by_value if value is not None]
    if len(values) > 1:
        return f"{NOT_OBSERVABLE}: it differs"
    return values[0] if values else f"{NOT_OBSERVABLE}: {by_value[None]}"


def _summarize_tenants(by_tenant: Mapping[str, str]) -> str:
    """Return the value that all tenants share, or the value of each; known values go first."""
    known_values = {
        tenant: value for tenant, value in by_tenant.items() if not value.startswith(NOT_OBSERVABLE)
    }
    summaries = known_values or dict(by_tenant)
    if len(set(summaries.values())) == 1:
        return next(iter(summaries.values()))
    return ", ".join(f"{value} at {tenant}" for tenant, value in summaries.items())
