"""Loads claims.toml: the facts that the contract is built from, and their sources."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact in our words.

    *section* is that of the vendor's page, which documents the claim or leaves it to be inferred.
    Only inferred claims have *because*, the reason for our choice, and *reading*, the reading that
    switches the claim.
    """

    id: str
    section: str
    kind: Literal["documented", "inferred"]
    fact: str
    because: str | None = None
    reading: str | None = None


@cache
def load() -> Mapping[str, Claim]:
    """Return all claims by id, in the order of the file."""
    text = Path(__file__).with_name("claims.toml").read_text(encoding="utf-8")
    claims = msgspec.convert(tomllib.loads(text)["claim"], list[Claim])
    return {claim.id: claim for claim in claims}


def without_claims(node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of *node* without `x-claim`, which other tools may take for a constraint."""
    if isinstance(node, Mapping):
        return {name: without_claims(child) for name, child in node.items() if name != "x-claim"}
    return [without_claims(item) for item in node] if isinstance(node, list) else node
