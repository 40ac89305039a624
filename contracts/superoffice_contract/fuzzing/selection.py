"""Chooses which generated requests are sent: few that are accepted where that takes a second."""

import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from schemathesis import Case
from schemathesis.core import NOT_SET
from schemathesis.generation.meta import CONTENT_TYPE_PROBES, coverage_scenario

from superoffice_contract.bodies.shape_text import find_member
from superoffice_contract.fuzzing import serializers, verdicts
from superoffice_contract.fuzzing.verdicts import GeneratedCase
from superoffice_contract.openapi.operations import SAFE_METHODS, Operation
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Shape

MAX_VALID: Final = 2
"""How many valid calls are sent where each takes a second; other checks send more of them."""
MAX_WRONG: Final = 2
"""How often the same wrong answer is worth a second."""


class Selection:
    """Chooses the requests to *operation* that are sent, until *max_seconds* have passed.

    *is_slow*: an accepted call takes a second there. *now* tells the time in seconds.
    """

    def __init__(
        self,
        operation: Operation,
        *,
        is_slow: bool,
        max_seconds: float = math.inf,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._operation = operation
        self._is_slow = is_slow
        self._now = now
        self._ends_at = now() + max_seconds
        self._valid_count = 0
        self._accepted: Counter[str] = Counter()

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self._now() > self._ends_at

    def wants(self, case: GeneratedCase) -> bool:
        """Return whether *case* is to be sent."""
        if case.method in SAFE_METHODS and case.method != self._operation.method:
            return False  # a written check sends it, and there is nothing to vary
        if not self._is_slow:
            return True
        if case.is_valid:
            self._valid_count += 1
            return self._valid_count <= MAX_VALID
        return self._accepted[verdicts.claim_if_accepted(case, self._operation)] < MAX_WRONG

    def note(self, case: GeneratedCase, status: int) -> None:
        """Take note that *case* was answered *status*."""
        if not case.is_valid and status < 300:
            self._accepted[verdicts.claim_if_accepted(case, self._operation)] += 1


def as_generated(case: Case[Any], operation: Operation) -> GeneratedCase:
    """Return *case* of Schemathesis in our form."""
    is_probe = coverage_scenario(case) in CONTENT_TYPE_PROBES
    media_type = "" if is_probe else case.media_type or ""
    value = None if case.body is NOT_SET else case.body
    is_valid = case.meta is None or case.meta.generation.mode.is_positive
    may_be_refused = not is_valid
    body = operation.bodies.get(media_type)
    if body is not None and case.method.upper() == operation.method:
        # JSON Schema calls 1.0 an integer, but it is not an account id (claim integers-strict).
        may_be_refused |= _has_whole_float(value, body.shape)
        is_valid |= serializers.looks_valid(value, media_type, body)
    return GeneratedCase(
        case.method.upper(),
        media_type,
        value,
        is_valid,
        may_be_refused,
        has_select=bool(case.query),
        has_any_token="SO-AppToken" in case.headers,
    )


def _has_whole_float(value: Any, shape: Shape) -> bool:  # noqa: ANN401 - JSON
    if isinstance(shape, ArrayShape):
        items = value if isinstance(value, list) else ()
        return any(_has_whole_float(item, shape.items) for item in items)
    if isinstance(shape, ObjectShape):
        members = value.items() if isinstance(value, dict) else ()
        pairs = ((find_member(shape, name), child) for name, child in members)
        return any(m is not None and _has_whole_float(child, m.shape) for m, child in pairs)
    return isinstance(value, float) and "integer" in shape.types
