"""The claims that tests are marked with, read from their source without running them.

`python -m tests.support.claims` writes the long table of CLAIMS.md.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from superoffice_contract.openapi import claims

TESTS = Path(__file__).parents[1]
CONTRACTS = TESTS.parent / "contracts"
CLAIMS = CONTRACTS / "superoffice_contract" / "openapi" / "claims.toml"
ABOUT_CLAIMS = """\
# Claims

Every fact of the contract, in our words. Its kind says how strong the evidence is:

{kinds}

A server that differs from a claim is at fault; from an *inferred* one, it is not. A claim with a
reading can be switched: [Readings](../mockserver/README.md#readings). All this is written in
[claims.toml](superoffice_contract/openapi/claims.toml). The documents that the sources name:

{sources}

| claim | kind | fact | source, or the reason for our choice |
| --- | --- | --- | --- |
{rows}
"""
KINDS: dict[claims.Kind, str] = {
    "documented": "a document of the vendor's says so; `page` is the page of the call itself",
    "http": "an RFC says so; it decides where the sample on the page differs",
    "safety": "another behaviour is a known weakness (CWE)",
    "observed": "seen on the vendor's service, in its client or in its API files",
    "inferred": "our choice where the vendor is silent",
}


def claims_document() -> str:
    """Return the text of CLAIMS.md."""
    all_claims = claims.load().values()
    counts = Counter(claim.kind for claim in all_claims)
    addresses: dict[str, str] = tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["sources"]
    return ABOUT_CLAIMS.format(
        kinds="\n".join(f"- {counts[kind]} {kind}: {text}" for kind, text in KINDS.items()),
        sources="\n".join(f"- {name}: {address}" for name, address in addresses.items()),
        rows="\n".join(_row(claim, addresses) for claim in all_claims),
    )


def _row(claim: claims.Claim, addresses: dict[str, str]) -> str:
    reading = f", reading `{claim.reading}`" if claim.reading else ""
    source = claim.source or claim.because or ""
    for address in addresses.values():
        source = source.replace(f" ({address})", "")
    return f"| `{claim.id}` | {claim.kind}{reading} | {claim.fact} | {source} |"


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
    ids, marks = set(claims.load()), marked_ids()
    unproven = [f"claim {id_!r} has no test that is marked with it" for id_ in ids - marks]
    unknown = [f"mark {id_!r} names no claim of claims.toml" for id_ in marks - ids]
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
