"""The claims that tests are marked with, read from their source without running them."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
CLAIMS = TESTS.parent / "contracts" / "superoffice_contract" / "openapi" / "claims.toml"


def claim_ids() -> set[str]:
    """Return the ids of all claims."""
    return {claim["id"] for claim in tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["claim"]}


def marked_ids() -> set[str]:
    """Return the ids in every `@pytest.mark.claim(...)` of the tests."""
    return {
        id_
        for path in TESTS.rglob("test_*.py")
        if "node_modules" not in path.parts
        for id_ in _marks(ast.parse(path.read_text(encoding="utf-8")))
    }


def differences() -> list[str]:
    """Return a line for each claim without a test and each mark without a claim."""
    claims, marks = claim_ids(), marked_ids()
    unproven = [f"claim {id_!r} has no test that is marked with it" for id_ in claims - marks]
    unknown = [f"mark {id_!r} names no claim of claims.toml" for id_ in marks - claims]
    return sorted(unproven) + sorted(unknown)


def _marks(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.claim":
            for argument in node.args:
                if not isinstance(argument, ast.Constant):
                    message = f"line {node.lineno}: write the ids of claims as literals"
                    raise TypeError(message)
                yield str(argument.value)
