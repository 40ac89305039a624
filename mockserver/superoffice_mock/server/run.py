"""The server: uvicorn with our socket, our signals and our ready line."""

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

import uvicorn

from superoffice_mock.config.settings import Settings
from superoffice_mock.errors import SetupError
from superoffice_mock.server.http_protocol import ConnectionLimits
from superoffice_mock.server.http_protocol import Protocol as HttpProtocol
from superoffice_mock.wire.cors import is_loopback

GRACE: Final = 5
"""Seconds that calls in flight get at the end."""
DOORS: Final = 8
"""How often the socket is listened on: uvloop accepts one caller at each in a turn of its loop."""
TICKS: Final = 10
"""How many times a second uvicorn looks up from its work."""
EXIT_CODES: Final = {signal.SIGINT: 130, signal.SIGTERM: 0}
if hasattr(signal, "SIGBREAK"):
    EXIT_CODES[signal.SIGBREAK] = 130


class Served(Protocol):
    """What a server serves: an ASGI application, and how nobody waits there any more."""

    @property
    def app(self) -> Any:  # noqa: ANN401 - an application, as either side of ASGI types it
        """The application."""

    def close(self, reason: str) -> None:
        """Answer everyone who waits."""


class Server(uvicorn.Server):
    """Serves until it is told to stop; then answers everyone who waits."""

    def __init__(self, served: Served, settings: Settings, ready: Callable[[], None]) -> None:
        super().__init__(_config(served, settings))
        self.exit_code = 0
        self._served = served
        self._ready = ready

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until it is told to stop; many callers who come at once need not queue."""
        given = sockets or []
        with contextlib.ExitStack() as stack:
            more = [stack.enter_context(one.dup()) for one in given for _ in range(DOORS - 1)]
            await super().serve([*given, *more])  # which closes all of them at the end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Look after connections that dawdle, once a second."""
        if counter % TICKS == 0:
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, HttpProtocol):
                    connection.sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer everyone who waits, give the rest `GRACE` seconds, and stop."""
        self._served.close("the mock was shut down")
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Own the signals while serving; uvicorn would raise them again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in EXIT_CODES}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's
        """Stop at the first signal; at the second, stop waiting for anyone."""
        self.exit_code = EXIT_CODES[signal.Signals(sig)]
        self.force_exit = self.should_exit
        self.should_exit = True


def _config(served: Served, settings: Settings) -> uvicorn.Config:
    if settings.log == "off" or (settings.log == "auto" and not sys.stderr.isatty()):
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL + 1)
    bounds = ConnectionLimits(
        settings.max_headers,
        settings.max_connections,
        settings.request_timeout,
        settings.idle_timeout,
    )
    return uvicorn.Config(
        served.app,
        http=partial(HttpProtocol, bounds=bounds),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


def check(settings: Settings) -> None:
    """Raise SetupError for settings that are safe on this machine only."""
    if settings.control_token is None and not is_loopback(settings.host.strip("[]")):
        msg = (
            f"host {settings.host!r} can be reached from other machines: "
            "set control-token too, or listen on 127.0.0.1"
        )
        raise SetupError(msg)
    for path in (settings.tls_cert, settings.tls_key):
        if path is not None and not Path(path).is_file():
            msg = f"{path}: no such file; tls-cert and tls-key name PEM files"
            raise SetupError(msg)
    if settings.tls_cert is not None:
        _check_pair(settings.tls_cert, settings.tls_key)


def _check_pair(cert: str, key: str | None) -> None:
    import ssl

    try:
        # A password, so that OpenSSL asks nobody for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as error:
        msg = (
            f"tls-cert and tls-key: {cert} and {key} are no PEM pair without a passphrase: {error}"
        )
        raise SetupError(msg) from None


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens as *settings* say. Raise SetupError if it can't."""
    host = settings.host.strip("[]")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return _bound(socket.socket(family, socket.SOCK_STREAM), address)
    except OSError as error:
        msg = (
            f"cannot listen on {host} port {settings.port}: {error.strerror or error}; "
            "choose others with --host and --port; --port 0 takes a free one"
        )
        raise SetupError(msg) from None


def _bound(listening: socket.socket, address: Any) -> socket.socket:  # noqa: ANN401 - by family
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError:
        listening.close()
        raise
    return listening


def url_of(listening: socket.socket, settings: Settings) -> str:
    """Return the base URL of *listening*."""
    scheme = "http" if settings.tls_cert is None else "https"
    host = settings.host.strip("[]")
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port_of(listening)}"


def port_of(listening: socket.socket) -> int:
    """Return the port that *listening* got."""
    port: int = listening.getsockname()[1]
    return port


def write_port_file(path: str, port: int) -> None:
    """Write *port* whole: a reader sees all of it or no file. Raise SetupError if it can't."""
    draft = Path(f"{path}.part")
    try:
        draft.write_text(f"{port}", encoding="ascii")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        msg = f"port-file {path}: {error.strerror}; name a file that can be written"
        raise SetupError(msg) from None


def remove_port_file(path: str) -> None:
    """Remove the file of a server that is gone, so that nobody takes its port for a live one."""
    with contextlib.suppress(OSError):
        Path(path).unlink(missing_ok=True)


@contextlib.contextmanager
def in_background(served: Served, settings: Settings) -> Iterator[str]:
    """Serve *served* from a thread and yield its URL; the socket listens before that starts."""
    check(settings)
    with listen(settings) as listening:
        server = Server(served, settings, ready=lambda: None)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield url_of(listening, settings)
        finally:
            server.should_exit = True
            thread.join(GRACE + 1)
