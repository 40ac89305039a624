"""What a body of a shape looks like as text: an example of a form key, and the shortest parts."""

from collections import deque
from collections.abc import Iterator
from itertools import accumulate

from superoffice_contract.openapi.schemas import ArrayShape, Member, ObjectShape, Scalar, Shape

Path = tuple[str | int, ...]
"""The steps from the root of a shape: names of members, and 0 for the items of an array."""


def walk(shape: Shape) -> Iterator[tuple[Path, Shape]]:
    """Yield *shape* and all shapes in it, each with its shortest path; a circle is walked once."""
    pending = deque[tuple[Path, Shape]]([((), shape)])
    known = {id(shape)}
    while pending:
        path, shape = pending.popleft()
        yield path, shape
        for step, child in _children(shape):
            if isinstance(child, Scalar) or id(child) not in known:
                known.add(id(child))
                pending.append(((*path, step), child))


def _children(shape: Shape) -> Iterator[tuple[str | int, Shape]]:
    if isinstance(shape, ArrayShape):
        yield 0, shape.items
    elif isinstance(shape, ObjectShape):
        for member in shape.members.values():
            yield member.name, member.shape


def is_free(shape: Shape) -> bool:
    """Return whether *shape* is an object whose members the description does not list."""
    return isinstance(shape, ObjectShape) and not shape.members


def find_member(shape: Shape | None, name: str) -> Member | None:
    """Return the member *name* of *shape*, in any case; None if the description has none."""
    return shape.members.get(name.lower()) if isinstance(shape, ObjectShape) else None


def element_name(shape: Shape) -> str | None:
    """Return the name of an XML element of *shape*; None if any name will do."""
    return shape.xml_name if isinstance(shape, ObjectShape) else None


def example_key(shape: Shape) -> str:
    """Return the key of the first single value in a form: `SyncUserAccounts[0][AccountId]`."""
    free_key = "name"
    for path, part in walk(shape):
        if isinstance(part, Scalar) and path:
            return _write_key(path)
        if is_free(part):
            free_key = _write_key((*path, "name"))
    return free_key


def _write_key(path: Path) -> str:
    return f"{path[0]}{''.join(f'[{step}]' for step in path[1:])}"


def shortest_field(shape: Shape) -> int:
    """Return the length of the shortest field in a form: `SyncUserAccounts[0].AccountId=0&`."""
    lengths = []
    for path, part in walk(shape):
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
    lengths = sorted(len(f"<{step}/>") for step, _ in _children(item))
    totals = accumulate(lengths, initial=len(f"<{name}></{name}>"))
    averages = (total // elements for elements, total in enumerate(totals, 1))
    return min(len(f"<{name}/>"), *averages)
