"""What lies below ASGI, as the server offers it to the application by extensions."""

from asyncio import Future
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from superoffice_mock.errors import Rejected

CONNECTION: Final = "superoffice_mock.connection"
"""The extension that is the `Connection` of a request."""
REFUSED: Final = "superoffice_mock.refused"
"""The extension that says why a request can't be read: a `Rejected`."""
_NONE: Final[Mapping[str, Any]] = {}


class Connection(Protocol):
    """The connection of a request: to be answered on in one piece, or broken.

    After any of these nothing more can be sent to the request.
    """

    def sends(self, send: Callable[..., Any]) -> bool:
        """Tell whether *send* is this connection's own; what wraps it wants to see all messages."""

    async def answer(self, status: int, lines: bytes) -> None:
        """Send an answer without a body; *lines* are its headers, each with its end."""

    def end(self, raw: bytes) -> None:
        """Send *raw*, as it is, and close."""

    def reset(self) -> None:
        """Close so that the caller's system reports a reset."""

    def fall_silent(self) -> Future[None]:
        """Send nothing and read no more requests; the future is done when the caller is gone."""


def connection(scope: Mapping[str, Any]) -> Connection | None:
    """Return the connection of a request, if whoever runs the application offers it."""
    found: Connection | None = (scope.get("extensions") or _NONE).get(CONNECTION)
    return found


def refusal(scope: Mapping[str, Any]) -> Rejected | None:
    """Return why the server below could not read a request; None if it could."""
    found: Rejected | None = (scope.get("extensions") or _NONE).get(REFUSED)
    return found
