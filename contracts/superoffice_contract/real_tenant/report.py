"""The report on a real tenant: every claim agrees, differs, or cannot be observed, and why."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract.openapi import claims
from superoffice_contract.openapi.claims import Claim
from superoffice_contract.real_tenant.request_plan import (
    NEEDS_CREDENTIAL,
    NEEDS_START_SYNCS,
    OVER_LIMIT,
    PlannedRequest,
    RequestPlan,
    plan_requests,
)
from superoffice_contract.real_tenant.unobservable_claims import UNOBSERVABLE
from superoffice_contract.real_tenant.verdicts import (
    NOT_OBSERVED,
    ClaimVerdict,
    judge_response,
    observe_readings,
)
from superoffice_contract.report import Finding, Report, Result
from superoffice_contract.target.context import CheckContext, make_context
from superoffice_contract.target.curl import curl_command
from superoffice_contract.target.http import Response
from superoffice_contract.target.tenants import INSTALLATIONS, example_tenant
from superoffice_contract.throttle.timing import TIMING_CLAIMS, compare_calls, why_inconclusive

MAX_FINDINGS: Final = 3
"""Findings that are reported for one claim; every response may differ in the same way."""
ENVELOPES: Final = ("error-webapi", "error-netserver")
NO_ENVELOPE: Final = "no error had that envelope"
WHOLE_CHECK: Final = "the-whole-check"
"""The name of the result that reports an early end."""
NOT_SHOWN: Final = "no request of the check shows it"
NO_LIMIT: Final = 1_000
"""A number of requests that no plan has."""


class Observations(msgspec.Struct):
    """The responses, and the requests that were skipped, with the reason.

    *ended_early* says why the check ended early. *run_remaining*: see `compare_calls`.
    """

    responses: list[tuple[PlannedRequest, Response]] = []
    skipped: list[tuple[PlannedRequest, str]] = []
    ended_early: str | None = None
    run_remaining: float | None = None


def build_report(
    url: str, context: CheckContext, plan: RequestPlan, observations: Observations
) -> Report:
    """Return the report on the tenant of *context* at *url*, differences first."""
    verdicts: list[ClaimVerdict] = []
    for step, response in observations.responses:
        verdicts += judge_response(step, response, context)
    verdicts += _judge_timing(plan, observations)
    readings_seen = (*observe_readings(observations.responses), ("run", _observed_run(verdicts)))
    reasons = _reasons(context, plan, observations)
    base = url.removesuffix(context.tenant.base)
    results = []
    for claim in claims.load().values():
        claim_verdicts = [verdict for verdict in verdicts if verdict.claim == claim.id]
        results.append(_result(base, claim, claim_verdicts, plan, reasons, readings_seen))
    order = ("differs", "agrees", "cannot be observed")
    results.sort(key=lambda result: order.index(result.status))
    if observations.ended_early:
        results.insert(0, Result(WHOLE_CHECK, "error", note=observations.ended_early))
    facts = (
        ("requests", str(len(observations.responses))),
        ("left out for --max-requests", str(len(plan.left_out))),
        *((f"reading {name}", value) for name, value in readings_seen),
    )
    return Report(f"real-tenant check of {url}", tuple(results), facts)


def _result(
    base: str,
    claim: Claim,
    verdicts: Sequence[ClaimVerdict],
    plan: RequestPlan,
    reasons: Mapping[str, str],
    readings_seen: Sequence[tuple[str, str]],
) -> Result:
    differing = [verdict for verdict in verdicts if verdict.difference is not None]
    value = dict(readings_seen).get(claim.reading or "", NOT_OBSERVED)
    reading_note = "" if value == NOT_OBSERVED else f"; {claim.reading} is {value} there"
    if differing:
        more = f", {len(differing)} times" if len(differing) > MAX_FINDINGS else ""
        note = f"{claim.kind}{more}: {claim.fact.rstrip('.')}{reading_note}"
        findings = [
            Finding(
                verdict.step.name,
                str(verdict.difference),
                (claim.id,),
                curl_command(base, verdict.step.request),
            )
            for verdict in differing[:MAX_FINDINGS]
        ]
        return Result(claim.id, "differs", (claim.id,), tuple(findings), note)
    if verdicts:
        note = f"{claim.kind}, {_count_requests(claim, verdicts, plan)}{reading_note}"
        return Result(claim.id, "agrees", (claim.id,), (), note)
    note = f"{claim.kind}: {reasons.get(claim.id, NOT_SHOWN)}"
    return Result(claim.id, "cannot be observed", (claim.id,), (), note)


def _count_requests(claim: Claim, verdicts: Sequence[ClaimVerdict], plan: RequestPlan) -> str:
    """Return how many requests showed *claim*, and out of how many if some were not sent."""
    shown_count = len({id(verdict.step) for verdict in verdicts})
    not_sent = sum(claim.id in step.claims for step in plan.left_out)
    if not_sent:
        return f"{shown_count} of {shown_count + not_sent} requests"
    return "one request" if shown_count == 1 else f"{shown_count} requests"


# ---- the throttle ----------------------------------------------------------------------------


def _calls(plan: RequestPlan, observations: Observations) -> tuple[list[Response], list[Response]]:
    calls = [response for step, response in observations.responses if step in plan.calls]
    baseline = [response for step, response in observations.responses if step in plan.opening]
    return calls, baseline


def _judge_timing(plan: RequestPlan, observations: Observations) -> Iterator[ClaimVerdict]:
    for id_, difference in compare_calls(*_calls(plan, observations), observations.run_remaining):
        yield ClaimVerdict(id_, plan.calls[-1], difference)


def _observed_run(verdicts: Sequence[ClaimVerdict]) -> str:
    for verdict in verdicts:
        if verdict.claim == "run-detached":
            return "detached" if verdict.difference is None else "blocking"
    return NOT_OBSERVED


# ---- why a claim cannot be observed ----------------------------------------------------------


def _reasons(
    context: CheckContext, plan: RequestPlan, observations: Observations
) -> dict[str, str]:
    """Return the best reason why a claim could not be observed, by id, for all that may not be."""
    reason_by_claim: dict[str, str] = {}
    for id_, reason in _shown_by_other_targets(context):
        if reason_by_claim.get(id_) != NEEDS_CREDENTIAL:
            reason_by_claim[id_] = reason
    for id_, reasons in plan.excluded.items():
        reason_by_claim[id_] = ", or ".join(sorted(reasons))
    for step in plan.left_out:
        reason_by_claim |= dict.fromkeys(step.claims, OVER_LIMIT)
    for step, reason in observations.skipped:
        reason_by_claim |= dict.fromkeys(step.claims, reason)
    reason_by_claim |= dict.fromkeys(ENVELOPES, NO_ENVELOPE)
    why_not_timed = NEEDS_START_SYNCS if context.credential_headers else NEEDS_CREDENTIAL
    if plan.calls:
        calls, baseline = _calls(plan, observations)
        why_not_timed = why_inconclusive(calls, baseline, observations.run_remaining) or NOT_SHOWN
    reason_by_claim |= dict.fromkeys((*TIMING_CLAIMS, "no-content-type"), why_not_timed)
    return {**reason_by_claim, **UNOBSERVABLE}


def _shown_by_other_targets(context: CheckContext) -> Iterator[tuple[str, str]]:
    """Yield the claims that another tenant, or one with more credentials, would show, with why."""
    for installation in INSTALLATIONS:
        is_same = installation == context.tenant.installation
        reason = NEEDS_CREDENTIAL if is_same else f"is about tenants that are {installation}"
        full_context = make_context(example_tenant(installation), context.operation, {})
        for step in plan_requests(full_context, (1,), NO_LIMIT).steps:
            yield from ((id_, reason) for id_ in step.claims)
