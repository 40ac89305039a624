"""Our expectations of every answer, as checks of Schemathesis."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import Verify
from superoffice_contract.fuzzing import serializers
from superoffice_contract.messages import SECRETS
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Shape
from superoffice_contract.target import http


def is_justified(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Tell whether *failure* counts: a `filter_failure` hook."""
    operation = operations.load().operations[case.operation.path.lower()]
    body = operation.bodies.get(case.media_type or "")
    if body is None:
        return True
    sent = response.request.body
    if isinstance(failure, AcceptedNegativeData) and isinstance(sent, bytes):
        # Text has no types: an empty element may be meant as "", as [] or as {}.
        return not serializers.is_also_valid(sent, case.body, case.media_type or "", body)
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        # JSON Schema calls 1.0 an integer; an account id it is not (claim integers-strict).
        return not _has_whole_float(case.body, body.shape)
    return True


def _has_whole_float(value: Any, shape: Shape) -> bool:  # noqa: ANN401 - JSON
    if isinstance(shape, ArrayShape):
        items = value if isinstance(value, list) else ()
        return any(_has_whole_float(one, shape.items) for one in items)
    if isinstance(shape, ObjectShape):
        members = value.items() if isinstance(value, dict) else ()
        known = ((shape.members.get(name.lower()), child) for name, child in members)
        return any(one is not None and _has_whole_float(child, one.shape) for one, child in known)
    return isinstance(value, float) and "integer" in shape.types


Check = Callable[[CheckContext, Response, Case[Any]], None]


_ERRORS: Final = (400, 401, 403, 404, 405, 413, 415)


ANSWERS: Final[Mapping[str, tuple[tuple[int, ...], Verify]]] = {
    "no_body_on_204": ((204,), expectations.no_body),
    "no_hints_on_204": ((204,), expectations.no_hints),
    "no_banner": ((204, 401), expectations.no_banner),
    "no_trace_in_errors": ((*_ERRORS, 500, 503), expectations.no_trace),
    "not_cached": ((204, *_ERRORS, 503), expectations.not_cached),
}
"""Name of a check -> the statuses that it looks at, and what it holds against them."""


def register() -> None:
    """Tell Schemathesis of our checks; `[checks.NAME] enabled = false` turns one off."""
    for check in every():
        schemathesis.check(check)


def every() -> Iterator[Check | type]:
    """Yield our checks; configuration and reports know them by their `__name__`."""
    for name, (statuses, verify) in ANSWERS.items():
        check = _of_answers(statuses, verify)
        check.__name__ = name
        yield check
    yield media_type_declared
    yield strangers_challenged


def _of_answers(statuses: tuple[int, ...], verify: Verify) -> Check:
    def check(_: CheckContext, response: Response, __: Case[Any]) -> None:
        open_ = response.request.method == "OPTIONS"  # what that answers is a server's own choice
        if response.status_code in statuses and not open_:
            _hold(verify(convert(response)))

    return check


def media_type_declared(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """Refuse a POST of a media type that is not described (claim media-type-other)."""
    operation = operations.load().operations.get(case.operation.path.lower())
    kind = _media_type(response)
    let_in = response.request.method == "POST" and response.status_code < 300
    if operation is not None and let_in and kind not in operation.bodies:
        _hold(f"a body of type {kind or 'none'} is let in, expected 415 (claim media-type-other)")


def _media_type(response: Response) -> str:
    """Return what was sent; Schemathesis writes odd headers as bytes."""
    sent = response.request.headers.get("Content-Type") or ""
    text = sent.decode("latin-1") if isinstance(sent, bytes) else sent
    return text.partition(";")[0].strip().lower()


class strangers_challenged:  # noqa: N801 - reports name it like the stock checks
    """Tell a stranger which schemes there are (claim www-authenticate).

    Every generated request is signed in, so the first one that is let in is sent again without.
    """

    def __init__(self) -> None:
        self._answer: http.Response | None = None

    def after_response(self, _: CheckContext, response: Response, case: Case[Any]) -> None:
        """Ask once, and hold the answer against each call that was let in."""
        if case.method != "POST" or response.status_code >= 300:
            return
        if self._answer is None:
            self._answer = convert(_stranger(case).call(verify=response.verify))
        if self._answer.status == 401:
            _hold(expectations.challenged(self._answer))


def _stranger(case: Case[Any]) -> Case[Any]:
    headers = case.headers.copy()
    for name in SECRETS:
        headers.pop(name, None)
    return case.derive(headers=headers, cookies={})


def _hold(wrong: str | None) -> None:
    if wrong is not None:
        raise AssertionError(wrong)


def convert(response: Response) -> http.Response:
    """Return *response* as expectations take it."""
    headers = tuple((name, one) for name, values in response.headers.items() for one in values)
    return http.Response(response.status_code, headers, response.content, response.elapsed)
