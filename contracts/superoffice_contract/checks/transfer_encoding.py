"""Ways to send a body that only sockets have: in chunks, and not before the server says go on."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

from superoffice_contract.checks.check import EffectCheck, Effects
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.errors import TargetError
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Response

CLAIMS: Final = ("transfer",)
GO_ON: Final = b" 100 "
CHUNKS: Final = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (GOOD[:7], GOOD[7:]))
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def transfer(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
    """A body in chunks is read like any other, and whoever asks before sending is told to."""
    scene = scenes[0]
    async with _connected(caller) as (reader, writer):
        writer.write(_head(caller, scene, "Transfer-Encoding: chunked"))
        writer.write(CHUNKS + b"0\r\n\r\n")
        status = await _status(caller, reader)
        _note(caller, scene, status)
        if b" 204 " not in status:
            what = f"a body in chunks: expected 204, got {_shown(status)}"
            yield Finding(scene.tenant.id, what, CLAIMS)
    async with _connected(caller) as (reader, writer):
        length = f"Content-Length: {len(GOOD)}"
        writer.write(_head(caller, scene, length, "Expect: 100-continue"))
        status = await _status(caller, reader)
        if GO_ON not in status:
            _note(caller, scene, status)
            what = f"Expect: 100-continue: expected 100, got {_shown(status)}"
            yield Finding(scene.tenant.id, what, CLAIMS)
            return
        writer.write(GOOD)
        await _status(caller, reader)  # the empty line that ends the 100
        status = await _status(caller, reader)
        _note(caller, scene, status)
        if b" 204 " not in status:
            what = f"a body after 100 Continue: expected 204, got {_shown(status)}"
            yield Finding(scene.tenant.id, what, CLAIMS)


@asynccontextmanager
async def _connected(caller: Client) -> AsyncIterator[Streams]:
    parts = urlsplit(caller.base)
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    except OSError as error:
        msg = f"{caller.base}: {type(error).__name__}: {error}; is a server running there?"
        raise TargetError(msg) from None
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _head(caller: Client, scene: CheckContext, *more: str) -> bytes:
    parts = urlsplit(caller.base)
    signed = [f"{name}: {value}" for name, value in scene.sign_in]
    lines = (
        f"POST {parts.path}{scene.url} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Content-Type: {JSON}",
        *(*signed, *more, "", ""),
    )
    return "\r\n".join(lines).encode("latin-1")


async def _status(caller: Client, reader: asyncio.StreamReader) -> bytes:
    """Return the next line, which says the status; nothing if the server hung up or is silent."""
    try:
        async with asyncio.timeout(caller.timeout_seconds):
            return await reader.readline()
    except (OSError, TimeoutError):
        return b""


def _note(caller: Client, scene: CheckContext, line: bytes) -> None:
    """Count the call that *line* answers, where it does."""
    status = line.split()[1:2]
    if status and status[0].isdigit():
        caller.note(scene.post(GOOD, JSON), Response(int(status[0]), (), b"", 0.0))


def _shown(line: bytes) -> str:
    return line.decode("latin-1").strip()[:80] or "no answer"


SOCKET_CHECKS: Final = (EffectCheck("transfer", CLAIMS, transfer),)
"""Checks that write to a socket themselves."""
