"""Who is signed in to the dashboard of a mock with a control token: sessions in cookies."""

import hmac
import secrets
from typing import Final

from superoffice_mock.core.sync_run import SECOND

LIFETIME: Final = 8 * 3600 * SECOND
"""The nanoseconds that a session lasts."""
MAX_SESSIONS: Final = 100
"""How many sessions are open at once; the oldest makes room."""


class Sessions:
    """The open sessions, by their secret ids; *token* is the control token, None: there is none.

    Times are in nanoseconds of a monotonic clock.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._ends_at: dict[str, int] = {}

    @property
    def is_needed(self) -> bool:
        """Whether control calls need the token or a session."""
        return self._token is not None

    def accepts(self, token: bytes) -> bool:
        """Return whether *token* is the control token; how long that takes tells nothing."""
        return hmac.compare_digest(token, (self._token or "").encode()) and self.is_needed

    def open(self, now: int) -> str:
        """Open a session at *now* and return its id."""
        self._ends_at = {id_: end for id_, end in self._ends_at.items() if now < end}
        while len(self._ends_at) >= MAX_SESSIONS:
            del self._ends_at[next(iter(self._ends_at))]
        id_ = secrets.token_urlsafe(32)
        self._ends_at[id_] = now + LIFETIME
        return id_

    def is_open(self, id_: str, now: int) -> bool:
        """Return whether *id_* is that of a session that is open at *now*."""
        given = id_.encode("utf-8", "replace")
        return any(
            hmac.compare_digest(each.encode(), given) and now < ends_at
            for each, ends_at in self._ends_at.items()
        )

    def close(self, id_: str) -> None:
        """Close the session *id_*, if it is open."""
        self._ends_at.pop(id_, None)
