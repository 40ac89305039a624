"""What a visit came to: every claim agrees, differs, or could not be observed, and why."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final

import msgspec

from superoffice_contract.openapi import claims
from superoffice_contract.openapi.claims import UNOBSERVABLE, Claim
from superoffice_contract.real_tenant.request_plan import (
    NEEDS_CREDENTIAL,
    NEEDS_LEAVE,
    TOO_MANY,
    PlannedRequest,
    RequestPlan,
    planned,
)
from superoffice_contract.real_tenant.verdicts import NOT_SEEN, Shown, followed, shown
from superoffice_contract.report import Finding, Report, Result
from superoffice_contract.suite.plan import Plan
from superoffice_contract.target import credentials, tenants
from superoffice_contract.target.curl import curl
from superoffice_contract.target.http import Response
from superoffice_contract.target.tenants import TargetTenant
from superoffice_contract.throttle.timing import TIMED, timed, unclear

MOST_FINDINGS: Final = 3
"""How often one claim is told to differ; every answer may have the same fault."""
ENVELOPES: Final = ("error-webapi", "error-netserver")
NO_ENVELOPE: Final = "no error came in that envelope"
WHOLE: Final = "the-whole-visit"
"""What is in error when a visit ends before its time."""
UNTRIED: Final = "no request of the check shows it"
ALL: Final = 1_000
"""More requests than there are."""


class Answers(msgspec.Struct):
    """What came back, and the stops that were passed by, with the reason.

    *over* says why a visit ended early. *begun*: see `busy_second`.
    """

    seen: list[tuple[PlannedRequest, Response]] = []
    skipped: list[tuple[PlannedRequest, str]] = []
    over: str | None = None
    begun: float | None = None

    def status(self, stop: PlannedRequest) -> int | None:
        """Return the status that was answered at *stop*, if it was."""
        return next((seen.status for one, seen in self.seen if one is stop), None)


def reported(
    url: str,
    tenant: TargetTenant,
    readings: dict[str, str],
    itinerary: RequestPlan,
    answers: Answers,
) -> Report:
    """Return the report on a visit to *tenant* at *url*, differences first."""
    (scene,) = Plan(server=None, tenants=(tenant,), readings=readings).scenes
    told = [one for stop, seen in answers.seen for one in shown(stop, seen, scene)]
    told += _timed(itinerary, answers)
    follows = (*followed(answers.seen), ("run", _run(told)))
    reasons = _reasons(tenant, itinerary, answers)
    results = []
    for claim in claims.load().values():
        of_it = [one for one in told if one.claim == claim.id]
        results.append(
            _result(url.removesuffix(tenant.base), claim, of_it, itinerary, reasons, follows)
        )
    order = ("differs", "agrees", "cannot be observed")
    results.sort(key=lambda one: order.index(one.status))
    ended = (Result(WHOLE, "error", note=answers.over),) if answers.over else ()
    return Report(
        f"visit to {url}",
        (*ended, *results),
        (
            ("requests", str(len(answers.seen))),
            ("left out for --max-requests", str(len(itinerary.left_out))),
            *((f"reading {name}", value) for name, value in follows),
        ),
    )


def _result(
    base: str,
    claim: Claim,
    told: Sequence[Shown],
    itinerary: RequestPlan,
    reasons: Mapping[str, str],
    follows: Sequence[tuple[str, str]],
) -> Result:
    wrongs = [one for one in told if one.wrong is not None]
    follow = dict(follows).get(claim.reading or "", NOT_SEEN)
    switch = "" if follow == NOT_SEEN else f"; {claim.reading} is {follow} there"
    if wrongs:
        more = f", {len(wrongs)} times" if len(wrongs) > MOST_FINDINGS else ""
        note = f"{claim.kind}{more}: {claim.fact.rstrip('.')}{switch}"
        findings = [_finding(base, one) for one in wrongs[:MOST_FINDINGS]]
        return Result(claim.id, "differs", (claim.id,), tuple(findings), note)
    if told:
        note = f"{claim.kind}, {_times(claim, told, itinerary)}{switch}"
        return Result(claim.id, "agrees", (claim.id,), (), note)
    note = f"{claim.kind}: {reasons.get(claim.id, UNTRIED)}"
    return Result(claim.id, "cannot be observed", (claim.id,), (), note)


def _times(claim: Claim, told: Sequence[Shown], itinerary: RequestPlan) -> str:
    """Return how many requests showed *claim*, and of how many if some were not sent."""
    times = len({id(one.stop) for one in told})
    more = sum(claim.id in one.claims for one in itinerary.left_out)
    if more:
        return f"{times} of {times + more} requests"
    return "one request" if times == 1 else f"{times} requests"


def _finding(base: str, one: Shown) -> Finding:
    return Finding(one.stop.name, str(one.wrong), (one.claim,), curl(base, one.stop.ask))


# ---- the throttle ----------------------------------------------------------------------------


def _calls(itinerary: RequestPlan, answers: Answers) -> tuple[list[Response], list[Response]]:
    calls = [seen for stop, seen in answers.seen if stop in itinerary.calls]
    others = [seen for stop, seen in answers.seen if stop in itinerary.opening]
    return calls, others


def _timed(itinerary: RequestPlan, answers: Answers) -> Iterator[Shown]:
    for id_, wrong in timed(*_calls(itinerary, answers), answers.begun):
        yield Shown(id_, itinerary.calls[-1], wrong)


def _run(told: Sequence[Shown]) -> str:
    for one in told:
        if one.claim == "run-detached":
            return "detached" if one.wrong is None else "blocking"
    return NOT_SEEN


# ---- why not ---------------------------------------------------------------------------------


def _reasons(tenant: TargetTenant, itinerary: RequestPlan, answers: Answers) -> dict[str, str]:
    """Return why each claim could not be observed, if it could not: the best reason there is."""
    found: dict[str, str] = {}
    for id_, reason in _elsewhere(tenant):
        if found.get(id_) != NEEDS_CREDENTIAL:
            found[id_] = reason
    for id_, reasons in itinerary.barred.items():
        found[id_] = ", or ".join(sorted(reasons))
    for stop in itinerary.left_out:
        found |= dict.fromkeys(stop.claims, TOO_MANY)
    for stop, reason in answers.skipped:
        found |= dict.fromkeys(stop.claims, reason)
    found |= dict.fromkeys(ENVELOPES, NO_ENVELOPE)
    found |= dict.fromkeys((*TIMED, "no-content-type"), _untimed(tenant, itinerary, answers))
    return {**found, **UNOBSERVABLE}


def _untimed(tenant: TargetTenant, itinerary: RequestPlan, answers: Answers) -> str:
    if itinerary.calls:
        return unclear(*_calls(itinerary, answers), answers.begun) or UNTRIED
    return NEEDS_LEAVE if next(credentials.good(tenant), None) else NEEDS_CREDENTIAL


def _elsewhere(tenant: TargetTenant) -> Iterator[tuple[str, str]]:
    """Yield the claims that another target, or one with more credentials, would show."""
    for installation in ("onsite", "online"):
        same = installation == tenant.installation
        reason = NEEDS_CREDENTIAL if same else f"is about tenants that are {installation}"
        for id_ in _shown_at(installation):
            yield id_, reason


@cache
def _shown_at(installation: str) -> frozenset[str]:
    """Return the claims that a visit with every kind of credential shows."""
    every = planned(_everything(installation), (1,), {}, ALL)
    return frozenset(id_ for stop in every.stops for id_ in stop.claims)


def _everything(installation: str) -> TargetTenant:
    """Return a tenant that has credentials of every kind."""
    table = {
        "id": "onsite",
        "installation": installation,
        "users": [{"name": "user", "password": "password"}, {"name": "other", "password": ""}],
        "tickets": ["ticket"],
        "sessions": [{"id": "session", "xsrf": "xsrf"}],
        "apps": [{"name": "a", "token": "a"}, {"name": "b", "token": "b", "email-agent": False}],
        "tokens": [{"value": "to a", "app": "a"}, {"value": "to b", "app": "b"}],
    }
    (tenant,) = tenants.tenants([table], "a tenant that has everything")
    return tenant
