"""The check that a run tried enough, and had enough accepted, to prove anything."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.report import Finding, Result
from superoffice_contract.suite.plan import Plan, Tally, conclude
from superoffice_contract.target import credentials

COVERAGE_CHECK: Final = "enough-was-seen"
MIN_ACCEPTED: Final = 20
"""204 responses that a run needs: a server that rejects everything would break no claim."""
MIN_CALLS: Final = 3
"""Calls that a run needs for each media type."""


def check_coverage(plan: Plan, tally: Tally) -> Result:
    """Return a result that says whether enough was tried and accepted."""
    findings = [Finding("", problem) for problem in _find_shortages(plan, tally)]
    return conclude(COVERAGE_CHECK, (), findings, 0.0)


def _find_shortages(plan: Plan, tally: Tally) -> Iterator[str]:
    accepted = tally.statuses[204]
    if accepted < MIN_ACCEPTED:
        yield f"{accepted} calls were answered 204, expected at least {MIN_ACCEPTED}"
    for media_type in plan.operation.bodies:
        calls = tally.calls[media_type]
        if calls < MIN_CALLS:
            yield f"{calls} calls of type {media_type} were sent, expected at least {MIN_CALLS}"
        if not tally.accepted[media_type]:
            yield f"no body of type {media_type} was accepted"
    for scheme in security_schemes(plan):
        if not tally.security_schemes[scheme]:
            yield f"no call was accepted with {scheme}, which a [[tenant]] names"
    if errors := tally.engine_errors:
        yield f"{len(errors)} errors of the engine, so something was not tested: {errors[0]}"


def coverage_facts(plan: Plan, tally: Tally) -> Iterator[tuple[str, str]]:
    """Yield the numbers that `check_coverage` uses, as facts of a report."""
    for media_type in plan.operation.bodies:
        yield f"calls of {media_type}", str(tally.calls[media_type])
    for scheme in security_schemes(plan):
        yield f"accepted with {scheme}", str(tally.security_schemes[scheme])
    yield "errors of the engine", str(len(tally.engine_errors))


def security_schemes(plan: Plan) -> tuple[str, ...]:
    """Return the alternatives of the operation's security that the tenants of *plan* can use."""
    usable = {
        credentials.security_scheme(credential.headers)
        for tenant in plan.tenants
        for credential in credentials.valid_credentials(tenant)
    }
    return tuple(alternative for alternative in _alternatives(plan) if alternative in usable)


def unnamed_schemes(plan: Plan) -> Iterator[str]:
    """Yield the alternatives for which no tenant has a credential."""
    usable = security_schemes(plan)
    return (alternative for alternative in _alternatives(plan) if alternative not in usable)


def _alternatives(plan: Plan) -> list[str]:
    return [" + ".join(alternative) for alternative in plan.operation.security]
