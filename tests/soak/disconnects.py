"""Ways to hang up, each at another moment of a call."""

import socket
from collections.abc import Callable
from typing import Final

from superoffice_mock.server.connection import NO_LINGER
from tests.e2e.raw_http import request

Address = tuple[str, int]
_CALL: Final = request()


def _after(sent: bytes) -> Callable[[Address], None]:
    """Return what sends *sent* and closes the connection."""

    def leave(address: Address) -> None:
        with socket.create_connection(address, timeout=20) as caller:
            caller.sendall(sent)

    return leave


def _by_reset(sent: bytes) -> Callable[[Address], None]:
    """Return what sends *sent* and resets the connection."""

    def leave(address: Address) -> None:
        with socket.create_connection(address, timeout=20) as caller:
            caller.sendall(sent)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)

    return leave


WAYS: Final = (
    _after(b""),
    _after(_CALL[:40]),
    _after(_CALL[:-10]),
    _after(_CALL),
    _after(_CALL * 3),
    _after(_CALL + _CALL[:-10]),
    _after(b"\x16\x03\x01"),
    _by_reset(_CALL[:-10]),
    _by_reset(_CALL),
)
