"""Expectations that hold for every response, as checks for Schemathesis."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import Problem, Verifier
from superoffice_contract.fuzzing import serializers
from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.openapi.operations import Operation, Operations
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Shape
from superoffice_contract.target import http

Check = Callable[[CheckContext, Response, Case[Any]], None]
_ERRORS: Final = (400, 401, 403, 404, 405, 413, 415)
RESPONSE_CHECKS: Final[Mapping[str, tuple[tuple[int, ...], Verifier]]] = {
    "no_body_on_204": ((204,), expectations.check_no_body),
    "no_hints_on_204": ((204,), expectations.check_no_hints),
    "no_banner": ((204, 401), expectations.check_no_banner),
    "no_trace_in_errors": ((*_ERRORS, 500, 503), expectations.check_no_trace),
    "not_cached": ((204, *_ERRORS, 503), expectations.check_not_cached),
}
"""The statuses that a check looks at, and how it verifies the response, by its name."""


def failure_filter(described: Operations) -> Callable[..., bool]:
    """Return a `filter_failure` hook, which keeps the failures that are real defects."""

    def is_real(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
        operation = _operation_of(case, described)
        media_type, sent_body = case.media_type or "", response.request.body
        body = None if operation is None else operation.bodies.get(media_type)
        if body is None:
            return True
        if isinstance(failure, AcceptedNegativeData) and isinstance(sent_body, bytes):
            # Text has no types: an empty element may stand for "", [] or {}.
            return not serializers.is_also_valid(sent_body, case.body, media_type, body)
        if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
            # JSON Schema calls 1.0 an integer, but it is not an account id (claim integers-strict).
            return not _has_whole_float(case.body, body.shape)
        return True

    return is_real


def _operation_of(case: Case[Any], described: Operations) -> Operation | None:
    return described.get((case.operation.method.upper(), case.operation.path))


def _has_whole_float(value: Any, shape: Shape) -> bool:  # noqa: ANN401 - JSON
    if isinstance(shape, ArrayShape):
        items = value if isinstance(value, list) else ()
        return any(_has_whole_float(item, shape.items) for item in items)
    if isinstance(shape, ObjectShape):
        members = value.items() if isinstance(value, dict) else ()
        pairs = ((shape.members.get(name.lower()), child) for name, child in members)
        return any(m is not None and _has_whole_float(child, m.shape) for m, child in pairs)
    return isinstance(value, float) and "integer" in shape.types


def register(described: Operations) -> None:
    """Register these checks with Schemathesis; `[checks.NAME] enabled = false` turns one off."""
    for check in all_checks(described):
        schemathesis.check(check)


def all_checks(described: Operations) -> Iterator[Check | type]:
    """Yield these checks; configuration and reports use their `__name__`."""
    for name, (statuses, verify) in RESPONSE_CHECKS.items():
        check = _make_check(statuses, verify)
        check.__name__ = name
        yield check
    yield _make_media_type_check(described)
    yield strangers_challenged


def _make_check(statuses: tuple[int, ...], verify: Verifier) -> Check:
    def check(_: CheckContext, response: Response, __: Case[Any]) -> None:
        is_options = response.request.method == "OPTIONS"  # a server may answer these as it likes
        if response.status_code in statuses and not is_options:
            _raise_problem(verify(convert(response)))

    return check


def _make_media_type_check(described: Operations) -> Check:
    def media_type_declared(_: CheckContext, response: Response, case: Case[Any]) -> None:
        """Fail if a body of an undescribed media type is accepted (claim media-type-other)."""
        operation = _operation_of(case, described)
        if operation is None or not operation.bodies:
            return
        media_type = _media_type(response)
        is_accepted = response.request.method == operation.method and response.status_code < 300
        if is_accepted and media_type not in operation.bodies:
            what = f"a body of type {media_type or 'none'} is accepted, expected 415"
            _raise_problem(Problem(what, ("media-type-other",)))

    return media_type_declared


def _media_type(response: Response) -> str:
    """Return the media type of the request; Schemathesis writes some headers as bytes."""
    content_type = response.request.headers.get("Content-Type") or ""
    text = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    return text.partition(";")[0].strip().lower()


class strangers_challenged:  # noqa: N801 - reports name it like the stock checks
    """Fail if a 401 does not name the schemes (claim www-authenticate).

    Every generated request has a credential, so the first accepted one is sent again without it.
    """

    def __init__(self) -> None:
        self._answer: http.Response | None = None

    def after_response(self, _: CheckContext, response: Response, case: Case[Any]) -> None:
        """Send a call without credentials once, and fail for each accepted call if it is wrong."""
        if case.method != "POST" or response.status_code >= 300:
            return
        if self._answer is None:
            self._answer = convert(_without_credentials(case).call(verify=response.verify))
        if self._answer.status == 401:
            _raise_problem(expectations.check_challenge(self._answer))


def _without_credentials(case: Case[Any]) -> Case[Any]:
    headers = case.headers.copy()
    for name in SECRET_HEADERS:
        headers.pop(name, None)
    return case.derive(headers=headers, cookies={})


def _raise_problem(problem: Problem | None) -> None:
    if problem is not None:
        claims = "".join(f" (claim {claim})" for claim in problem.claims)
        raise AssertionError(f"{problem.what}{claims}")


def convert(response: Response) -> http.Response:
    """Return *response* in the form that expectations take."""
    headers = tuple((name, value) for name, values in response.headers.items() for value in values)
    return http.Response(response.status_code, headers, response.content, response.elapsed)
