"""A curl command sends the same request again, without the secrets of tenants."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from urllib.parse import quote, quote_plus, unquote

import pytest

from superoffice_contract.target.findings import curl_command
from superoffice_contract.target.http import Request
from tests.support.local_servers import QuietHandler, serve_in_thread

CURL, SHELL = shutil.which("curl"), shutil.which("sh")
BASE = "http://127.0.0.1:8204"
JSON = ("Content-Type", "application/json")
ADDED_HEADERS = {"host", "user-agent", "content-length", "accept"}
"""Headers that curl adds."""


def split_command(request: Request, secrets: Collection[str] = ()) -> list[str]:
    return shlex.split(curl_command(BASE, request, secrets))


# ---- the text of a command -------------------------------------------------------------------


def test_a_command_has_each_header_with_real_secrets_hidden_and_invented_ones_whole() -> None:
    for name, value, argument in (
        ("Authorization", "Basic dGplMDpUamUw", "Authorization: Basic [redacted]"),
        ("Authorization", "Basic %%%", "Authorization: Basic %%%"),
        ("Authorization", "SOTicket 7T:nobody", "Authorization: SOTicket 7T:nobody"),
        ("Authorization", "", "Authorization;"),
        ("Authorization", " ", "Authorization;"),
        ("Cookie", "a=dGplMDpUamUw; b=1", "Cookie: a=[redacted]; b=1"),
        ("SO-AppToken", "", "SO-AppToken;"),
        ("X-XSRF-TOKEN", "dGplMDpUamUw more", "X-XSRF-TOKEN: [redacted] more"),
        ("Accept", "dGplMDpUamUw", "Accept: [redacted]"),
        ("dGplMDpUamUw", "a", "[redacted]: a"),
    ):
        request = Request("POST", "/x", ((name, value),), b"{}")
        assert argument in split_command(request, ["Tje0", "dGplMDpUamUw"]), value


def test_a_command_has_no_secret_in_its_path_query_or_body() -> None:
    secret = "8A:Cust12345.t/k+n"
    for path, body in (
        (f"/{secret}/api", b""),
        (f"/api?ticket={quote(secret)}&a=1", b""),
        (f"/api?ticket={quote(secret, safe='')}", b""),
        ("/api", json.dumps({"a": secret}).encode()),
        ("/api", b"\xff" + secret.encode()),
        ("/api", b"a=" + quote_plus(secret).encode()),
        ("/api", b"x" * 390 + secret.encode()),
        ("/api", b"x" * 399 + secret.encode()),
    ):
        command = curl_command(BASE, Request("POST", path, (JSON,), body), [secret])
        assert "t/k" not in unquote(command), path
        assert "Cust" not in command, path
        assert len(shlex.split(command)) > 5, path
    words = split_command(Request("GET", f"/{secret}"), [secret])
    assert words == ["curl", "-i", "-X", "GET", "--globoff", f"{BASE}/[redacted]"]


def test_a_command_has_one_line_and_no_secret_whatever_was_sent() -> None:
    secrets = ("a\nb c", "a", "%%%%", "'\"'\"")
    for secret in secrets[0], secrets[2], secrets[3]:
        body = f"<a>\n  {secret}\t</a>\r\n".encode()
        command = curl_command(BASE, Request("POST", "/a", (JSON,), body), secrets)
        assert command.isprintable(), secret
        assert "[redacted]" in command
        assert "/a" in command.split()[-1]


def test_a_command_is_quoted_for_the_shell() -> None:
    body = json.dumps({"it's": '$HOME `x` "y"'}).encode()
    assert split_command(Request("PUT", "/a?$select=x&y=1", (JSON,), body)) == [
        *("curl", "-i", "-X", "PUT", "-H", "Content-Type: application/json"),
        *("--data-binary", body.decode(), f"{BASE}/a?$select=x&y=1"),
    ]


def test_a_shortened_body_shows_its_full_length() -> None:
    suffix = "… (10000 bytes in all)"
    assert "[" * 400 + suffix in split_command(Request("POST", "/", (), b"[" * 10_000))
    words = split_command(Request("POST", "/", (), b"\xff" * 10_000))
    assert words[:3] == ["printf", r"\377" * 400 + suffix, "|"]
    assert "[" * 400 in split_command(Request("POST", "/", (), b"[" * 400))


# ---- the request that a command sends --------------------------------------------------------


class RecordingHandler(QuietHandler):
    """Records requests."""

    protocol_version = "HTTP/1.1"
    requests: list[Request]

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._record
        raise AttributeError(name)

    def _record(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.requests.append(Request(self.command, self.path, tuple(self.headers.items()), body))
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"hello")


@contextmanager
def record_requests() -> Iterator[tuple[str, list[Request]]]:
    """Run a server; yield its URL and the requests that arrive."""
    requests: list[Request] = []
    handler = type("Handler", (RecordingHandler,), {"requests": requests})
    with serve_in_thread(HTTPServer(("127.0.0.1", 0), handler)) as url:
        yield url, requests


@pytest.mark.skipif(CURL is None or SHELL is None, reason="needs curl and a shell")
@pytest.mark.parametrize(
    "expected",
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
    ids=lambda expected: (
        f"{expected.method} {expected.path} {expected.headers} {expected.body[:9]!r}"
    ),
)
def test_a_command_sends_the_request_again(expected: Request) -> None:
    with record_requests() as (url, requests):
        command = curl_command(url, expected, ())
        environment = {"no_proxy": "*", "PATH": os.environ["PATH"]}
        completed = subprocess.run(
            [str(SHELL), "-c", command],
            env=environment,
            timeout=20,
            check=True,
            capture_output=True,
        )
    (received,) = requests
    received_parts = (received.method, received.path, received.body)
    assert received_parts == (expected.method, expected.path, expected.body)
    assert (
        tuple(pair for pair in received.headers if pair[0].lower() not in ADDED_HEADERS)
        == expected.headers
    )
    assert b"200 OK" in completed.stdout
