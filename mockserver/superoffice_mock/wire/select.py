"""`$select` in an answer: what is not selected is null (claims select-result, select-paths)."""

from collections.abc import Iterable
from typing import Any

Selection = dict[str, "Selection | None"]
"""The selected members by name in lower case, with what is selected in each; None: all of it."""


def select_members(value: Any, paths: Iterable[str]) -> Any:  # noqa: ANN401 - JSON
    """Return *value* with null for each member that none of *paths* names, such as `a` or `a/b`.

    Names ignore case, and one that is unknown selects nothing. In a list, each item is treated so.
    Without paths, all is selected.
    """
    selection: Selection = {}
    for path in paths:
        _add_path(selection, path.lower().split("/"))
    return _keep(value, selection) if selection else value


def _add_path(selection: Selection, names: list[str]) -> None:
    name, *rest = names
    inner = selection.setdefault(name, {} if rest else None)
    if not rest:
        selection[name] = None
    elif inner is not None:
        _add_path(inner, rest)


def _keep(value: Any, selection: Selection | None) -> Any:  # noqa: ANN401 - JSON
    if selection is None:
        return value
    if isinstance(value, list):
        return [_keep(item, selection) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _keep(child, selection[name.lower()]) if name.lower() in selection else None
        for name, child in value.items()
    }
