"""Names, as far as they can be counted: functions are verbs, variables say what they hold."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import superoffice_contract
import superoffice_mock

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = {
    "superoffice_contract": Path(superoffice_contract.__path__[0]),
    "superoffice_mock": Path(superoffice_mock.__path__[0]),
    "tests": ROOT / "tests",
}
IRREGULAR: Final = frozenset(
    (
        *("begun", "bent", "bound", "broken", "built", "caught", "chosen", "dealt", "drawn"),
        *("driven", "fallen", "felt", "fled", "forgotten", "found", "frozen", "given", "gone"),
        *("grown", "heard", "held", "hidden", "kept", "known", "laid", "left", "lent", "lost"),
        *("made", "meant", "met", "paid", "rung", "said", "seen", "sent", "shown", "sought"),
        *("spelt", "spent", "stood", "struck", "sworn", "taken", "thought", "thrown", "told"),
        *("torn", "understood", "woken", "won", "worn", "wound", "written"),
    )
)
"""Irregular past participles, without those that are verbs as well, such as `cut`."""
PARTICLES: Final = frozenset(
    ("apart", "away", "back", "by", "down", "in", "off", "on", "out", "up")
)
NEVER_A_FUNCTION: Final = frozenset(("told", "seen", "struck", "wound", "one", "those"))
NEVER_A_VARIABLE: Final = frozenset(("told", "those"))
MOST_PARTICIPLES: Final = 0.04
"""The share of a package's functions that a bare past participle may name."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_participle(name: str) -> bool:
    """Return whether *name* is a bare past participle, such as `told` or `heard_out`."""
    first, *rest = name.strip("_").split("_")
    if not all(word in PARTICLES for word in rest):
        return False
    return first in IRREGULAR or (first.endswith("ed") and first not in ("embed", "feed", "seed"))


def is_property(function: Function) -> bool:
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in function.decorator_list}
    return bool(names & {"property", "cached_property", "fixture", "setter"})


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(FOLDERS[package].rglob("*.py")):
        if "node_modules" not in path.parts:
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def functions(package: str) -> Iterator[tuple[str, Function]]:
    for file, tree in modules(package):
        for node in ast.walk(tree):
            if isinstance(node, Function) and not is_property(node):
                yield f"{file}:{node.lineno}", node


def variables(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


@pytest.mark.parametrize("package", FOLDERS)
def test_names_say_what_a_function_does_and_what_a_variable_holds(package: str) -> None:
    every = list(functions(package))
    named = [f"{place} {node.name}" for place, node in every if is_participle(node.name)]
    assert package == "tests" or len(named) <= MOST_PARTICIPLES * len(every), "\n".join(named)
    wrong = [
        f"{place} {node.name}" for place, node in every if node.name.strip("_") in NEVER_A_FUNCTION
    ]
    wrong += [
        f"{file}:{line} {name}"
        for file, tree in modules(package)
        for line, name in variables(tree)
        if name.strip("_") in NEVER_A_VARIABLE
    ]
    assert wrong == []


def test_participles_are_recognized() -> None:
    for name in ("told", "_heard_out", "listed", "_made_up", "struck"):
        assert is_participle(name), name
    for name in ("read", "find", "feed", "list_methods", "is_closed", "made_by_hand", "run"):
        assert not is_participle(name), name
