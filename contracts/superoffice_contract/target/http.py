"""One request to a target and what came back: the harness's own hands on the wire."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import httpx2
import msgspec

from superoffice_contract.errors import ImpossibleError, TargetError
from superoffice_contract.target.tenants import Header

RUNNING: Final = "is a server running there?"


BUSY: Final = f"{RUNNING} Can it take several connections at once?"


class BrokenError(TargetError):
    """A connection was refused, or broke before an answer began."""


def before(base: str, error: Exception) -> TargetError:
    """Return what to say of *error*, which came before an answer from *base* began."""
    if distrusted := _distrusted(error):
        msg = f"{base}: its certificate is not trusted: {distrusted}"
        return TargetError(f"{msg}; name its authority with --real --ca FILE")
    if isinstance(error, httpx2.ConnectError):
        return BrokenError(f"{base}: {_told(error)}; {RUNNING}")
    if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
        told = f"{_told(error)}, the connection broke before an answer came"
        return BrokenError(f"{base}: {told}; {BUSY}")
    return TargetError(f"{base}: {_told(error)}; {RUNNING}")


def amid(base: str, error: Exception) -> TargetError:
    """Return what to say of *error*, which came in the middle of an answer from *base*."""
    msg = f"{base}: {_told(error)}, the connection broke in the middle of an answer"
    return TargetError(f"{msg}; look at what the server says of itself")


def _told(error: Exception) -> str:
    """Return the kind of *error* and its message, which some have none of."""
    return ": ".join(filter(None, (type(error).__name__, str(error).strip(" ."))))


def _distrusted(error: BaseException | None) -> str | None:
    """Return why the server's certificate was refused, if *error* stems from that."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


IN_PROCESS: Final = "http://127.0.0.1:8204"
"""The URL that an application in this process is called at; nobody listens there."""


CONTROL: Final = "/_mock/"


class Request(msgspec.Struct, frozen=True):
    """A request: the path with its query as it goes onto the wire."""

    method: str
    path: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    def with_headers(self, *more: Header) -> "Request":
        """Return the same request with *more* headers."""
        return Request(self.method, self.path, self.headers + more, self.body)


class Response(msgspec.Struct, frozen=True):
    """An answer as a caller sees it; *seconds* are real ones."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    seconds: float

    def header(self, name: str) -> str | None:
        """Return the first value of header *name*, or None."""
        return next((value for one, value in self.headers if one.lower() == name.lower()), None)

    @property
    def shape(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Everything that must not tell two answers apart: all but the Date."""
        headers = [(name, value) for name, value in self.headers if name.lower() != "date"]
        return self.status, headers, self.body

    @property
    def names(self) -> frozenset[str]:
        """The names of the headers, in lower case."""
        return frozenset(name.lower() for name, _ in self.headers)


Note = Callable[[Request, Response], None]


def unnoted(_: Request, __: Response) -> None:
    """Take no note of a call and its answer."""


class Client:
    """Sends requests to one target: a URL, or an ASGI application in this process.

    Raise TargetError where nothing that speaks HTTP answers in time. *tries*: how often a request
    is sent in all whose connection breaks before its answer begins. *note* is told of each call
    that was answered, of those to `/_mock/` not.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        base: str,
        timeout_seconds: float,
        control_token: str | None = None,
        tries: int = 1,
        note: Note = unnoted,
    ) -> None:
        self._client = client
        self.note = note
        self._tries = tries
        self.timeout_seconds = timeout_seconds
        token = () if control_token is None else (("Authorization", f"Bearer {control_token}"),)
        self._opens_control: tuple[Header, ...] = token
        self.base = base
        self.sent = 0

    async def send(self, ask: Request) -> Response:
        """Send *ask*, redirects not followed."""
        for left in reversed(range(self._tries)):
            try:
                seen = await self._sent(ask)
            except BrokenError:
                if not left:
                    raise
            else:
                if not ask.path.startswith(CONTROL):
                    self.note(ask, seen)
                return seen
        raise AssertionError("a request is tried at least once")

    async def _sent(self, ask: Request) -> Response:
        self.sent += 1
        started = time.monotonic()
        failed = before
        try:
            request = self._client.build_request(
                ask.method, f"{self.base}{ask.path}", headers=list(ask.headers), content=ask.body
            )
            async with asyncio.timeout(self.timeout_seconds):
                answer = await self._client.send(request, stream=True)
                failed = amid
                async with aclosing(answer):
                    await answer.aread()
        except (httpx2.TimeoutException, TimeoutError):
            msg = f"{self.base}: no answer within {self.timeout_seconds:g} s; is the server stuck?"
            raise TargetError(msg) from None
        except httpx2.LocalProtocolError:
            msg = f"{self.base}: a credential has a character that no header may have"
            raise TargetError(msg) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise failed(self.base, error) from None
        seconds = time.monotonic() - started
        headers = tuple((name, value) for name, value in answer.headers.multi_items())
        return Response(answer.status_code, headers, answer.content, seconds)

    async def send_together(self, asks: list[Request]) -> list[Response]:
        """Send all *asks* at once. Raise ImpossibleError where so many break connections."""
        answers = await asyncio.gather(*map(self.send, asks), return_exceptions=True)
        errors = [one for one in answers if isinstance(one, BaseException)]
        broken = [one for one in errors if isinstance(one, BrokenError)]
        if 0 < len(broken) == len(errors) and len(asks) > 1:
            msg = f"of {len(asks)} calls at once {len(broken)} got no connection that lasted"
            raise ImpossibleError(f"{msg}; start the server with a longer backlog")
        for error in errors:
            raise error
        return [one for one in answers if isinstance(one, Response)]

    async def control(self, method: str, path: str, sent: object = None) -> Any:  # noqa: ANN401 - JSON
        """Call `/_mock/` and return the JSON it answers, or None if there is no such surface."""
        body = b"" if sent is None else msgspec.json.encode(sent)
        seen = await self.send(Request(method, f"{CONTROL}{path}", self._opens_control, body))
        kind = (seen.header("content-type") or "").partition(";")[0]
        if seen.status not in (200, 201) or kind != "application/json":
            return None
        try:
            return msgspec.json.decode(seen.body)
        except msgspec.DecodeError:
            return None


@asynccontextmanager
async def calling(
    target: object,
    timeout_seconds: float,
    control_token: str | None = None,
    authorities: str | None = None,
    tries: int = 1,
    note: Note = unnoted,
) -> AsyncIterator[Client]:
    """Open the way to *target*: a base URL, or an ASGI application.

    *control_token* is sent to `/_mock/` and nowhere else. *authorities* is a PEM file of those
    that are trusted beside the usual ones; raise TargetError if it is none.
    """
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
    if isinstance(target, str):
        base = target.rstrip("/")
        trust = True if authorities is None else _trusting(authorities)
        transport: httpx2.AsyncBaseTransport = httpx2.AsyncHTTPTransport(trust, limits=limits)
    else:
        base = IN_PROCESS
        transport = httpx2.ASGITransport(app=target)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(
        transport=transport, timeout=timeout_seconds, headers={"accept-encoding": "identity"}
    ) as client:
        for name in ("accept", "user-agent", "connection"):
            client.headers.pop(name, None)
        yield Client(client, base, timeout_seconds, control_token, tries, note)


def _trusting(authorities: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(authorities)
    except ssl.SSLError:
        msg = f"{authorities}: is no PEM file of certificates"
        raise TargetError(msg) from None
    except OSError as error:
        msg = f"{authorities}: cannot be read: {error.strerror}"
        raise TargetError(msg) from None
    return context
