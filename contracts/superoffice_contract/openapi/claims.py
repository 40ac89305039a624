"""claims.toml -> claims: every fact the contract is built from, and where it comes from."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact in our words; *because* and *reading* are for inferred ones."""

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
