"""Decoding of a request body into the typed request that the description gives."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from superoffice_contract.bodies import form_body, json_body, problems, xml_body
from superoffice_contract.bodies.content_type import MediaType, parse_content_type
from superoffice_contract.bodies.shape_text import find_member
from superoffice_contract.bodies.values import MAX_NOTES, NO_LIMIT, BodyNotes, Plain
from superoffice_contract.errors import InvalidBody
from superoffice_contract.messages import quote_name, shorten
from superoffice_contract.openapi.operations import Body
from superoffice_contract.openapi.schemas import (
    ArrayShape,
    ObjectShape,
    Scalar,
    Shape,
    children_of,
    is_free,
)

Bodies = Mapping[str, Body]
"""The described bodies of an operation, by media type."""
Reader = Callable[[bytes, str | None, Shape, BodyNotes], Plain]

READERS: Final[Mapping[str, Reader]] = {
    "application/json": json_body.read,
    "text/json": json_body.read,
    "application/xml": xml_body.read,
    "text/xml": xml_body.read,
    "application/x-www-form-urlencoded": form_body.read,
    "application/json-patch+json": json_body.read,  # claim patch-types-plain
    "application/merge-patch+json": json_body.read,
}
"""The reader of each media type. Which of them an operation accepts is in the description."""

_UTF8_CHARSETS: Final = (None, "utf-8")
_MIN_ITEM_BYTES: Final = len("0,")
"""The fewest bytes of an item: a body that is short enough needs no count of its items."""


class DecodedBody(msgspec.Struct, frozen=True):
    """A valid body: the typed request, and what is tolerated in it."""

    content: Any
    violations: tuple[str, ...] = ()


def decode(
    bodies: Bodies,
    content_type: str | None,
    raw: bytes,
    max_items: int = NO_LIMIT,
    *,
    hide_text: bool = False,
) -> DecodedBody:
    """Decode *raw* as one of *bodies*; its arrays may have *max_items* items.

    *hide_text* leaves out of errors and violations what may be a secret.
    Raise InvalidBody: 415 for the media type or charset, 400 for the body, 413 for too many items.
    """
    media_type, body = find_body(bodies, content_type)
    read = READERS[media_type.name]
    if read is json_body.read and media_type.charset in _UTF8_CHARSETS:
        content = json_body.read_fast(raw, body)
        if content is not None and (
            len(raw) <= _MIN_ITEM_BYTES * max_items
            or _is_within_limit(content, body.shape, max_items)
        ):
            return DecodedBody(content)
    notes = BodyNotes(max_items, hide_text)
    value = read(raw, media_type.charset, body.shape, notes)
    content = problems.convert(value, body, notes)
    return DecodedBody(content, tuple(islice(_describe_violations(notes), MAX_NOTES)))


def find_body(bodies: Bodies, content_type: str | None) -> tuple[MediaType, Body]:
    """Return the media type in a Content-Type header, and the body of that type.

    Raise InvalidBody (415) for any other header.
    """
    if content_type is None:
        problem = "missing; send"
    else:
        media_type = parse_content_type(content_type)
        body = bodies.get(media_type.name)
        if body is not None and media_type.name in READERS:
            return media_type, body
        problem = f"{quote_name(media_type.name, 'this media type')} is not"
    reason = f"{problem} one of {', '.join(bodies)}"
    raise InvalidBody(415, "Content-Type", reason, ("media-types", "media-type-other"))


def _is_within_limit(content: Any, shape: Shape, max_items: int) -> bool:  # noqa: ANN401 - as above
    """Return whether no described array in *content* is too long."""
    if isinstance(shape, ArrayShape) and content is not None:
        return len(content) <= max_items and (
            not _may_hold_arrays(shape.items)
            or all(_is_within_limit(item, shape.items, max_items) for item in content)
        )
    if isinstance(content, msgspec.Struct):
        names, members = content.__struct_encode_fields__, msgspec.structs.astuple(content)
        return all(
            _is_within_limit(child, member.shape, max_items)
            for name, child in zip(names, members, strict=True)
            if (member := find_member(shape, name)) and not isinstance(member.shape, Scalar)
        )
    if isinstance(content, dict) and isinstance(shape, ObjectShape) and shape.values is not None:
        return all(_is_within_limit(child, shape.values, max_items) for child in content.values())
    return True


def _may_hold_arrays(shape: Shape) -> bool:
    return isinstance(shape, ArrayShape) or any(
        isinstance(child, ArrayShape) or not (isinstance(child, Scalar) or is_free(child))
        for _, child in children_of(shape)
    )


def _describe_violations(notes: BodyNotes) -> Iterator[str]:
    # In a form, a secret with an unescaped `&` is cut, and its rest looks like a name.
    hides_names = notes.hide_text and notes.is_form
    for where, name in notes.unknown_members:
        shown = "a member" if hides_names or not name else shorten(name)
        yield f"{where}/{shown}: unknown member, ignored"
    for where in notes.arrays_with_gaps:
        yield f"{where}: the indices have gaps; the items were taken in their order"
