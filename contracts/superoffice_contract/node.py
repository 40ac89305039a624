"""A place in a JSON or YAML document, by JSON Pointer; references in it are followed."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from superoffice_contract.drift.facts import DriftError

DEEPEST: Final = 16
"""How many references and parts a schema is followed through."""


class Node(msgspec.Struct, frozen=True):
    """A place in a document; a reference in it is followed, and the place is where it leads."""

    document: object
    pointer: str
    value: Any

    def get(self, *names: str) -> "Node | None":
        """Return what stands below under these names, or None."""
        node = self
        for name in names:
            found = next((one for key, one in node.children() if key == name), None)
            if found is None:
                return None
            node = found
        return node

    def children(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the members of an object by name, the items of a list by index."""
        if isinstance(self.value, dict):
            pairs = [(str(name), child) for name, child in self.value.items()]
        elif isinstance(self.value, list):
            pairs = [(str(index), child) for index, child in enumerate(self.value)]
        else:
            pairs = []
        for name, child in pairs:
            yield name, self._below(name, child)

    def below(self, *names: str) -> Iterator[tuple[str, "Node"]]:
        """Yield the children of what stands under *names*; nothing, if nothing does."""
        found = self.get(*names)
        return iter(()) if found is None else found.children()

    def text(self, name: str) -> str:
        """Return the text under *name*; JSON and YAML write booleans alike."""
        found = self.get(name)
        value = None if found is None else found.value
        return str(value).lower() if isinstance(value, bool) else str(value or "")

    def _below(self, name: str, value: object) -> "Node":
        pointer = f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        for _ in range(DEEPEST):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return Node(self.document, pointer, value)
            pointer, value = reference, _pointed_at(self.document, reference)
        msg = f"the reference at {pointer} leads nowhere"
        raise DriftError(msg)


def _pointed_at(document: object, reference: str) -> object:
    node: object = document
    if not reference.startswith("#/"):
        msg = f"it refers to {reference}, which is not in it; join the files into one"
        raise DriftError(msg)
    for part in reference.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            msg = f"it refers to {reference}, where nothing is"
            raise DriftError(msg)
        node = node[name]
    return node
