"""The claim that a server breaks that takes an invalid body, or refuses a valid one.

A reader may be lenient and lawful. So what is broken depends on what the body needs of its reader.
"""

from collections.abc import Iterator
from typing import Any, Final

from superoffice_contract.bodies.shape_text import find_member
from superoffice_contract.fuzzing.serializers import FORM, XML
from superoffice_contract.openapi.operations import Body, Operation
from superoffice_contract.openapi.schemas import ArrayShape, ObjectShape, Scalar, Shape

REFUSED: Final = {
    "body-shape": "an invalid body",
    "account-id-int32": "an id beyond 32 bits",
    "body-required": "a call without a body",
    "items-all": "null as an account, or no text as a name",
    "integers-strict": "a value of another type as an id or a name",
    "carrier-types": "a value that is no object as TableRight or FieldProperties",
    "form-shape": "a form of another shape",
    "text-ids": "a text that is no integer as an id",
    "xml-shape": "XML of another shape",
}
"""What must be refused, by the claim that says so. Of several, the first has the most evidence."""
NEEDS: Final = {
    "unknown-members": "a body with unknown members",
    "carrier-types": "an object as TableRight or FieldProperties",
    "null-members": "null as a member",
    "empty-list": "a body without accounts",
    "id-absent": "an account without one of its members",
    "any-id": "a body with other accounts than the sample's",
}
"""What a valid body may need of its reader, by the claim. Each is our guess: the first will do."""


# ---- an invalid body that is not refused -----------------------------------------------------


def claim_if_not_refused(value: Any, media_type: str, body: Body) -> str:  # noqa: ANN401 - JSON
    """Return the claim that a server breaks that does not refuse the invalid *value* with a 400.

    How a form or XML writes a value is our guess, so its shape is one as well.
    """
    deviations = set(_deviations(value, body.shape))
    claim = next((id_ for id_ in REFUSED if id_ in deviations), "body-shape")
    if media_type == FORM or media_type in XML:
        shape_claim = "form-shape" if media_type == FORM else "xml-shape"
        return {"body-shape": shape_claim, "integers-strict": "text-ids"}.get(claim, claim)
    return claim


def _deviations(value: Any, shape: Shape, if_null: str = "body-required") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield a claim for each place of *value* that does not fit; *if_null* is that of null."""
    if isinstance(shape, Scalar):
        yield from _scalar_deviations(value, shape)
    elif isinstance(shape, ArrayShape):
        if isinstance(value, list):
            for item in value:
                yield from _deviations(item, shape.items, "items-all")
        elif value is not None:
            yield "body-shape"
    elif isinstance(value, dict):
        for name, child in value.items():
            member = shape.members.get(name.lower())
            if member is not None and isinstance(member.shape, ObjectShape):
                if not _fits_carrier(child, member.shape):
                    yield "carrier-types"
            elif member is not None:
                yield from _deviations(child, member.shape, "body-shape")
    else:
        yield if_null if value is None else "body-shape"


def _fits_carrier(value: Any, shape: Shape | None) -> bool:  # noqa: ANN401 - JSON
    """Return whether *value* is that of a member without effect."""
    if isinstance(shape, Scalar):
        return not any(_scalar_deviations(value, shape))
    if not isinstance(shape, ObjectShape) or value is None:
        return True
    return isinstance(value, dict) and all(
        _fits_carrier(child, member.shape if (member := find_member(shape, name)) else shape.values)
        for name, child in value.items()
    )


def _scalar_deviations(value: Any, shape: Scalar) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(value, list | dict):
        # Nothing is synced by a name, so a reader may pass over it.
        yield "body-shape" if "integer" in shape.types else "items-all"
    elif "integer" not in shape.types:
        if not isinstance(value, str) and not (value is None and "null" in shape.types):
            yield "integers-strict"
    elif isinstance(value, int) and not isinstance(value, bool):
        is_too_small = shape.minimum is not None and value < shape.minimum
        if is_too_small or (shape.maximum is not None and value > shape.maximum):
            yield "account-id-int32"
    else:
        # Readers take "5", true and null for numbers, but none takes "five".
        yield (
            "body-shape" if isinstance(value, str) and not _is_number(value) else "integers-strict"
        )


def _is_number(text: str) -> bool:
    """Return whether a lenient reader may take *text* for a number: blanks and `true` too."""
    if text.strip().lower() in ("", "true", "false", "null"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


# ---- a valid body that is refused ------------------------------------------------------------


def claim_if_refused(value: Any, media_type: str, operation: Operation) -> str:  # noqa: ANN401 - JSON
    """Return the claim that a server breaks that refuses the valid *value*.

    Only a body in JSON that names no other accounts than the page's sample must be accepted.
    """
    body = operation.bodies[media_type]
    sample = set(_scalars(operation.sample))
    # What only looks valid in text has no needs.
    needs = set(_needs(value, body.shape, sample)) if body.is_valid(value) else ()
    if (claim := next((id_ for id_ in NEEDS if id_ in needs), None)) is not None:
        return claim
    if media_type in XML:
        return "xml-shape"
    if media_type == FORM:
        return "form-shape"
    return "patch-types-plain" if "patch" in media_type else "accounts-array"


def _needs(value: Any, shape: Shape, sample: set[Any]) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the inferred claims that make *value* valid; *sample* are the values of the sample."""
    if isinstance(shape, ArrayShape):
        if not value:
            yield "empty-list"
        for item in value or ():
            yield from _needs(item, shape.items, sample)
    elif isinstance(shape, Scalar):
        if value is None:
            yield "null-members"
        elif value not in sample:
            yield "any-id"
    else:
        names = {name.lower() for name in value}
        for name, member in shape.members.items():
            if name not in names and isinstance(member.shape, ArrayShape):
                yield "empty-list"
            elif name not in names and isinstance(member.shape, Scalar):
                yield "id-absent"
        for name, child in value.items():
            if (known := shape.members.get(name.lower())) is None:
                yield "unknown-members"
            elif isinstance(known.shape, ObjectShape):
                yield "null-members" if child is None else "carrier-types"
            else:
                yield from _needs(child, known.shape, sample)


def _scalars(value: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    if isinstance(value, list | dict):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _scalars(child)
    else:
        yield value
