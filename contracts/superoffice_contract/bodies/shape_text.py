"""What a body of a shape looks like as text: an example of a form key, and the shortest parts."""

from itertools import accumulate

from superoffice_contract.openapi.schemas import (
    ANY_NAME,
    ArrayShape,
    Member,
    ObjectShape,
    Path,
    Scalar,
    Shape,
    children_of,
    is_free,
    walk,
)


def find_member(shape: Shape | None, name: str) -> Member | None:
    """Return the member *name* of *shape*; None if the description has none.

    The case does not matter. In a dictionary any name is that of a member.
    """
    if not isinstance(shape, ObjectShape):
        return None
    if shape.values is not None:
        return Member(name, shape.values)
    return shape.members.get(name.lower())


def element_name(shape: Shape) -> str | None:
    """Return the name of an XML element of *shape*; None if any name will do."""
    return shape.xml_name if isinstance(shape, ObjectShape) else None


def example_key(shape: Shape) -> str:
    """Return the key of the first single value in a form: `SyncUserAccounts[0][AccountId]`."""
    free_key = ANY_NAME
    for path, part in walk(shape):
        if isinstance(part, Scalar) and path:
            return _write_key(path)
        if is_free(part):
            free_key = _write_key((*path, ANY_NAME))
    return free_key


def _write_key(path: Path) -> str:
    return f"{path[0]}{''.join(f'[{step}]' for step in path[1:])}"


def shortest_field(shape: Shape) -> int:
    """Return the length of the shortest field in a form: `SyncUserAccounts[0].AccountId=0&`."""
    lengths = []
    for path, part in walk(shape):
        path = tuple("a" if step == ANY_NAME else step for step in path)
        key = (*path, "a") if is_free(part) else path
        needs_digit = isinstance(part, Scalar) and "string" not in part.types
        if key and (is_free(part) or isinstance(part, Scalar)):
            dots = sum(step != 0 for step in key[1:])  # `.a` is shorter than `[a]`
            lengths.append(len(f"{_write_key(key)}=&") - dots + needs_digit)
    return min(lengths, default=len("a=&"))


def shortest_element(shape: Shape) -> int:
    """Return the least average length of the XML elements in an item: `<SyncUserAccount/>`.

    Only items repeat. An item may be empty, or have some of its members.
    """
    arrays = (part for _, part in walk(shape) if isinstance(part, ArrayShape))
    return min((_average_element(array.items) for array in arrays), default=len("<a/>"))


def _average_element(item: Shape) -> int:
    name = element_name(item) or "a"
    lengths = sorted(len(f"<{step}/>") for step, _ in children_of(item))
    totals = accumulate(lengths, initial=len(f"<{name}></{name}>"))
    averages = (total // elements for elements, total in enumerate(totals, 1))
    return min(len(f"<{name}/>"), *averages)
