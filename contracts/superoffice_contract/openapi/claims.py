"""claims.toml -> claims: every fact the contract is built from, and where it comes from."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

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


_THE_PAGE: Final = "a fact about the page, not about a server"


_TRUTH: Final = "needs the truth: what a server did with a call is not in its answer"


_OWN: Final = "a choice of the mock's own; its tests show it"


_CARE: Final = "needs many calls, big ones or callers who hang up; a careful visit has none"


_ADDRESS: Final = "needs another tenant's address, and that is not ours to call"


_BROWSER: Final = "needs an origin that the tenant lists"


_RAW: Final = "needs a request that the visit's HTTP client does not write"


_NAME: Final = "needs the associate of an account, whom --accounts does not name"


_TIME: Final = "needs the hours after which credentials expire; a visit takes minutes"


_BY_REASON: Final = {
    _THE_PAGE: (
        *("throttle-purpose", "select-list", "select-result", "xsrf-source", "response-title"),
        *("sample-request", "sample-credential", "sample-language", "sample-response"),
    ),
    _TRUTH: (
        *("starts-sync", "sync-direction", "task-cap", "lease-end", "same-effect", "duplicates"),
        *("empty-no-run", "busy-drop", "tasks-dealt", "lease-tenant", "rejected-no-lease"),
        *("patch-types-plain", "form-gaps"),
    ),
    _OWN: ("account-time", "waiting-limit"),
    _CARE: ("simultaneous", "body-limit", "disconnect-counts", "empty-busy", "sample-duplicate"),
    _ADDRESS: ("path-tenant",),
    _BROWSER: ("cors-origin", "cors-preflight", "cors-unlisted"),
    _RAW: ("transfer",),
    _TIME: ("credentials-expire", "ticket-sliding", "token-fixed"),
    _NAME: ("associate-name", "associate-id"),
}


UNOBSERVABLE: Final[Mapping[str, str]] = {
    id_: reason for reason, ids in _BY_REASON.items() for id_ in ids
}
"""By id of the claim. A request may be made for one of them all the same; its answer is silent."""
