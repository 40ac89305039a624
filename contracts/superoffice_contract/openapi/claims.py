"""Loads claims.toml: the facts that the contract is built from, and their sources."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

_ABOUT_THE_PAGE: Final = "a fact about the page, not about a server"
_NEEDS_CONTROL: Final = "needs /_mock/: the answer does not show what a server did with a call"
_CHOICE_OF_THE_MOCK: Final = "a choice of the mock; its own tests cover it"
_NEEDS_LOAD: Final = "needs many or big calls, or disconnects; a check of a real tenant sends none"
_NEEDS_OTHER_TENANT: Final = "needs the address of another tenant, which is not ours to call"
_NEEDS_LISTED_ORIGIN: Final = "needs an origin that the tenant lists"
_NEEDS_RAW_SOCKET: Final = "needs a request that the HTTP client of the check can't send"
_NEEDS_ASSOCIATE: Final = "needs the associate of an account, which --accounts does not name"
_NEEDS_HOURS: Final = "needs the hours after which credentials expire; the check takes minutes"
_BY_REASON: Final = {
    _ABOUT_THE_PAGE: (
        *("throttle-purpose", "select-list", "select-result", "xsrf-source", "response-title"),
        *("sample-request", "sample-credential", "sample-language", "sample-response"),
    ),
    _NEEDS_CONTROL: (
        *("starts-sync", "sync-direction", "task-cap", "lease-end", "same-effect", "duplicates"),
        *("empty-no-run", "busy-drop", "tasks-dealt", "lease-tenant", "rejected-no-lease"),
        *("patch-types-plain", "form-gaps"),
    ),
    _CHOICE_OF_THE_MOCK: ("account-time", "waiting-limit"),
    _NEEDS_LOAD: (
        "simultaneous",
        "body-limit",
        "disconnect-counts",
        "empty-busy",
        "sample-duplicate",
    ),
    _NEEDS_OTHER_TENANT: ("path-tenant",),
    _NEEDS_LISTED_ORIGIN: ("cors-origin", "cors-preflight", "cors-unlisted"),
    _NEEDS_RAW_SOCKET: ("transfer",),
    _NEEDS_HOURS: ("credentials-expire", "ticket-sliding", "token-fixed"),
    _NEEDS_ASSOCIATE: ("associate-name", "associate-id"),
}
UNOBSERVABLE: Final[Mapping[str, str]] = {
    id_: reason for reason, ids in _BY_REASON.items() for id_ in ids
}
"""Why no response shows a claim, by id. A request for one may be sent nevertheless."""


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact in our words; only inferred claims have *because* and *reading*."""

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
