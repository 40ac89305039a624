"""Ways to disconnect, each at a different moment of a call."""

import socket
from functools import partial
from typing import Final

from superoffice_mock.server.connection import NO_LINGER
from tests.e2e.raw_http import request

Address = tuple[str, int]
_CALL: Final = request()


def _disconnect(data: bytes, reset: bool, address: Address) -> None:  # noqa: FBT001 - of a table
    """Send *data*, then close the connection or *reset* it."""
    with socket.create_connection(address, timeout=20) as client:
        client.sendall(data)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)


DISCONNECTS: Final = tuple(
    partial(_disconnect, data, reset)
    for data, reset in (
        *((b"", False), (_CALL[:40], False), (_CALL[:-10], False), (_CALL, False)),
        *((_CALL * 3, False), (_CALL + _CALL[:-10], False), (b"\x16\x03\x01", False)),
        *((_CALL[:-10], True), (_CALL, True)),
    )
)
