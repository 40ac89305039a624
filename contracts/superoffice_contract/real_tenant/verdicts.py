"""Compares one response of a real tenant with the claims: each that it shows agrees or differs.

A response to a request with a credential is never quoted, as it might repeat the credential.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse, Verifier, find_reading
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


def envelope_of(step: PlannedRequest, response: Response) -> str | None:
    """Return the value of the reading `errors` that the error in *response* follows, if any."""
    readings = (find_reading(expectation.strict, response) for expectation in step.expectations)
    return dict(pair for pair in readings if pair is not None).get("errors")


class ClaimVerdict(msgspec.Struct, frozen=True):
    """What one response shows about one claim: how it differs, or None if it agrees."""

    claim: str
    step: PlannedRequest
    difference: str | None = None


class Rule(msgspec.Struct, frozen=True):
    """What holds for all responses of some kind; *safe_text* describes a failure without quotes."""

    claims: tuple[str, ...]
    verify: Verifier
    holds_for: Callable[[PlannedRequest, Response], bool]
    safe_text: str


def judge_response(
    step: PlannedRequest, response: Response, context: CheckContext
) -> Iterator[ClaimVerdict]:
    """Yield a verdict on each claim that *response*, the one to *step*, shows."""
    rules = [rule for rule in _rules(context, step, response) if rule.holds_for(step, response)]
    for rule in rules:
        difference = rule.verify(response)
        text = rule.safe_text if difference is not None and step.signed_in else difference
        for id_ in rule.claims:
            yield ClaimVerdict(id_, step, text)
    rule_differences = {rule.verify(response) for rule in rules}
    for expectation in step.expectations:
        verdicts = _judge_expectation(expectation, step, response, rule_differences)
        for id_, difference in verdicts.items():
            if id_ not in _RULE_CLAIMS and id_ not in UNOBSERVABLE:
                yield ClaimVerdict(id_, step, difference)


# ---- expectations for one request ------------------------------------------------------------


def _judge_expectation(
    expectation: Expectation,
    step: PlannedRequest,
    response: Response,
    rule_differences: set[str | None],
) -> Mapping[str, str | None]:
    expected = expectation.strict
    if response.status not in expected.statuses:
        return _judge_status(expectation, response)
    verdicts: dict[str, str | None] = dict.fromkeys(expected.claims)
    for difference in expected.problems(response):
        if difference not in rule_differences:
            text = _without_quotes(difference) if step.signed_in else difference
            verdicts[_claim_of(expected, difference)] = text
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


def _claim_of(expected: ExpectedResponse, problem: str) -> str:
    """Return the claim that *problem* breaks: one that it names, or one about content."""
    content_claims = [claim for claim in expected.claims if claim in _CONTENT_CLAIMS]
    return [*claims.find_references(problem), *content_claims, *expected.claims][0]


def _without_quotes(problem: str) -> str:
    return (
        problem
        if problem.startswith("the answer does not name ")
        else "the content is not the expected one"
    )


# ---- rules for all responses -----------------------------------------------------------------


def _is_any(_: PlannedRequest, __: Response) -> bool:
    return True


def _is_accepted_call(step: PlannedRequest, response: Response) -> bool:
    return response.status == 204 and step.request.method == "POST"


def _is_401(_: PlannedRequest, response: Response) -> bool:
    return response.status == 401


def _is_error(_: PlannedRequest, response: Response) -> bool:
    return response.status >= 400


def _is_uncacheable(step: PlannedRequest, response: Response) -> bool:
    return step.request.method == "POST" and (response.status == 204 or response.status >= 400)


def _is_json_error(step: PlannedRequest, response: Response) -> bool:
    accept = dict(step.request.headers).get("Accept", "")
    return _is_error(step, response) and step.request.method != "HEAD" and "xml" not in accept


def _rules(context: CheckContext, step: PlannedRequest, response: Response) -> tuple[Rule, ...]:
    verify_type = expectations.content_type_verifier(context)
    actual, expected = envelope_of(step, response), context.readings.get("errors")
    envelope = f"error-{expected or actual or 'webapi'}"
    other_claims = () if actual is None else (f"error-{actual}",)

    def verify_envelope(response: Response) -> str | None:
        if expected is not None and actual not in (expected, None):
            return f"the error has the envelope {actual}, expected {expected}"
        return expectations.envelope_verifier(context)(response)

    return (
        Rule(
            ("no-body",),
            expectations.check_no_body,
            _is_accepted_call,
            "the 204 has a body, or announces one",
        ),
        Rule(
            ("no-hints",),
            expectations.check_no_hints,
            _is_accepted_call,
            "the 204 has a header that may show whether a run started",
        ),
        Rule(
            ("no-content-type",),
            verify_type,
            _is_accepted_call,
            "the 204 has an unexpected Content-Type",
        ),
        Rule(("no-banner",), expectations.check_no_banner, _is_any, "the answer names its server"),
        Rule(
            ("cache-headers",),
            expectations.check_not_cached,
            _is_uncacheable,
            "the answer may be cached",
        ),
        Rule(
            ("www-authenticate",), expectations.check_challenge, _is_401, "the 401 names no scheme"
        ),
        Rule(("error-no-trace",), expectations.check_no_trace, _is_error, "it shows a stack trace"),
        Rule((envelope,), verify_envelope, _is_json_error, "the error has an unexpected envelope"),
        Rule(other_claims, lambda _: None, _is_json_error, ""),
    )
