"""Small servers in threads, the certificates of servers, and the command line in this process."""

import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from superoffice_mock.cli import main

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl on this machine")


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that logs nothing."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serve_in_thread(server: socketserver.TCPServer) -> Iterator[str]:
    """Serve in a thread until the block ends; yield the URL."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def make_certificate(folder: Path, names: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """Make a self-signed certificate for *names*, a subjectAltName; return it and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subject = ["-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={names}"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    return cert, key


def invoke(*arguments: object, env: Mapping[str, str] | None = None) -> Result:
    """Run the program in this process."""
    return CliRunner().invoke(main, [*map(str, arguments)], env=env)
