"""Checks on connections of their own: what the bytes of answers show, and how bodies are sent."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from superoffice_contract.checks.check import EffectCheck, Observations
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.errors import TargetError
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import BrokenAnswerError, Client, Request, Response
from superoffice_contract.target.http_errors import show_bytes
from superoffice_contract.target.raw import RawConnection

CHUNKS: Final = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (GOOD[:7], GOOD[7:], b""))
LENGTH_REQUIRED: Final = 411
CONTINUE_SECONDS: Final = 2.0
"""How long a client waits for the answer to an Expect; a turned-away call takes one second."""


# ---- what the bytes of answers show ----------------------------------------------------------


async def check_raw_answers(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """Answers are valid messages, and nothing follows them."""
    tenant = contexts[0].tenant.id
    judgements = (
        _judge(client, f"{tenant}, {name}", request) for name, request in _requests(contexts[0])
    )
    for finding in filter(None, await asyncio.gather(*judgements)):
        yield finding


def _requests(context: CheckContext) -> Iterator[tuple[str, Request]]:
    yield "the plain call", context.post(GOOD, JSON)
    content_type = (("Content-Type", JSON),)
    yield "a call without a credential", Request("POST", context.url, content_type, GOOD)
    for method in ("GET", "HEAD"):
        yield method, Request(method, context.url, context.credential_headers)


async def _judge(client: Client, where: str, request: Request) -> Finding | None:
    try:
        exchange = await client.send_raw(request)
    except BrokenAnswerError as error:
        return _report_broken(where, error)
    rest, _ = await exchange.watch
    if not rest:
        return None
    place = f"{where}: {show_bytes(rest, request.headers)}"
    if exchange.response.status == 204:
        return Finding(place, "bytes follow the head of a 204", ("no-body",))
    if request.method == "HEAD":
        return Finding(place, "bytes follow the head of the answer to HEAD", ("head",))
    return Finding(place, "bytes follow an answer behind its end", ("http-message",))


def _report_broken(where: str, error: BrokenAnswerError) -> Finding:
    what = f"the answer is no valid HTTP message: {error.problem}"
    return Finding(f"{where}: {error.shown}" if error.shown else where, what, ("http-message",))


# ---- how bodies are sent ---------------------------------------------------------------------


async def check_transfer(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """A chunked body is read or a length asked for, and Expect: 100-continue is answered.

    Neither is judged if the plain call is not accepted, or if the server speaks HTTP/1.0, which
    knows neither.
    """
    tenant, request = contexts[0].tenant.id, contexts[0].post(GOOD, JSON)
    is_accepted, *findings = await asyncio.gather(
        _is_accepted(client, request),
        _judge_transfer(_send_chunks(client, request), tenant, "a body in chunks: expected 204"),
        _judge_transfer(
            _expect_continue(client, request), tenant, "Expect: 100-continue: expected 100"
        ),
    )
    for finding in findings if is_accepted else ():
        if finding is not None:
            yield finding


async def _is_accepted(client: Client, request: Request) -> bool:
    try:
        return (await client.send_raw(request)).response.status < 300
    except BrokenAnswerError:
        return True  # what is wrong with it the other answers show as well


async def _judge_transfer(
    experiment: Coroutine[None, None, str | None], tenant: str, expected: str
) -> Finding | None:
    try:
        what = await experiment
    except BrokenAnswerError as error:
        return _report_broken(f"{tenant}, {expected.partition(':')[0]}", error)
    except TargetError:
        what = f"{expected}, got no answer"
    return None if what is None else Finding(tenant, what, ("transfer",))


async def _send_chunks(client: Client, request: Request) -> str | None:
    """Return what is wrong with the answer to *request* with its body in chunks, or None."""
    headers = (*request.headers, ("Transfer-Encoding", "chunked"))
    async with client.raw_connection(replace(request, headers=headers, body=CHUNKS)) as connection:
        answer = await _read_final(client, request, connection)
    if answer.version == "1.0" or answer.status == LENGTH_REQUIRED:
        return None
    return _find_problem(answer, "a body in chunks")


async def _expect_continue(client: Client, request: Request) -> str | None:
    """Return what is wrong with the answers if *request* waits to be continued, or None."""
    length = ("Content-Length", str(len(request.body)))
    headers = (*request.headers, length, ("Expect", "100-continue"))
    async with client.raw_connection(replace(request, headers=headers, body=b"")) as connection:
        first = await _read_first(connection)
        if first is not None and first.status >= 200:
            client.report_response(request, first)
            return None  # it may decide without the body
        connection.write(request.body)
        answer = await _read_final(client, request, connection)
    if first is not None:
        return _find_problem(answer, "a body after 100 Continue")
    is_old = answer.version == "1.0"
    return None if is_old else "Expect: 100-continue: expected 100, got no answer"


async def _read_first(connection: RawConnection) -> Response | None:
    """Return what comes before the body is sent, or None."""
    try:
        async with asyncio.timeout(CONTINUE_SECONDS):
            return await connection.read_answer("POST", interim=True)
    except TimeoutError:
        return None


async def _read_final(client: Client, request: Request, connection: RawConnection) -> Response:
    answer = await connection.read_answer("POST")
    client.report_response(request, answer)
    return answer


def _find_problem(answer: Response, name: str) -> str | None:
    """Return what is wrong with *answer*, unless it has a fault that another check judges."""
    if answer.status < 300 or (answer.status >= 500 and answer.status != 501):
        return None
    return f"{name}: expected 204, got HTTP/{answer.version} {answer.status}"


SOCKET_CHECKS: Final = (
    EffectCheck("transfer", ("transfer",), check_transfer),
    EffectCheck("raw-answers", ("http-message", "no-body", "head"), check_raw_answers),
)
"""Checks that need a server at a URL."""
