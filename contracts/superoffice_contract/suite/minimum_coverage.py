"""Whether a run has seen enough to have shown anything."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.openapi import operations
from superoffice_contract.report import Finding, Result
from superoffice_contract.suite.plan import Plan, Tally, concluded
from superoffice_contract.target import credentials

ENOUGH: Final = "enough-was-seen"
FEWEST_ACCEPTED: Final = 20
"""204s below which a run has shown nothing: a server that refuses everything breaks nothing."""
FEWEST_CASES: Final = 3
"""Calls below which a media type has not been tried."""


def enough(plan: Plan, tally: Tally) -> Result:
    """Say whether enough was tried and accepted (a result of its own)."""
    findings = [*_accepted(tally), *_tried(tally), *_let_in(plan, tally)]
    if tally.engine_errors:
        number = len(tally.engine_errors)
        what = (
            f"{number} errors of the engine, so something was not tried: {tally.engine_errors[0]}"
        )
        findings.append(Finding("", what))
    return concluded(ENOUGH, (), findings, 0.0)


def _accepted(tally: Tally) -> Iterator[Finding]:
    number = tally.statuses[204]
    if number < FEWEST_ACCEPTED:
        what = f"only {number} calls were answered 204, of at least {FEWEST_ACCEPTED}"
        yield Finding("", what)


def _tried(tally: Tally) -> Iterator[Finding]:
    (operation,) = operations.load().operations.values()
    for one in operation.bodies:
        if tally.cases[one] < FEWEST_CASES:
            what = (
                f"only {tally.cases[one]} calls of type {one} were made, of at least {FEWEST_CASES}"
            )
            yield Finding("", what)
        if not tally.media_types[one]:
            yield Finding("", f"no body of type {one} was ever accepted")


def _let_in(plan: Plan, tally: Tally) -> Iterator[Finding]:
    """Yield each way in that a tenant names, and that has let nobody in."""
    for one in ways_in(plan):
        if not tally.ways_in[one]:
            yield Finding("", f"nobody was ever let in by {one}, which a [[tenant]] names")


def figures(plan: Plan, tally: Tally) -> Iterator[tuple[str, str]]:
    """Yield what `enough` goes by, as facts of a report."""
    (operation,) = operations.load().operations.values()
    for kind in operation.bodies:
        yield f"calls of {kind}", str(tally.cases[kind])
    for way in ways_in(plan):
        yield f"let in by {way}", str(tally.ways_in[way])
    yield "errors of the engine", str(len(tally.engine_errors))


def ways_in(plan: Plan) -> tuple[str, ...]:
    """Return the alternatives of the description's security that *plan*'s tenants name."""
    found = (
        credentials.way_in(one.headers)
        for tenant in plan.tenants
        for one in credentials.good(tenant)
    )
    return tuple(dict.fromkeys(found))


def untried(plan: Plan) -> Iterator[str]:
    """Yield the alternatives that no tenant names anybody for."""
    (operation,) = operations.load().operations.values()
    named = ways_in(plan)
    for one in operation.described["Credentials"]:
        if one not in named:
            yield one
