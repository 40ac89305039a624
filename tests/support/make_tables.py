"""Makes the long tables of the READMEs: `python -m tests.support.make_tables` writes them."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.contract.mutants.registry import as_table
from tests.support.claims import CLAIMS

CONTRACTS: Final = Path(__file__).parents[2] / "contracts"

ABOUT_CLAIMS: Final = """\
# Claims

Every fact of the contract, in our words. The vendor's page states the *documented* ones; the
*inferred* ones are our choice. [claims.toml](superoffice_contract/openapi/claims.toml) adds the
section of the page, or the reason. A claim with a reading can be switched:
[Readings](../mockserver/README.md#readings).
"""
ABOUT_DEFECTS: Final = """\
# Defects that `check` finds

The slow tests seed each of these defects in a mock, one at a time. The check beside it finds the
defect, and the finding names the claim. [README.md](README.md#how-we-know-that-check-can-fail)
says more.
"""


def claims_document() -> str:
    """Return the text of CLAIMS.md."""
    claims = tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["claim"]
    rows = ["| claim | kind | fact |", "| --- | --- | --- |"]
    for claim in claims:
        reading = f", reading `{claim['reading']}`" if "reading" in claim else ""
        fact = " ".join(claim["fact"].split())
        rows.append(f"| `{claim['id']}` | {claim['kind']}{reading} | {fact} |")
    return _document(ABOUT_CLAIMS, rows)


def defects_document() -> str:
    """Return the text of DEFECTS.md."""
    return _document(ABOUT_DEFECTS, as_table())


def _document(about: str, rows: Iterable[str]) -> str:
    return "\n".join([about, *rows, ""])


DOCUMENTS: Final = {"CLAIMS.md": claims_document, "DEFECTS.md": defects_document}
"""File in contracts/ -> what makes its text."""

if __name__ == "__main__":
    for name, make in DOCUMENTS.items():
        (CONTRACTS / name).write_text(make(), encoding="utf-8")
