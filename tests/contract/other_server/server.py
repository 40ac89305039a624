"""A server of another make: the documented call, onsite, by the standard library alone.

It knows nothing of `/_mock/`, and its throttle keeps real time. A `Make` says how it differs.
"""

import base64
import json
import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from tests.contract.other_server.bodies import FORM, JSON, XML, Refused, accounts

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
    """What this make does; the defaults keep the contract.

    *waits_for* is the method that it hangs on when *waits* is there, "" for all. *frees*: it ends
    the run when somebody hangs up who was turned away. Of *typed_every* 204s one has a type.
    """

    accepted: int = 204
    accepted_headers: tuple[tuple[str, str], ...] = ()
    busy_seconds: float = 1.0
    run_seconds: float = 0.3
    media_types: frozenset[str] = frozenset({*JSON, *XML, FORM})
    challenges: bool = True
    schemes: tuple[str, ...] = ('Basic realm="other", SOTicket',)
    redirects_to: str | None = None
    waits: threading.Event | None = None
    waits_for: str = ""
    hangs_up_on: str | None = None
    blocking: bool = False
    tries: bool = False
    withdraws: bool = False
    frees: bool = False
    empty_waits: bool = True
    goes_on: bool = True
    chunks: bool = True
    envelopes: tuple[str, ...] = ("webapi",)
    typed_every: int = 0
    options: int = 200
    error_root: str = "Error"
    gaps: bool = True
    utf_16: bool = False
    listed: str | None = None


@dataclass(slots=True)
class Office:
    """One installation: who may sign in, and until when a run holds the lease."""

    make: Make
    ends_at: float = 0.0
    freed: threading.Condition = field(default_factory=threading.Condition)
    answers: Iterator[int] = field(default_factory=count)

    def take(self, accounts: int) -> bool:
        """Start a run, unless one is under way, and perhaps wait for its end."""
        deadline = time.monotonic() + self.make.busy_seconds
        with self.freed:
            while (now := time.monotonic()) < self.ends_at:
                if not self.make.tries or now >= deadline:
                    return False
                self.freed.wait(min(self.ends_at, deadline) - now)
            if accounts:
                self.ends_at = now + self.make.run_seconds
            return True

    def end(self) -> None:
        """End the run."""
        with self.freed:
            self.ends_at = 0.0
            self.freed.notify_all()

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
        make = self.office.make
        if make.waits is not None and make.waits_for in ("", self.command):
            make.waits.wait()
        if self.command == make.hangs_up_on:
            self.close_connection = True
            return
        try:
            status, headers, content = self.answered(self.body())
        except Refused as refused:
            status, headers = refused.status, (*refused.headers, *STALE, *self.shared())
            content = self.envelope(str(refused), next(self.office.answers))
        if content:
            kind = "application/xml" if content.startswith(b"<") else "application/json"
            headers = (*headers, ("Content-Type", f"{kind}; charset=utf-8"))
        if status >= 300 or content or (status != 204 and self.command in ("HEAD", "OPTIONS")):
            headers = (*headers, ("Content-Length", str(len(content))))
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Date", self.date_time_string())
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else content))
        self.flush_headers()

    def handle_expect_100(self) -> bool:
        """Tell the caller to go on, as it waits for that."""
        return super().handle_expect_100() if self.office.make.goes_on else True

    def body(self) -> bytes:
        """Return the body, whole or in chunks."""
        if self.headers.get("Transfer-Encoding") is None:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.office.make.chunks:
            self.close_connection = True
            raise Refused(400, "a length is needed")
        found = b""
        while (size := int(self.rfile.readline(), 16)) > 0:
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def gone_within(self, seconds: float) -> bool:
        """Wait *seconds*, or until the caller hangs up."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

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
            return make.options, (("Allow", ", ".join(METHODS)), *self.shared()), b""
        if self.command != "POST":
            return 200, (), json.dumps(DESCRIPTION).encode()
        self.sign_in()
        if "Content-Encoding" in self.headers:
            raise Refused(415, "no encodings")
        kind = self.headers.get("Content-Type", "")
        if make.utf_16 and "charset" not in kind and body[:2] in (b"\xff\xfe", b"\xfe\xff"):
            kind += "; charset=utf-16"
        self.call(len(accounts(body, kind, make.media_types, gaps=make.gaps)))
        content = b"" if make.accepted == 204 else b"{}"
        number = next(self.office.answers)
        typed = make.typed_every and number % make.typed_every == 0
        more = (("Content-Type", "application/json"),) if typed else ()
        return make.accepted, (*STALE, *make.accepted_headers, *more, *self.shared()), content

    def call(self, number: int) -> None:
        """Sync that many accounts, or wait for the second of a call that is turned away."""
        make, arrived = self.office.make, time.monotonic()
        if not make.empty_waits and not number:
            return
        if not self.office.take(number):
            left = make.busy_seconds - (time.monotonic() - arrived)
            if self.gone_within(max(left, 0)) and make.frees:
                self.office.end()
        elif make.blocking and number and self.gone_within(make.run_seconds) and make.withdraws:
            self.office.end()

    def shared(self) -> tuple[tuple[str, str], ...]:
        """Return what a page of the listed origin is told."""
        origin = self.headers.get("Origin")
        if origin is None or origin != self.office.make.listed:
            return ()
        asked = self.headers.get("Access-Control-Request-Headers", "")
        return (
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", ", ".join(METHODS)),
            ("Access-Control-Allow-Headers", asked),
            ("Vary", "Origin"),
        )

    def envelope(self, message: str, number: int) -> bytes:
        """Return the body of an error, as the caller prefers it."""
        envelopes = self.office.make.envelopes
        if self.headers.get("Accept") != "application/xml":
            content: dict[str, Any] = {"Message": message}
            if envelopes[number % len(envelopes)] == "netserver":
                content |= {"Error": True, "ErrorType": "Other", "ErrorSource": "here"}
            return json.dumps(content).encode()
        error = ET.Element(self.office.make.error_root)
        ET.SubElement(error, "Message").text = message
        return ET.tostring(error)

    def sign_in(self) -> None:
        """Raise Refused for callers that nobody knows."""
        given = self.headers.get_all("Authorization", [])
        cookie, xsrf = self.headers.get("Cookie", ""), self.headers.get("X-XSRF-TOKEN")
        if not self.office.knows(given, cookie, xsrf):
            schemes = tuple(("WWW-Authenticate", one) for one in self.office.make.schemes)
            raise Refused(401, "who?", *(schemes if self.office.make.challenges else ()))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A thread a connection; a caller who hangs up is nobody's error."""

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
