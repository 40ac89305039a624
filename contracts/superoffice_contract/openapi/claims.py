"""Loads claims.toml: the facts that the contract is built from, and their sources."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

Kind = Literal["documented", "http", "safety", "observed", "inferred"]
KINDS: Final[tuple[Kind, ...]] = ("documented", "http", "safety", "observed", "inferred")
"""From the strongest evidence to none."""
_PAGE: Final = "page"


class Claim(msgspec.Struct, frozen=True):
    """One fact in our words.

    *source* is where it can be read or was seen, with the address; None if it is inferred. An
    inferred claim has *because*, the reason for our choice. *reading* is the reading that switches
    the claim. The kind of a claim that follows from others is the weakest of theirs. *section* is
    the part of the vendor's page that states it, None if the page does not.
    """

    id: str
    kind: Kind
    fact: str
    source: str | None = None
    because: str | None = None
    reading: str | None = None
    follows: tuple[str, ...] = ()
    section: str | None = None

    @property
    def is_evidence(self) -> bool:
        """Whether a server that differs is at fault, and not our guess."""
        return self.kind != "inferred"


class Observation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tenant of the vendor's showed of a *claim*, on one day."""

    claim: str
    agrees: bool
    date: date


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim as it is written: it has a *kind*, or *follows* from others."""

    id: str
    fact: str
    kind: Kind | None = None
    source: str | None = None
    because: str | None = None
    reading: str | None = None
    follows: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: tuple[_Table, ...]
    sources: Mapping[str, str] = {}
    observation: tuple[Observation, ...] = ()


@cache
def load() -> Mapping[str, Claim]:
    """Return all claims by id, in the order of the file."""
    return read(Path(__file__).with_name("claims.toml").read_text(encoding="utf-8"))


def read(text: str) -> Mapping[str, Claim]:
    """Return the claims in *text*, a claims.toml. Raise ValueError if it is not one.

    An inferred claim is observed if a tenant agreed with it, and none differed.
    """
    file = msgspec.convert(tomllib.loads(text), _File)
    tables: dict[str, _Table] = {}
    for table in file.claim:
        if tables.setdefault(table.id, table) is not table:
            msg = f"claim {table.id}: there are two"
            raise ValueError(msg)
    for observation in file.observation:
        if observation.claim not in tables:
            msg = f"observation: no claim has the id {observation.claim!r}"
            raise ValueError(msg)
    return {id_: _make_claim(file, tables, (id_,)) for id_ in tables}


def _make_claim(file: _File, tables: Mapping[str, _Table], path: tuple[str, ...]) -> Claim:
    """Return the last claim of *path*, which is one that each claim before it follows from."""
    table = tables[path[-1]]
    if (table.kind is None) == (not table.follows):
        msg = f"claim {table.id}: expected kind or follows, and not both"
        raise ValueError(msg)
    for id_ in table.follows:
        if id_ in path or id_ not in tables:
            problem = "which leads back to it" if id_ in path else "which is no claim"
            msg = f"claim {table.id}: it follows from {id_}, {problem}"
            raise ValueError(msg)
    kinds = [_make_claim(file, tables, (*path, id_)).kind for id_ in table.follows]
    kind = max(kinds, key=KINDS.index) if table.kind is None else table.kind
    follows = ", ".join(table.follows)
    source = f"follows from {follows}" if follows else _expand(table.source, file.sources)
    seen = [observation for observation in file.observation if observation.claim == table.id]
    if kind == "inferred" and seen and all(observation.agrees for observation in seen):
        last_day = max(observation.date for observation in seen)
        kind, source = "observed", f"a tenant, on {last_day.isoformat()}"
    return Claim(
        id=table.id,
        kind=kind,
        fact=table.fact,
        source=source,
        because=table.because,
        reading=table.reading,
        follows=table.follows,
        section=dict(_parts(table.source)).get(_PAGE),
    )


def _parts(source: str | None) -> Iterator[tuple[str, str]]:
    """Yield each name in *source* and the place there, which is empty if it is no document."""
    for part in (source or "").split("; "):
        name, _, place = part.partition(": ")
        yield name, place


def _expand(source: str | None, addresses: Mapping[str, str]) -> str | None:
    """Return *source* with the address behind each name of a document."""
    parts = (
        f"{name} ({addresses[name]}): {place}" if name in addresses else f"{name}: {place}"
        for name, place in _parts(source)
    )
    return "; ".join(part.removesuffix(": ") for part in parts) or None


def without_claims(node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of *node* without `x-claim`, which other tools may take for a constraint."""
    if isinstance(node, Mapping):
        return {name: without_claims(child) for name, child in node.items() if name != "x-claim"}
    return [without_claims(item) for item in node] if isinstance(node, list) else node
