"""What the mock noticed during a test that the test itself may have missed."""

from collections.abc import Iterator

from superoffice_mock.testing import assertions
from superoffice_mock.testing.lost_accounts import Traffic
from superoffice_mock.testing.models import ArmedFault
from superoffice_mock.testing.tenant import SuperOffice


def crashes(office: SuperOffice) -> Iterator[str]:
    """Yield the crashes of the mock, with their tracebacks."""
    for one in office.requests:
        if one.outcome == "crashed":
            yield f"the mock crashed in request #{one.id}:\n{office.request(one.id).crash}"


def findings(office: SuperOffice, strict: bool) -> Iterator[str]:  # noqa: FBT001 - the marker's
    """Yield crashes, faults that never fired and, if *strict*, violations."""
    yield from crashes(office)
    idle = [fault for fault in office.faults.all if fault.sure and not fault.fired]
    if idle:
        yield f"{_never(idle)}\n\n{office.timeline}"
    if strict:
        yield from _violations(office.traffic)


def _violations(traffic: Traffic) -> Iterator[str]:
    found = list(assertions.violations(traffic))
    if traffic.forgotten:
        found.append(assertions.forgotten(traffic))
    if found:
        told = "\n".join(found)
        yield f"violations of the contract:\n{told}\n\n{assertions.timeline(traffic)}"


def _never(idle: list[ArmedFault]) -> str:
    told = ", ".join(f"{fault.id} ({fault.effect})" for fault in idle)
    return f"armed faults that never fired: {told}; the test did not see what it is about"
