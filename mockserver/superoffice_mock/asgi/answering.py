"""Who answers the calls of the vendor's surface: the simulation, or something in its place."""

from collections.abc import Callable
from typing import Protocol

from superoffice_mock.asgi.incoming import Incoming
from superoffice_mock.asgi.rendering import Answer, Broken
from superoffice_mock.asgi.routes import Routes


class Answering(Protocol):
    """Whoever answers the calls of the vendor's surface."""

    async def answer(self, incoming: Incoming) -> Answer | Broken:
        """Return the answer. Raise Rejected for a call that gets none."""


Instead = Callable[[Routes, Answering], Answering]
"""Makes who answers in place of the simulation, which may be asked, too."""
