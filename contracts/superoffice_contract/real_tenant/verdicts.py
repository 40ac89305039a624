"""Compares the responses of a real tenant with the claims: each that one shows agrees or differs.

A response to a request with a credential is never quoted, as it might repeat the credential.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from superoffice_contract.checks.every_answer import AnswerRules
from superoffice_contract.checks.expectations import (
    ExpectedResponse,
    Problem,
    find_reading,
    has_basis,
    judge,
)
from superoffice_contract.openapi.readings import READINGS
from superoffice_contract.readings import CLAIMS_BY_READING
from superoffice_contract.real_tenant.request_plan import (
    BACK_OFF_STATUSES,
    REFUSED_STATUSES,
    Case,
    PlannedRequest,
    secrets_in,
    shown_claims,
)
from superoffice_contract.real_tenant.unobservable_claims import UNOBSERVABLE
from superoffice_contract.target.credentials import secrets_sent
from superoffice_contract.target.http import Request, Response
from superoffice_contract.target.secrets import TenantSecrets
from superoffice_contract.throttle.timing import TIMING_CLAIMS

ANSWER_READINGS: Final = ("restricted", "errors", "no-content-type")
"""The readings that a single response can show."""
_READING_CLAIMS: Final = frozenset(id_ for name in READINGS for id_ in CLAIMS_BY_READING[name])
_AGREED_APART: Final = UNOBSERVABLE.keys() | _READING_CLAIMS | frozenset(TIMING_CLAIMS)
"""Claims that an answer does not agree with merely by being as expected."""

Answers = Sequence[tuple[PlannedRequest, Response]]


class ClaimVerdict(msgspec.Struct, frozen=True):
    """What one response shows about one claim: how it differs, or None if it agrees.

    *of_reading*: the server follows another reading than the default; that is never its fault.
    """

    claim: str
    step: PlannedRequest
    difference: str | None = None
    of_reading: bool = False


class ShownReading(msgspec.Struct, frozen=True):
    """The *value* of *reading* that the answer to *step* shows."""

    reading: str
    value: str
    step: PlannedRequest


def judge_answers(answers: Answers, refused: Collection[PlannedRequest]) -> Iterator[ClaimVerdict]:
    """Yield a verdict on each claim that *answers* show.

    An answer that differs refutes the one claim that it breaks and says nothing of the others; one
    that agrees does so with all claims of its request. *refused* had a credential that the tenant
    did not accept, which says nothing of their cases.
    """
    by_check: dict[str, list[tuple[ExpectedResponse, Response]]] = {}
    for step, response in answers:
        for case in step.cases if step not in refused else ():
            by_check.setdefault(case.check, []).append((case.expected, response))
    problems_of: dict[int, list[Problem]] = {}
    for check_answers in by_check.values():
        for expected, problem in judge(check_answers):
            problems_of.setdefault(id(expected), []).append(problem)
    without_basis = {id(case.expected) for case in cases_without_basis(answers)}
    rules = AnswerRules({})
    for step, response in answers:
        is_of_tenant = response.status not in BACK_OFF_STATUSES
        problems = [*rules.problems(step.request, response)] if is_of_tenant else []
        agreed = {*_claims_of_any_answer(step.request, response)} if is_of_tenant else set[str]()
        for expected in [case.expected for case in step.cases if step not in refused]:
            case_problems = problems_of.get(id(expected), [])
            problems += case_problems
            is_right = response.status in expected.statuses and not case_problems
            if is_right and id(expected) not in without_basis:
                agreed.update(shown_claims(expected))
        for problem in problems:
            text = problem.safe_text if step.signed_in else problem.what
            yield ClaimVerdict(problem.claim, step, text)
        for id_ in sorted(agreed - _AGREED_APART - {problem.claim for problem in problems}):
            yield ClaimVerdict(id_, step)
    for shown in find_readings(answers):
        yield from judge_reading(shown)


def cases_without_basis(answers: Answers) -> Iterator[Case]:
    """Yield the cases that show nothing, as one that they need was not answered as it must be."""
    cases = [(case, response) for step, response in answers for case in step.cases]
    met: dict[str, dict[str, ExpectedResponse]] = {case.check: {} for case, _ in cases}
    for case, response in cases:
        if case.expected.is_met(response):
            met[case.check][case.expected.name] = case.expected
    yield from (case for case, _ in cases if not has_basis(case.expected, met[case.check]))


def refused_secrets(answers: Answers, secrets: TenantSecrets) -> set[str]:
    """Return those of *secrets* that should be accepted, and were refused each time."""
    accepted, refused = set[str](), set[str]()
    for step, response in answers:
        if step.may_start_sync:
            values = refused if response.status in REFUSED_STATUSES else accepted
            values |= secrets_in(step, secrets)
    return refused - accepted


def _claims_of_any_answer(request: Request, response: Response) -> Iterator[str]:
    """Yield the claims that `AnswerRules` looks at in the *response* to *request*."""
    status, is_call = response.status, request.method == "POST"
    yield from ("http-message", "no-server-error", "no-banner")
    if status >= 400:
        yield from ("error-no-trace", "not-cacheable", "cache-headers")
    if status == 204:
        yield "no-body"
    if status == 204 and is_call:
        yield from ("no-hints", "not-cacheable", "cache-headers")
    if any(secrets_sent(request.headers)):
        yield "secret-not-repeated"
    yield from {401: ("www-authenticate",), 405: ("allow-header",)}.get(status, ())


# ---- readings --------------------------------------------------------------------------------


def find_readings(answers: Answers) -> Iterator[ShownReading]:
    """Yield the readings that *answers* show, once for each answer."""
    for step, response in answers:
        found = {find_reading(case.expected, response): None for case in step.cases}
        yield from (ShownReading(*pair, step) for pair in found if pair is not None)


def judge_reading(shown: ShownReading) -> Iterator[ClaimVerdict]:
    """Yield what *shown* says about the claims of its reading, which state its default."""
    default = READINGS[shown.reading].values[0]
    if shown.reading == "errors":  # its claims say what each envelope is
        yield ClaimVerdict(f"error-{shown.value}", shown.step)
    elif shown.value == default:
        yield ClaimVerdict(CLAIMS_BY_READING[shown.reading][0], shown.step)
    if shown.value != default:
        difference = f"{shown.reading} is {shown.value} there"
        yield ClaimVerdict(
            CLAIMS_BY_READING[shown.reading][0], shown.step, difference, of_reading=True
        )


def values_of(reading: str, shown: Iterable[ShownReading]) -> tuple[str, ...]:
    """Return the values of *reading* in *shown*, each once."""
    return tuple(dict.fromkeys(one.value for one in shown if one.reading == reading))
