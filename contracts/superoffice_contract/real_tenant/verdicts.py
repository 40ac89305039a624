"""Compares one response of a real tenant with the claims: each that it shows agrees or differs.

A response to a request with a credential is never quoted, as it might repeat the credential.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import (
    ExpectedResponse,
    Problem,
    Verifier,
    find_reading,
)
from superoffice_contract.openapi import claims
from superoffice_contract.real_tenant.request_plan import Expectation, PlannedRequest
from superoffice_contract.real_tenant.unobservable_claims import UNOBSERVABLE
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Response

ANSWER_READINGS: Final = ("restricted", "errors", "no-content-type")
"""The readings that a single response can show."""
NOT_OBSERVED: Final = "not observed"
_CONTENT_CLAIMS: Final = frozenset({"error-place", "error-format", "get-shape", "never-406"})
"""Claims about the content of a response: another status says nothing about them."""
_RULE_CLAIMS: Final = frozenset(
    {
        *("no-body", "no-hints", "no-content-type", "no-banner", "cache-headers"),
        *("www-authenticate", "error-no-trace", "error-webapi", "error-netserver"),
    }
)
"""Claims that the rules judge, so that single expectations do not."""


def observe_readings(
    responses: Iterable[tuple[PlannedRequest, Response]],
) -> Iterator[tuple[str, str]]:
    """Yield each reading that a response can show, and the values that the server follows."""
    values_by_reading: dict[str, dict[str, None]] = {name: {} for name in ANSWER_READINGS}
    for step, response in responses:
        for expectation in step.expectations:
            reading_and_value = find_reading(expectation.strict, response)
            if reading_and_value is not None:
                reading, value = reading_and_value
                values_by_reading[reading][value] = None
    for reading, values in values_by_reading.items():
        yield reading, " and ".join(values) or NOT_OBSERVED


class ClaimVerdict(msgspec.Struct, frozen=True):
    """What one response shows about one claim: how it differs, or None if it agrees."""

    claim: str
    step: PlannedRequest
    difference: str | None = None


def judge_response(
    step: PlannedRequest, response: Response, context: CheckContext
) -> Iterator[ClaimVerdict]:
    """Yield a verdict on each claim that *response*, the one to *step*, shows."""
    rule_problems: set[Problem | None] = set()
    for id_, verify in _rules(context, step, response):
        problem = verify(response)
        rule_problems.add(problem)
        yield ClaimVerdict(id_, step, None if problem is None else _text(step, problem))
    for expectation in step.expectations:
        verdicts = _judge_expectation(expectation, step, response, rule_problems)
        for id_, difference in verdicts.items():
            if id_ not in _RULE_CLAIMS and id_ not in UNOBSERVABLE:
                yield ClaimVerdict(id_, step, difference)


# ---- expectations for one request ------------------------------------------------------------


def _judge_expectation(
    expectation: Expectation,
    step: PlannedRequest,
    response: Response,
    rule_problems: set[Problem | None],
) -> Mapping[str, str | None]:
    expected = expectation.strict
    if response.status not in expected.statuses:
        return _judge_status(expectation, response)
    verdicts: dict[str, str | None] = dict.fromkeys(expected.claims)
    for problem in expected.problems(response):
        if problem not in rule_problems:
            verdicts[_claim_of(expected, problem)] = _text(step, problem)
    return verdicts


def _judge_status(expectation: Expectation, response: Response) -> Mapping[str, str | None]:
    statuses = " or ".join(map(str, expectation.strict.statuses))
    difference = f"expected {statuses}, got {response.status}"
    is_allowed_by_reading = response.status in expectation.lenient.statuses
    all_claims = claims.load()
    verdicts: dict[str, str | None] = {}
    for id_ in expectation.strict.claims:
        if id_ in _CONTENT_CLAIMS and not (id_ == "never-406" and response.status == 406):
            continue
        agrees = is_allowed_by_reading and all_claims[id_].reading is None
        verdicts[id_] = None if agrees else difference
    return verdicts


def _claim_of(expected: ExpectedResponse, problem: Problem) -> str:
    """Return the claim that *problem* breaks: one that it names, or one about content."""
    content_claims = [claim for claim in expected.claims if claim in _CONTENT_CLAIMS]
    return [*problem.claims, *content_claims, *expected.claims][0]


def _text(step: PlannedRequest, problem: Problem) -> str:
    return problem.safe_text if step.signed_in else problem.what


# ---- rules for all responses -----------------------------------------------------------------


def _rules(
    context: CheckContext, step: PlannedRequest, response: Response
) -> Iterator[tuple[str, Verifier]]:
    """Yield the claims that hold for all responses of this kind, and how each is verified."""
    is_post = step.request.method == "POST"
    yield "no-banner", expectations.check_no_banner
    if is_post and response.status == 204:
        yield "no-body", expectations.check_no_body
        yield "no-hints", expectations.check_no_hints
        yield "no-content-type", expectations.content_type_verifier(context)
    if is_post and (response.status == 204 or response.status >= 400):
        yield "cache-headers", expectations.check_not_cached
    if response.status == 401:
        yield "www-authenticate", expectations.check_challenge
    if response.status >= 400:
        yield "error-no-trace", expectations.check_no_trace
        accept = dict(step.request.headers).get("Accept", "")
        if step.request.method != "HEAD" and "xml" not in accept:
            yield from _envelope_rules(context, step, response)


def _envelope_rules(
    context: CheckContext, step: PlannedRequest, response: Response
) -> Iterator[tuple[str, Verifier]]:
    readings = (find_reading(expectation.strict, response) for expectation in step.expectations)
    actual = dict(pair for pair in readings if pair is not None).get("errors")
    expected = context.readings.get("errors")

    def verify_envelope(response: Response) -> Problem | None:
        if expected is not None and actual not in (expected, None):
            what = f"the error has the envelope {actual}, expected {expected}"
            return Problem(what, safe_text=what)
        return expectations.envelope_verifier(context)(response)

    yield f"error-{expected or actual or 'webapi'}", verify_envelope
    if actual is not None:
        yield f"error-{actual}", lambda _: None
