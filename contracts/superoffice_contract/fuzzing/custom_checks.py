"""Expectations that hold for every response, as checks for Schemathesis."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

from superoffice_contract.checks import expectations
from superoffice_contract.checks.every_answer import AnswerRules
from superoffice_contract.checks.expectations import Problem
from superoffice_contract.fuzzing.selection import as_generated
from superoffice_contract.fuzzing.transport import convert_request, convert_response
from superoffice_contract.fuzzing.verdicts import judge
from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.openapi.operations import Operations

Check = Callable[[CheckContext, Response, Case[Any]], None]
RESPONSE_CHECKS: Final[Mapping[str, tuple[str, ...]]] = {
    "no_body_on_204": ("no-body",),
    "no_hints_on_204": ("no-hints",),
    "no_banner": ("no-banner",),
    "no_trace_in_errors": ("error-no-trace",),
    "not_cached": ("cache-headers", "not-cacheable"),
}
"""The claims that a check judges in every response, by its name."""


def failure_filter(described: Operations) -> Callable[..., bool]:
    """Return a `filter_failure` hook, which keeps the failures that are real defects."""

    def is_real(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
        operation = described.get((case.operation.method.upper(), case.operation.path))
        if operation is None:
            return True
        if isinstance(failure, AcceptedNegativeData):
            return not as_generated(case, operation).is_valid
        if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
            return not as_generated(case, operation).may_be_refused
        return True

    return is_real


def register(described: Operations) -> None:
    """Register these checks with Schemathesis; `[checks.NAME] enabled = false` turns one off."""
    for check in all_checks(described):
        schemathesis.check(check)


def all_checks(described: Operations) -> Iterator[Check | type]:
    """Yield these checks; configuration and reports use their `__name__`."""
    for name, claims in RESPONSE_CHECKS.items():
        check = _make_check(claims)
        check.__name__ = name
        yield check
    yield _media_type_check(described)
    yield strangers_challenged


def _make_check(claims: tuple[str, ...]) -> Check:
    rules = AnswerRules({})

    def check(_: CheckContext, response: Response, __: Case[Any]) -> None:
        request = convert_request(response.request)
        for problem in rules.problems(request, convert_response(response)):
            if problem.claim in claims:
                _raise_problem(problem)

    return check


def _media_type_check(described: Operations) -> Check:
    def media_type_declared(_: CheckContext, response: Response, case: Case[Any]) -> None:
        """Fail if a body of an undescribed media type is accepted (claim media-type-other)."""
        operation = described.get((case.operation.method.upper(), case.operation.path))
        if operation is None:
            return
        problem = judge(as_generated(case, operation), response.status_code, operation)
        if problem is not None and problem.claim == "media-type-other":
            _raise_problem(problem)

    return media_type_declared


class strangers_challenged:  # noqa: N801 - reports name it like the stock checks
    """Fail if a 401 does not name the schemes (claim www-authenticate).

    Every generated request has a credential, so the first accepted one is sent again without it.
    """

    def __init__(self) -> None:
        self._has_asked = False
        self._problem: Problem | None = None

    def after_response(self, _: CheckContext, response: Response, case: Case[Any]) -> None:
        """Send a call without credentials once, and fail for each accepted call if it is wrong."""
        if case.method != "POST" or response.status_code >= 300:
            return
        if not self._has_asked:
            self._has_asked = True
            answer = convert_response(_without_credentials(case).call(verify=response.verify))
            self._problem = expectations.check_challenge(answer) if answer.status == 401 else None
        if self._problem is not None:
            _raise_problem(self._problem)


def _without_credentials(case: Case[Any]) -> Case[Any]:
    headers = case.headers.copy()
    for name in SECRET_HEADERS:
        headers.pop(name, None)
    return case.derive(headers=headers, cookies={})


def _raise_problem(problem: Problem) -> None:
    raise AssertionError(f"{problem.what} (claim {problem.claim})")
