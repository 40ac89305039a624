"""What the mock noticed during a test and the test may not have: crashes, faults, violations."""

from collections.abc import Iterator

from superoffice_mock.testing import assertions
from superoffice_mock.testing.lost_accounts import Traffic
from superoffice_mock.testing.tenant import SuperOffice


def crashes(office: SuperOffice) -> Iterator[str]:
    """Yield the crashes of the mock, with their tracebacks."""
    for call in office.requests:
        if call.outcome == "crashed":
            yield f"the mock crashed in request #{call.id}:\n{office.request(call.id).crash}"


def problems(office: SuperOffice, strict: bool) -> Iterator[str]:  # noqa: FBT001 - the marker's
    """Yield crashes, faults that never fired and, if *strict*, violations.

    Faults that were armed with `every` or `probability` may stay idle.
    """
    yield from crashes(office)
    yield from _idle_faults(office)
    if strict:
        yield from _violations(office.traffic)


def _idle_faults(office: SuperOffice) -> Iterator[str]:
    idle_faults = [fault for fault in office.faults.all if fault.sure and not fault.fired]
    if idle_faults:
        names = ", ".join(f"{fault.id} ({fault.effect})" for fault in idle_faults)
        message = f"armed faults that never fired: {names}; so the test did not test them"
        yield f"{message}\n\n{office.timeline}"


def _violations(traffic: Traffic) -> Iterator[str]:
    lines = list(assertions.violations(traffic))
    if traffic.forgotten:
        lines.append(assertions.forgotten_note(traffic))
    if lines:
        text = "\n".join(lines)
        yield f"violations of the contract:\n{text}\n\n{assertions.timeline(traffic)}"
