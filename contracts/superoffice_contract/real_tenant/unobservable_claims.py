"""The claims that no response of a real tenant shows, and why."""

from collections.abc import Mapping
from typing import Final

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
        "slow-threshold",
    ),
    _NEEDS_CONTROL: (
        *("starts-sync", "sync-direction", "task-cap", "lease-end", "same-effect", "duplicates"),
        *("empty-no-run", "busy-drop", "tasks-dealt", "lease-tenant", "rejected-no-lease"),
        *("patch-types-plain", "form-gaps"),
    ),
    _CHOICE_OF_THE_MOCK: ("account-time", "waiting-limit", "select-blanks"),
    _NEEDS_LOAD: (
        "simultaneous",
        "body-limit",
        "disconnect-counts",
        "empty-busy",
        "sample-duplicate",
    ),
    _NEEDS_OTHER_TENANT: ("path-tenant", "path-onsite"),
    _NEEDS_LISTED_ORIGIN: ("cors-origin", "cors-preflight"),
    _NEEDS_RAW_SOCKET: ("transfer",),
    _NEEDS_HOURS: ("credentials-expire", "ticket-sliding", "session-sliding", "token-fixed"),
    _NEEDS_ASSOCIATE: ("associate-name", "associate-id"),
}
UNOBSERVABLE: Final[Mapping[str, str]] = {
    id_: reason for reason, ids in _BY_REASON.items() for id_ in ids
}
"""Why no response shows a claim, by id. A request for one may be sent nevertheless."""
