"""Ways to disconnect, each at a different moment of a call."""

import socket
from collections.abc import Callable
from typing import Final

from superoffice_mock.server.connection import NO_LINGER
from tests.e2e.raw_http import request

Address = tuple[str, int]
_CALL: Final = request()


def _close_after(data: bytes) -> Callable[[Address], None]:
    """Return a function that sends *data* and closes the connection."""

    def disconnect(address: Address) -> None:
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(data)

    return disconnect


def _reset_after(data: bytes) -> Callable[[Address], None]:
    """Return a function that sends *data* and resets the connection."""

    def disconnect(address: Address) -> None:
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(data)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)

    return disconnect


DISCONNECTS: Final = (
    _close_after(b""),
    _close_after(_CALL[:40]),
    _close_after(_CALL[:-10]),
    _close_after(_CALL),
    _close_after(_CALL * 3),
    _close_after(_CALL + _CALL[:-10]),
    _close_after(b"\x16\x03\x01"),
    _reset_after(_CALL[:-10]),
    _reset_after(_CALL),
)
