"""The check that a run tried enough, and had enough accepted, to prove anything."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.openapi import operations
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
    findings = [
        *_too_few_accepted(tally),
        *_untested_media_types(tally),
        *_unused_schemes(plan, tally),
    ]
    if tally.engine_errors:
        number = len(tally.engine_errors)
        problem = f"{number} errors of the engine, so something was not tested"
        findings.append(Finding("", f"{problem}: {tally.engine_errors[0]}"))
    return conclude(COVERAGE_CHECK, (), findings, 0.0)


def _too_few_accepted(tally: Tally) -> Iterator[Finding]:
    number = tally.statuses[204]
    if number < MIN_ACCEPTED:
        yield Finding("", f"{number} calls were answered 204, expected at least {MIN_ACCEPTED}")


def _untested_media_types(tally: Tally) -> Iterator[Finding]:
    (operation,) = operations.load().operations.values()
    for media_type in operation.bodies:
        if tally.calls[media_type] < MIN_CALLS:
            number = tally.calls[media_type]
            problem = (
                f"{number} calls of type {media_type} were sent, expected at least {MIN_CALLS}"
            )
            yield Finding("", problem)
        if not tally.accepted[media_type]:
            yield Finding("", f"no body of type {media_type} was accepted")


def _unused_schemes(plan: Plan, tally: Tally) -> Iterator[Finding]:
    """Yield each way to sign in that a tenant names and with which no call was accepted."""
    for scheme in security_schemes(plan):
        if not tally.security_schemes[scheme]:
            yield Finding("", f"no call was accepted with {scheme}, which a [[tenant]] names")


def coverage_facts(plan: Plan, tally: Tally) -> Iterator[tuple[str, str]]:
    """Yield the numbers that `check_coverage` uses, as facts of a report."""
    (operation,) = operations.load().operations.values()
    for media_type in operation.bodies:
        yield f"calls of {media_type}", str(tally.calls[media_type])
    for scheme in security_schemes(plan):
        yield f"accepted with {scheme}", str(tally.security_schemes[scheme])
    yield "errors of the engine", str(len(tally.engine_errors))


def security_schemes(plan: Plan) -> tuple[str, ...]:
    """Return the alternatives of the description's security that the tenants of *plan* can use."""
    alternatives = (
        credentials.security_scheme(credential.headers)
        for tenant in plan.tenants
        for credential in credentials.valid_credentials(tenant)
    )
    return tuple(dict.fromkeys(alternatives))


def unnamed_schemes(plan: Plan) -> Iterator[str]:
    """Yield the alternatives for which no tenant has a credential."""
    (operation,) = operations.load().operations.values()
    usable = security_schemes(plan)
    for alternative in operation.description["Credentials"]:
        if alternative not in usable:
            yield alternative
