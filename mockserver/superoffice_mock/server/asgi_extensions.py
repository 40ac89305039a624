"""ASGI extensions by which the server gives the application access to the connection."""

from asyncio import Future
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from superoffice_mock.errors import Rejected

CONNECTION: Final = "superoffice_mock.connection"
"""The key of the extension with the `Connection` of a request."""
REJECTED: Final = "superoffice_mock.refused"
"""The key of the extension with the reason why a request is unreadable: a `Rejected`."""
SHUT_DOWN: Final = "the mock was shut down before the call was complete"
"""Why a call gets a 503 that is not complete when the server stops."""
_NO_EXTENSIONS: Final[Mapping[str, Any]] = {}


class Connection(Protocol):
    """The connection of a request, on which the application may answer in one write or break off.

    After any of these methods but `owns`, nothing more can be sent for the request.
    """

    def owns(self, send: Callable[..., Any]) -> bool:
        """Return whether *send* is this connection's own; a middleware that wraps it needs ASGI."""

    async def answer(self, status: int, lines: bytes) -> None:
        """Send a response without a body; *lines* are its header lines, each with its CRLF."""

    def end(self, raw: bytes) -> None:
        """Send the bytes *raw* and close."""

    def reset(self) -> None:
        """Close with a TCP reset."""

    def fall_silent(self) -> Future[None]:
        """Send nothing and read no more requests; the future is done at the client's disconnect."""


def connection_of(scope: Mapping[str, Any]) -> Connection | None:
    """Return the connection of a request; None if the server does not offer it."""
    connection: Connection | None = (scope.get("extensions") or _NO_EXTENSIONS).get(CONNECTION)
    return connection


def rejection_of(scope: Mapping[str, Any]) -> Rejected | None:
    """Return the reason why the server could not read a request; None if it could."""
    rejected: Rejected | None = (scope.get("extensions") or _NO_EXTENSIONS).get(REJECTED)
    return rejected
