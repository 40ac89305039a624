"""An HTTP proxy that notes what it is asked for."""

import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.local_servers import serve_in_thread


class ForwardProxy(socketserver.ThreadingTCPServer):
    """Forwards one request of each connection; `heads` are what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heads: list[str] = []


class _Handler(socketserver.BaseRequestHandler):
    server: ForwardProxy

    def handle(self) -> None:
        with suppress(OSError):
            self._forward()

    def _forward(self) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.request.recv(65536)
            if not part:
                return
            data += part
        head, _, rest = data.partition(b"\r\n\r\n")
        self.server.heads.append(head.decode("latin-1"))
        method, target, _ = self.server.heads[-1].split(" ", 2)
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        address = (str(parts.hostname), parts.port or 80)
        with socket.create_connection(address, timeout=20) as upstream:
            if method == "CONNECT":
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                origin = f"{parts.scheme}://{parts.netloc}".encode()
                lines = re.sub(rb"\r\n(?:Proxy-Authorization|Connection):[^\r]*", b"", head)
                head = lines.replace(origin, b"", 1) + b"\r\nConnection: close\r\n\r\n"
                upstream.sendall(head + rest)
            back = threading.Thread(target=_pipe, args=(upstream, self.request), daemon=True)
            back.start()
            threading.Thread(target=_pipe, args=(self.request, upstream), daemon=True).start()
            back.join()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def run_proxy() -> Iterator[tuple[ForwardProxy, str]]:
    """Run a proxy until the block ends; yield it and its address, such as 127.0.0.1:8080."""
    proxy = ForwardProxy()
    with serve_in_thread(proxy) as url:
        yield proxy, url.removeprefix("http://")
