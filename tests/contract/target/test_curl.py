"""Commands that repeat a request: typed into a shell, they send the same, secrets left out."""

import json
import os
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from superoffice_contract.target.curl import curl
from superoffice_contract.target.http import Request

CURL, SHELL = shutil.which("curl"), shutil.which("sh")
BASE = "http://127.0.0.1:8204"
JSON = ("Content-Type", "application/json")


def words(ask: Request) -> list[str]:
    return shlex.split(curl(BASE, ask))


# ---- what is shown ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Basic dGplMDpUamUw", "Authorization: Basic [redacted]"),
        ("authorization", "dGplMDpUamUw", "authorization: [redacted]"),
        ("Authorization", "", "Authorization;"),
        ("Authorization", " ", "Authorization;"),
        ("Authorization", "dGplMDpUamUw ", "Authorization: [redacted]"),
        ("Authorization", " dGplMDpUamUw", "Authorization: [redacted]"),
        ("Cookie", "a=dGplMDpUamUw; b=1", "Cookie: [redacted]"),
        ("SO-AppToken", "dGplMDpUamUw", "SO-AppToken: [redacted]"),
        ("Cookie", "a=dGplMDpUamUw ", "Cookie: [redacted]"),
        ("SO-AppToken", "", "SO-AppToken;"),
        ("X-XSRF-TOKEN", "dGplMDpUamUw more", "X-XSRF-TOKEN: [redacted]"),
        ("Accept", "dGplMDpUamUw", "Accept: dGplMDpUamUw"),
    ],
)
def test_a_command_has_each_header_and_no_secret(name: str, value: str, shown: str) -> None:
    assert shown in words(Request("POST", "/x", ((name, value),), b"{}"))


def test_a_command_can_be_typed_as_it_stands() -> None:
    body = json.dumps({"it's": '$HOME `x` "y"'}).encode()
    assert words(Request("PUT", "/a?$select=x&y=1", (JSON,), body)) == [
        *("curl", "-i", "-X", "PUT", "-H", "Content-Type: application/json"),
        *("--data-binary", body.decode(), f"{BASE}/a?$select=x&y=1"),
    ]


def test_a_body_that_is_cut_says_how_long_it_is() -> None:
    rest = "… (10000 bytes in all)"
    assert "[" * 400 + rest in words(Request("POST", "/", (), b"[" * 10_000))
    piped = words(Request("POST", "/", (), b"\xff" * 10_000))
    assert piped[:3] == ["printf", r"\377" * 400 + rest, "|"]
    assert "[" * 400 in words(Request("POST", "/", (), b"[" * 400))


# ---- what is sent ----------------------------------------------------------------------------


class _Noting(BaseHTTPRequestHandler):
    """Notes what comes."""

    protocol_version = "HTTP/1.1"
    got: list[Request]

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._note
        raise AttributeError(name)

    def _note(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.got.append(Request(self.command, self.path, tuple(self.headers.items()), body))
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"heard")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called above
        """Say nothing."""


@contextmanager
def noting() -> Iterator[tuple[str, list[Request]]]:
    """Serve; yield the URL and what comes."""
    got: list[Request] = []
    handler = type("Handler", (_Noting,), {"got": got})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", got
        finally:
            server.shutdown()
            thread.join()


OWN = {"host", "user-agent", "content-length", "accept"}
"""What curl adds, or every HTTP client."""


@pytest.mark.skipif(CURL is None or SHELL is None, reason="there is no curl or no shell here")
@pytest.mark.parametrize(
    "ask",
    [
        Request("HEAD", "/a"),
        Request("GET", "/a?b=%24c&d={e}[1-2]"),
        Request("OPTIONS", "/x/../a"),
        Request("DELETE", "/a", (("X-Empty", ""), ("Accept-Language", "it's"))),
        Request("POST", "/a", (), b"{}"),
        Request("POST", "/a", (("Content-Type", ""),), b"{}"),
        Request("POST", "/a", (JSON,), b"@nothing"),
        Request("POST", "/a", (JSON,), "é\n\t'$HOME' %s \\ €".encode()),
        Request("POST", "/a", (JSON,), bytes(range(256))),
        Request("POST", "/a", (JSON,), "\ufeff{}".encode("utf-16")),
        Request("GET", "/a", (JSON,), b"{}\r\n"),
    ],
    ids=lambda ask: f"{ask.method} {ask.path} {ask.headers} {ask.body[:9]!r}",
)
def test_a_command_sends_the_request_again(ask: Request) -> None:
    with noting() as (url, got):
        command = curl(url, ask)
        environment = {"no_proxy": "*", "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [str(SHELL), "-c", command],
            env=environment,
            timeout=20,
            check=True,
            capture_output=True,
        )
    (sent,) = got
    assert (sent.method, sent.path, sent.body) == (ask.method, ask.path, ask.body)
    assert tuple(one for one in sent.headers if one[0].lower() not in OWN) == ask.headers
    assert b"200 OK" in done.stdout
