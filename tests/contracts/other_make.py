"""A server of another make: the documented call, onsite, by the standard library alone.

It knows nothing of `/_mock/`, and its throttle keeps real time. A `Make` says how it differs.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from tests.contracts.other_bodies import FORM, JSON, XML, Refused, accounts

PATH: Final = re.compile(r"(?:/([^/]+))?/api/v1/agents/email/syncemailaccounts/?", re.IGNORECASE)
METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST")
STALE: Final = (("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"))
DESCRIPTION: Final = {
    "Method": "POST",
    "Path": "/api/v1/Agents/EMail/SyncEmailAccounts",
    "Summary": "Sync.",
    "Description": "Starts a sync.",
    "Parameters": [],
    "MediaTypes": sorted({*JSON, *XML, FORM}),
    "Credentials": ["Basic"],
    "Responses": [{"Status": 204, "Description": "No Content"}],
}


@dataclass(frozen=True, slots=True)
class Make:
    """What this make does; the defaults keep the contract."""

    accepted: int = 204
    accepted_headers: tuple[tuple[str, str], ...] = ()
    busy_seconds: float = 1.0
    run_seconds: float = 0.3
    media_types: frozenset[str] = frozenset({*JSON, *XML, FORM})
    challenges: bool = True
    redirects_to: str | None = None
    waits: threading.Event | None = None


@dataclass(slots=True)
class Office:
    """One installation: who may sign in, and until when a run holds the lease."""

    make: Make
    ends_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, accounts: int) -> bool:
        """Start a run, unless one is under way."""
        with self.lock:
            now = time.monotonic()
            if now < self.ends_at:
                return False
            if accounts:
                self.ends_at = now + self.make.run_seconds
            return True

    def knows(self, authorization: list[str], cookie: str, xsrf: str | None) -> bool:
        """Tell whether these headers are a user's, a ticket's or a session's."""
        if not authorization:
            pairs = [one.strip() for one in cookie.split(";")]
            return "ASP.NET_SessionId=other-session" in pairs and xsrf == "other-xsrf"
        scheme, _, value = authorization[0].partition(" ")
        known = {
            "basic": base64.b64encode(b"kari:Kari").decode(),
            "soticket": "7T:other-ticket",
        }
        return len(authorization) == 1 and known.get(scheme.lower()) == value


# ---- HTTP ------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    office: Office

    def __getattr__(self, name: str) -> Any:
        """Answer every method in one place."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        make = self.office.make
        if make.waits is not None:
            make.waits.wait()
        try:
            status, headers, content = self.answered(body)
        except Refused as refused:
            status, headers = refused.status, (*refused.headers, *STALE)
            content = self.envelope(str(refused))
        if content:
            kind = "application/xml" if content.startswith(b"<") else "application/json"
            headers = (*headers, ("Content-Type", f"{kind}; charset=utf-8"))
        if status >= 300 or content or self.command in ("HEAD", "OPTIONS"):
            headers = (*headers, ("Content-Length", str(len(content))))
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Date", self.date_time_string())
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else content))
        self.flush_headers()

    def answered(self, body: bytes) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Return the answer to one request."""
        make = self.office.make
        if make.redirects_to is not None:
            return 302, (("Location", make.redirects_to),), b""
        path = PATH.fullmatch(urlsplit(self.path).path)
        if path is None or re.fullmatch(r"cust\d{5}", path[1] or "", re.IGNORECASE):
            raise Refused(404, "nothing here")
        if self.command not in METHODS:
            raise Refused(405, "no", ("Allow", ", ".join(METHODS)))
        if self.command == "OPTIONS":
            return 200, (("Allow", ", ".join(METHODS)),), b""
        if self.command != "POST":
            return 200, (), json.dumps(DESCRIPTION).encode()
        self.sign_in()
        if "Content-Encoding" in self.headers:
            raise Refused(415, "no encodings")
        if not self.office.take(
            len(accounts(body, self.headers.get("Content-Type", ""), make.media_types))
        ):
            time.sleep(make.busy_seconds)
        content = b"" if make.accepted == 204 else b"{}"
        return make.accepted, (*STALE, *make.accepted_headers), content

    def envelope(self, message: str) -> bytes:
        """Return the body of an error, as the caller prefers it."""
        if self.headers.get("Accept") != "application/xml":
            return json.dumps({"Message": message}).encode()
        error = ET.Element("Error")
        ET.SubElement(error, "Message").text = message
        return ET.tostring(error)

    def sign_in(self) -> None:
        """Raise Refused for callers that nobody knows."""
        given = self.headers.get_all("Authorization", [])
        cookie, xsrf = self.headers.get("Cookie", ""), self.headers.get("X-XSRF-TOKEN")
        if not self.office.knows(given, cookie, xsrf):
            schemes = (("WWW-Authenticate", 'Basic realm="other", SOTicket'),)
            raise Refused(401, "who?", *(schemes if self.office.make.challenges else ()))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A thread a connection; a caller who hangs up is nobody's error."""

    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(make: Make) -> Iterator[str]:
    """Serve until the block ends, and yield the URL."""
    handler = type("OneHandler", (Handler,), {"office": Office(make)})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            if make.waits is not None:
                make.waits.set()
            server.shutdown()
            thread.join()
