"""Checks that write to a socket: a chunked body, and Expect: 100-continue."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from superoffice_contract.checks.check import EffectCheck, Observations
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.control.connection import tls_context
from superoffice_contract.errors import TargetError
from superoffice_contract.messages import describe_os_error
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Response

CLAIMS: Final = ("transfer",)
CHUNKS: Final = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (GOOD[:7], GOOD[7:]))
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def check_transfer(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """A chunked body is accepted, and Expect: 100-continue gets a 100."""
    context = contexts[0]
    async with _open_connection(client) as (reader, writer):
        writer.write(_request_head(client, context, "Transfer-Encoding: chunked"))
        writer.write(CHUNKS + b"0\r\n\r\n")
        line = await _read_status_line(client, context, reader)
        if not _has_status(line, 204):
            yield _finding(context, "a body in chunks: expected 204", line)
    async with _open_connection(client) as (reader, writer):
        length = f"Content-Length: {len(GOOD)}"
        writer.write(_request_head(client, context, length, "Expect: 100-continue"))
        line = await _read_status_line(client, context, reader)
        if not _has_status(line, 100):
            yield _finding(context, "Expect: 100-continue: expected 100", line)
            return
        writer.write(GOOD)
        await _read_status_line(client, context, reader)  # the empty line that ends the 100
        line = await _read_status_line(client, context, reader)
        if not _has_status(line, 204):
            yield _finding(context, "a body after 100 Continue: expected 204", line)


def _has_status(line: str, status: int) -> bool:
    return f" {status} " in f"{line} "


def _finding(context: CheckContext, problem: str, line: str) -> Finding:
    return Finding(context.tenant.id, f"{problem}, got {line or 'no answer'}", CLAIMS)


@asynccontextmanager
async def _open_connection(client: Client) -> AsyncIterator[Streams]:
    parts = urlsplit(client.base)
    tls = tls_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    try:
        async with asyncio.timeout(client.timeout_seconds):
            reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    except OSError as error:  # also a timeout
        msg = f"{client.base}: {describe_os_error(error)}; is a server running there?"
        raise TargetError(msg) from None
    try:
        yield reader, writer
    finally:
        writer.transport.abort()  # what the server did not read or send yet is of no interest


def _request_head(client: Client, context: CheckContext, *headers: str) -> bytes:
    parts = urlsplit(client.base)
    credential_headers = [f"{name}: {value}" for name, value in context.credential_headers]
    lines = (
        f"POST {parts.path}{context.url} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Content-Type: {JSON}",
        *(*credential_headers, *headers, "", ""),
    )
    return "\r\n".join(lines).encode("latin-1")


async def _read_status_line(
    client: Client, context: CheckContext, reader: asyncio.StreamReader
) -> str:
    """Return the next line, or nothing if there is none in time, or only a part of 64 KiB.

    Report a final response to the client's `on_response`.
    """
    try:
        async with asyncio.timeout(client.timeout_seconds):
            line = (await reader.readline()).decode("latin-1").strip()[:80]
    except (OSError, ValueError):
        return ""
    status = line.split()[1:2]
    if status and status[0].isdecimal() and status != ["100"]:
        client.on_response(context.post(GOOD, JSON), Response(int(status[0]), (), b"", 0.0))
    return line


SOCKET_CHECKS: Final = (EffectCheck("transfer", CLAIMS, check_transfer),)
"""Checks that need a server at a URL."""
