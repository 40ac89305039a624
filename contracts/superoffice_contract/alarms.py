"""Failed checks of Schemathesis that are no defects of the server, told by what was sent."""

from typing import Any

from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

from superoffice_contract.fuzzing import serializers
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Shape


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
