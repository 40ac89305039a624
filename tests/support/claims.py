"""The claims that tests are marked with, read from their source without running them.

`python -m tests.support.claims` writes the long table of CLAIMS.md.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
CONTRACTS = TESTS.parent / "contracts"
CLAIMS = CONTRACTS / "superoffice_contract" / "openapi" / "claims.toml"
ABOUT_CLAIMS = """\
# Claims

Every fact of the contract, in our words. The vendor's page states the *documented* ones; the
*inferred* ones are our choice. [claims.toml](superoffice_contract/openapi/claims.toml) adds the
section of the page, or the reason. A claim with a reading can be switched:
[Readings](../mockserver/README.md#readings).

| claim | kind | fact |
| --- | --- | --- |
"""


def load_claims() -> list[dict[str, str]]:
    """Return all claims as they are written."""
    claims: list[dict[str, str]] = tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["claim"]
    return claims


def claims_document() -> str:
    """Return the text of CLAIMS.md."""
    rows = ""
    for claim in load_claims():
        reading = f", reading `{claim['reading']}`" if "reading" in claim else ""
        fact = " ".join(claim["fact"].split())
        rows += f"| `{claim['id']}` | {claim['kind']}{reading} | {fact} |\n"
    return ABOUT_CLAIMS + rows


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
    claims, marks = {claim["id"] for claim in load_claims()}, marked_ids()
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


if __name__ == "__main__":
    (CONTRACTS / "CLAIMS.md").write_text(claims_document(), encoding="utf-8")
