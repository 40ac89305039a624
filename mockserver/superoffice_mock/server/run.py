"""The server: uvicorn with our own sockets, signal handling and port file."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

import uvicorn

from superoffice_contract import output_files
from superoffice_contract.local_server import is_loopback
from superoffice_contract.messages import NO_FOLDER, describe_os_error, show_host, show_path
from superoffice_mock.config.settings import Settings
from superoffice_mock.errors import Rejected, SetupError
from superoffice_mock.server.asgi_extensions import SHUT_DOWN
from superoffice_mock.server.http_protocol import ConnectionLimits, HttpProtocol

GRACE_SECONDS: Final = 5
"""How long a shutdown waits for clients that send a request or read an answer."""
MAX_SHUTDOWN_SECONDS: Final = GRACE_SECONDS + 1
"""How long a shutdown waits for all answers."""
LISTENERS: Final = 8
"""How many listeners share the port: uvloop accepts one connection at each per loop iteration."""
TICKS_PER_SECOND: Final = 10
"""How often uvicorn calls `on_tick`."""
EXIT_CODES: Final = {signal.SIGINT: 130, signal.SIGTERM: 0}
if hasattr(signal, "SIGBREAK"):
    EXIT_CODES[signal.SIGBREAK] = 130


class ServedApp(Protocol):
    """An ASGI application with a way to answer all waiting calls at shutdown."""

    @property
    def app(self) -> Any:  # noqa: ANN401 - uvicorn and Starlette type applications differently
        """The application."""

    def close(self, reason: str) -> None:
        """Answer all waiting calls."""


class Server(uvicorn.Server):
    """Serves until it is stopped; then answers all waiting calls, and awaits *at_end*.

    *before_end* is called before the waiting calls are answered.

    Answers get a Date, unless *date_header* is false.
    """

    def __init__(
        self,
        served_app: ServedApp,
        settings: Settings,
        ready: Callable[[], None],
        *,
        date_header: bool = True,
        before_end: Callable[[], object] = lambda: None,
        at_end: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(_config(served_app, settings))
        self.config.date_header = date_header
        self.exit_code = 0
        self._served_app = served_app
        self._ready = ready
        self._before_end = before_end
        self._at_end = at_end

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on *sockets* until stopped, with `LISTENERS` listeners on each."""
        originals = sockets or []
        with contextlib.ExitStack() as stack:
            duplicates = [
                stack.enter_context(original.dup())
                for original in originals
                for _ in range(LISTENERS - 1)
            ]
            await super().serve([*originals, *duplicates])  # closes all of them at the end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then report that the server is ready."""
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Check all connections for timeouts, once a second."""
        if counter % TICKS_PER_SECOND == 0:
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, HttpProtocol):
                    connection.check_timeouts()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer all waiting calls, wait `GRACE_SECONDS` for clients, and stop."""
        self._before_end()
        self._served_app.close("the mock was shut down")
        loop = asyncio.get_running_loop()
        timer = loop.call_later(GRACE_SECONDS, self._stop_waiting)
        await super().shutdown(sockets)
        timer.cancel()
        if self._at_end is not None:
            await self._at_end()

    def _stop_waiting(self) -> None:
        for connection in tuple(self.server_state.connections):
            if isinstance(connection, HttpProtocol):
                connection.stop_waiting(Rejected(503, "", SHUT_DOWN))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals while serving; uvicorn's own version raises them again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self.handle_exit) for number in EXIT_CODES}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signature of a signal handler
        """Shut down at the first signal; at the second, stop waiting for calls in flight."""
        self.exit_code = EXIT_CODES[signal.Signals(sig)]
        self.force_exit = self.should_exit
        self.should_exit = True


MakeServer = Callable[[ServedApp, Settings, Callable[[], None]], Server]


def _config(served_app: ServedApp, settings: Settings) -> uvicorn.Config:
    if settings.log == "off" or (settings.log == "auto" and not sys.stderr.isatty()):
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL + 1)
    limits = ConnectionLimits(
        settings.max_headers,
        settings.max_connections,
        settings.request_timeout,
        settings.idle_timeout,
    )
    return uvicorn.Config(
        served_app.app,
        http=partial(HttpProtocol, limits=limits),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=MAX_SHUTDOWN_SECONDS,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


def check_settings(settings: Settings) -> None:
    """Raise SetupError for settings that are unsafe or name unusable TLS files."""
    if settings.control_token is None and not is_loopback(settings.host.strip("[]")):
        _resolve(settings.host, settings.port)
        raise SetupError(
            f"host {show_host(settings.host)} can be reached from other machines: "
            "set control-token too, or listen on 127.0.0.1"
        )
    for path in (settings.tls_cert, settings.tls_key):
        if path is not None and not Path(path).is_file():
            msg = f"{show_path(path)}: no such file; tls-cert and tls-key name PEM files"
            raise SetupError(msg)
    if settings.tls_cert is not None:
        _check_certificate(settings.tls_cert, settings.tls_key)


def _check_certificate(cert: str, key: str | None) -> None:
    import ssl

    try:
        # With a password, OpenSSL does not prompt for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (OSError, ValueError):
        raise SetupError(
            f"tls-cert and tls-key: {show_path(cert)} and {show_path(key)} are not a PEM "
            "certificate and its unencrypted key"
        ) from None


def open_socket(settings: Settings) -> socket.socket:
    """Return a socket that listens, and remove an old port file. Raise SetupError."""
    host = settings.host.strip("[]")
    family, address = _resolve(settings.host, settings.port)
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
        _bind(listening, address)
    except OSError as error:
        raise SetupError(
            f"cannot listen on {host} port {settings.port}: {describe_os_error(error)}; "
            "choose others with --host and --port; --port 0 takes a free one"
        ) from None
    _remove_port_file(settings.port_file)  # not before: another server may have the port
    return listening


def _resolve(host: str, port: int) -> tuple[int, Any]:
    try:
        addresses = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        problem = "cannot be resolved; choose another with --host, such as 127.0.0.1"
        raise SetupError(f"host {show_host(host)}: {problem}") from None
    family, _, _, _, address = addresses[0]
    return family, address


def _bind(listening: socket.socket, address: Any) -> None:  # noqa: ANN401 - by address family
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError:
        listening.close()
        raise


def url_of(listening: socket.socket, settings: Settings) -> str:
    """Return the base URL of *listening*."""
    scheme = "http" if settings.tls_cert is None else "https"
    host = settings.host.strip("[]")
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port_of(listening)}"


def local_url(url: str) -> str:
    """Return *url* as this machine calls it: not with an address that stands for all addresses."""
    return url.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]")


def port_of(listening: socket.socket) -> int:
    """Return the port of *listening*."""
    port: int = listening.getsockname()[1]
    return port


def _write_port_file(path: str | None, port: int) -> None:
    if path is None:
        return
    try:
        output_files.replace(path, f"{port}".encode("ascii"))
    except OSError as error:
        reason = describe_os_error(error, NO_FOLDER)
        msg = f"port-file {show_path(path)}: {reason}; name a file that can be written"
        raise SetupError(msg) from None


def _remove_port_file(path: str | None) -> None:
    with contextlib.suppress(OSError):
        if path is not None:
            output_files.remove(path)


def serve(
    served_app: ServedApp,
    settings: Settings,
    listening: socket.socket,
    announce: Callable[[str], object],
    make_server: MakeServer = Server,
) -> int:
    """Serve on *listening* until a signal, and return the exit code.

    When the server is ready, the port file is written, and *announce* gets a line with the URL.
    """

    def report_ready() -> None:
        _write_port_file(settings.port_file, port_of(listening))
        announce(f"superoffice-mock ready on {url_of(listening, settings)}")

    server = make_server(served_app, settings, report_ready)
    try:
        server.run([listening])
    finally:
        _remove_port_file(settings.port_file)
    return server.exit_code


@contextlib.contextmanager
def serve_in_background(
    served_app: ServedApp, settings: Settings, make_server: MakeServer = Server
) -> Iterator[str]:
    """Serve *served_app* in a thread and yield its URL; it is reachable from the first moment."""
    check_settings(settings)
    with open_socket(settings) as listening:
        server = make_server(served_app, settings, lambda: None)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        _write_port_file(settings.port_file, port_of(listening))
        thread.start()
        try:
            yield url_of(listening, settings)
        finally:
            _remove_port_file(settings.port_file)
            server.should_exit = True
            thread.join(MAX_SHUTDOWN_SECONDS + 1)
