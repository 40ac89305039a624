"""The query of a call: `$select`, and the values of the described parameters."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from superoffice_contract.bodies.values import parse_scalar
from superoffice_contract.messages import shorten
from superoffice_contract.openapi.operations import Parameter
from superoffice_contract.openapi.schemas import Scalar
from superoffice_mock.core.verdicts import NO_VALUES
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.headers import parse_select

SELECT: Final = "$select"


class Query(msgspec.Struct, frozen=True):
    """A valid query: its *values* by parameter, its `$select`, and notes on what is ignored."""

    values: Mapping[str, Any] = NO_VALUES
    select: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


NO_QUERY: Final = Query()


def read_query(
    raw: bytes, parameters: Mapping[str, Parameter], *, hide_text: bool = False
) -> Query:
    """Read the query of a call whose *parameters* are described, by name in lower case.

    Names ignore case. Of a name that occurs twice, the last value counts. Raise Rejected (400) for
    a value of the wrong type, and for a missing one that is required. *hide_text* leaves out of
    notes and reasons what may be a secret.
    """
    values: dict[str, Any] = {}
    select: tuple[str, ...] | None = None
    notes: list[str] = []
    for name, text in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        parameter = parameters.get(name.lower())
        if parameter is None:
            shown = "…" if hide_text else shorten(name)
            notes.append(f"?{shown}: unknown query parameter, ignored")
        elif parameter.name == SELECT:
            select = parse_select(text)
        else:
            values[parameter.name] = _parse(text, parameter, hide_text=hide_text)
    for parameter in parameters.values():
        is_missing = select is None if parameter.name == SELECT else parameter.name not in values
        if parameter.required and is_missing:
            reason = f"missing; send {parameter.shape.expected_number}"
            raise Rejected(400, f"?{parameter.name}", reason)
    return Query(values, select, tuple(notes))


def _parse(text: str, parameter: Parameter, *, hide_text: bool) -> Any:  # noqa: ANN401 - JSON
    shape = parameter.shape
    value = parse_scalar(text, shape)
    if shape.values:
        for choice in shape.values:
            if choice is not None and f"{choice}".lower() == text.lower():
                return choice
    elif isinstance(value, bool) or (isinstance(value, int | float) and _is_within(value, shape)):
        return value
    elif shape.allows_text(text):
        return text
    where, reason = f"?{parameter.name}", f"expected {shape.expected_number}"
    shown = f"{reason}, got {shorten(text)!r}"
    raise Rejected(400, where, reason if hide_text else shown, f"{where}: {shown}")


def _is_within(number: float, shape: Scalar) -> bool:
    is_too_small = shape.minimum is not None and number < shape.minimum
    return not is_too_small and (shape.maximum is None or number <= shape.maximum)
