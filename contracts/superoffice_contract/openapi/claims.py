"""Loads claims.toml: the facts that the contract is built from, and their sources."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

_REFERENCE: Final = re.compile(r"\(claim ([a-z0-9-]+)\)")


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact in our words.

    *section* is that of the vendor's page. Only inferred claims have *because*, the reason for our
    choice, and *reading*, the reading that switches the claim.
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


def find_references(problem: str) -> list[str]:
    """Return the ids of the claims that the text of a problem names, as in `(claim no-body)`."""
    return _REFERENCE.findall(problem)
