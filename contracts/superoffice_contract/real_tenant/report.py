"""The report on a real tenant: each claim differs, is a wrong guess, agrees, or is not observed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract.openapi import claims
from superoffice_contract.openapi.claims import Claim
from superoffice_contract.readings import CLAIMS_BY_READING
from superoffice_contract.real_tenant.request_plan import (
    CREDENTIAL_REFUSED,
    NEEDS_CREDENTIAL,
    NEEDS_START_SYNCS,
    OVER_LIMIT,
    REFUSED_STATUSES,
    PlannedRequest,
    RequestPlan,
    plan_requests,
    secrets_in,
    shown_claims,
)
from superoffice_contract.real_tenant.unobservable_claims import UNOBSERVABLE
from superoffice_contract.real_tenant.verdicts import (
    ANSWER_READINGS,
    Answers,
    ClaimVerdict,
    ShownReading,
    cases_without_basis,
    find_readings,
    judge_answers,
    refused_secrets,
    values_of,
)
from superoffice_contract.report import WRONG_GUESS, Finding, Report, Result, Status
from superoffice_contract.suite.judging import merge
from superoffice_contract.target.context import CheckContext, make_context
from superoffice_contract.target.findings import curl_command
from superoffice_contract.target.http import Response
from superoffice_contract.target.secrets import secret_texts, secrets_of
from superoffice_contract.target.tenants import INSTALLATIONS, example_tenant
from superoffice_contract.throttle.timing import TIMING_CLAIMS, compare_calls, why_inconclusive

MAX_FINDINGS: Final = 3
"""Different findings that are reported for one claim."""
ORDER: Final[tuple[Status, ...]] = ("differs", WRONG_GUESS, "agrees", "cannot be observed")
ENVELOPES: Final = ("error-webapi", "error-netserver")
NO_ENVELOPE: Final = "no error had that envelope"
CREDENTIALS: Final = "the-credentials"
"""The name of the result that reports a credential of the user's that is not accepted."""
WHOLE_CHECK: Final = "the-whole-check"
"""The name of the result that reports an early end."""
NOT_SHOWN: Final = "no request of the check shows it"
NO_BASIS: Final = "a simpler request of the same kind was not answered as expected"
CLAIMS_OF_A_204: Final = ("no-body", "no-hints", "no-content-type")
NO_LIMIT: Final = 1_000
"""A number of requests that no plan has."""


class Observations(msgspec.Struct):
    """The responses, and the requests that were skipped, with the reason.

    *broken* are requests with an answer that is no HTTP message, and what came. *ended_early* says
    why the check ended early. *run_remaining*: see `compare_calls`.
    """

    responses: list[tuple[PlannedRequest, Response]] = []
    skipped: list[tuple[PlannedRequest, str]] = []
    broken: list[tuple[PlannedRequest, str]] = []
    ended_early: str | None = None
    run_remaining: float | None = None


def build_report(
    url: str,
    context: CheckContext,
    told_readings: Mapping[str, str],
    plan: RequestPlan,
    observations: Observations,
) -> Report:
    """Return the report on the tenant of *context* at *url*, differences first.

    Each of *told_readings* that it does not follow is a result of its own.
    """
    refused = [*_refused(context, observations.responses)]
    verdicts = [*judge_answers(observations.responses, [step for step, _ in refused])]
    verdicts += (ClaimVerdict("http-message", *pair) for pair in observations.broken)
    verdicts += _judge_timing(plan, observations)
    shown = [*find_readings(observations.responses), *_find_run(verdicts)]
    reasons = _reasons(context, plan, observations)
    for step, _ in refused:
        reasons |= dict.fromkeys(step.claims, CREDENTIAL_REFUSED)
    writer = _FindingWriter(url.removesuffix(context.tenant.base), secret_texts([context.tenant]))
    results = []
    for claim in claims.load().values():
        claim_verdicts = [verdict for verdict in verdicts if verdict.claim == claim.id]
        results.append(_result(writer, claim, claim_verdicts, plan, reasons))
    results += _check_told_readings(writer, told_readings, shown)
    results.sort(key=lambda result: ORDER.index(result.status))
    for step, status in refused:
        reason = f"{step.name} was refused with {status}; is the credential right, and still valid?"
        results.insert(0, Result(CREDENTIALS, "error", reason=reason))
    if observations.ended_early:
        results.insert(0, Result(WHOLE_CHECK, "error", reason=observations.ended_early))
    facts = (
        ("requests", str(len(observations.responses))),
        ("left out for --max-requests", str(len(plan.left_out))),
        *(
            (f"reading {name}", " and ".join(values))
            for name in (*ANSWER_READINGS, "run")
            if (values := values_of(name, shown))
        ),
    )
    return Report("real-tenant check", tuple(results), facts, subject=url)


def _refused(context: CheckContext, answers: Answers) -> Iterator[tuple[PlannedRequest, int]]:
    """Yield the requests whose credential should be accepted, and never was, with the status."""
    secrets = secrets_of(context.tenant)
    refused = refused_secrets(answers, secrets)
    for step, response in answers:
        has_refused = step.may_start_sync and bool(secrets_in(step, secrets) & refused)
        if has_refused and response.status in REFUSED_STATUSES:
            yield step, response.status


class _FindingWriter(msgspec.Struct, frozen=True):
    """Writes findings for the server at *base*, without *secrets*; those of one cause are one."""

    base: str
    secrets: Collection[str]

    def write(self, verdicts: Sequence[ClaimVerdict]) -> tuple[Finding, ...]:
        findings = (
            Finding(
                verdict.step.name,
                str(verdict.difference),
                (verdict.claim,),
                curl_command(self.base, verdict.step.request, self.secrets),
            )
            for verdict in verdicts
        )
        return merge(findings)[:MAX_FINDINGS]


def _result(
    writer: _FindingWriter,
    claim: Claim,
    verdicts: Sequence[ClaimVerdict],
    plan: RequestPlan,
    reasons: Mapping[str, str],
) -> Result:
    fact = claim.fact.rstrip(".")
    differing = [verdict for verdict in verdicts if verdict.difference is not None]
    if faults := [one for one in differing if claim.is_evidence and not one.of_reading]:
        reason = f"{claim.kind}: {fact}"
        return Result(claim.id, "differs", (claim.id,), writer.write(faults), reason)
    if differing:
        notes = writer.write(differing)
        seen = "; ".join(_describe(note) for note in notes)
        reason = f"the tenant: {seen}; we guessed: {fact}"
        return Result(claim.id, WRONG_GUESS, (claim.id,), (), reason, notes=notes)
    if verdicts:
        reason = f"{claim.kind}, {_count_requests(claim, verdicts, plan)}"
        return Result(claim.id, "agrees", (claim.id,), (), reason)
    reason = reasons.get(claim.id, NOT_SHOWN)
    return Result(claim.id, "cannot be observed", (claim.id,), (), reason)


def _describe(note: Finding) -> str:
    times = f", {note.count} times" if note.count > 1 else ""
    return f"{note.what} ({note.where}{times})"


def _count_requests(claim: Claim, verdicts: Sequence[ClaimVerdict], plan: RequestPlan) -> str:
    """Return how many requests showed *claim*, and out of how many if some were not sent."""
    shown_count = len({id(verdict.step) for verdict in verdicts})
    not_sent = sum(claim.id in step.claims for step in plan.left_out)
    if not_sent:
        return f"{shown_count} of {shown_count + not_sent} requests"
    return "one request" if shown_count == 1 else f"{shown_count} requests"


def _check_told_readings(
    writer: _FindingWriter, told_readings: Mapping[str, str], shown: Sequence[ShownReading]
) -> Iterator[Result]:
    """Yield a result for each reading that was told and that the tenant does not follow."""
    for name, value in told_readings.items():
        claim = f"error-{value}" if name == "errors" else CLAIMS_BY_READING[name][0]
        others = [one for one in shown if one.reading == name and one.value != value]
        verdicts = [
            ClaimVerdict(claim, one.step, f"{name} is {one.value} there, told {value}")
            for one in others
        ]
        if verdicts:
            reason = f"told with --reading {name}={value}"
            yield Result(f"reading {name}", "differs", (claim,), writer.write(verdicts), reason)


# ---- the throttle ----------------------------------------------------------------------------


def _calls(plan: RequestPlan, observations: Observations) -> tuple[list[Response], list[Response]]:
    calls = [response for step, response in observations.responses if step in plan.calls]
    baseline = [response for step, response in observations.responses if step in plan.opening]
    return calls, baseline


def _judge_timing(plan: RequestPlan, observations: Observations) -> Iterator[ClaimVerdict]:
    for id_, difference in compare_calls(*_calls(plan, observations), observations.run_remaining):
        yield ClaimVerdict(id_, plan.calls[-1], difference)


def _find_run(verdicts: Sequence[ClaimVerdict]) -> Iterator[ShownReading]:
    for verdict in verdicts:
        if verdict.claim == "run-detached":
            value = "detached" if verdict.difference is None else "blocking"
            yield ShownReading("run", value, verdict.step)


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
    for case in cases_without_basis(observations.responses):
        reason_by_claim |= dict.fromkeys(shown_claims(case.expected), NO_BASIS)
    reason_by_claim |= dict.fromkeys(ENVELOPES, NO_ENVELOPE)
    why_not_timed = NEEDS_START_SYNCS if context.credential_headers else NEEDS_CREDENTIAL
    if plan.calls:
        calls, baseline = _calls(plan, observations)
        why_not_timed = why_inconclusive(calls, baseline, observations.run_remaining) or NOT_SHOWN
    reason_by_claim |= dict.fromkeys((*TIMING_CLAIMS, *CLAIMS_OF_A_204), why_not_timed)
    return {**reason_by_claim, **UNOBSERVABLE}


def _shown_by_other_targets(context: CheckContext) -> Iterator[tuple[str, str]]:
    """Yield the claims that another tenant, or one with more credentials, would show, with why."""
    for installation in INSTALLATIONS:
        is_same = installation == context.tenant.installation
        reason = NEEDS_CREDENTIAL if is_same else f"is about tenants that are {installation}"
        full_context = make_context(example_tenant(installation), context.operation, {})
        for step in plan_requests(full_context, (1,), NO_LIMIT).steps:
            yield from ((id_, reason) for id_ in step.claims)
