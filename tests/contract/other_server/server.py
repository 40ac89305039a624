"""An independent server for the documented call, onsite, with the standard library only.

It has no `/_mock/`, and its throttle uses real time. A `ServerBehavior` says what it does.
"""

import base64
import json
import re
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from itertools import count
from random import uniform
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from tests.contract.other_server.bodies import FORM, JSON, XML, HttpError, accounts
from tests.support.local_servers import QuietHandler, serve_in_thread

PATH: Final = re.compile(r"(?:/([^/]+))?/api/v1/agents/email/syncemailaccounts/?", re.IGNORECASE)
METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST")
NO_CACHE: Final = (("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"))
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
class ServerBehavior:
    """What the server does; the defaults keep the contract.

    These are lawful: *version* of HTTP, *latency* of every answer between two lengths,
    *closes* every connection, *idle_seconds* until it closes one, *request_ids* that vary; one of
    *content_type_every* 204s has a Content-Type. Until *hang* is set, it does not answer requests
    with the method *hang_on*, "" for all methods. *behind_answers* are the bytes that follow an
    answer, by its method and status; *raw_answer* replaces those to accepted calls.
    *any_disconnect_ends_run*: a turned-away client that hangs up ends the run. *lease_per*: the
    header that has a lease for each of its values, or "path", "query" or "body". *race_seconds*
    pass between a look at the lease and its being taken. *one_waits*: of the turned-away calls
    only one at a time waits.
    """

    accepted: int = 204
    accepted_headers: tuple[tuple[str, str], ...] = ()
    busy_seconds: float = 1.0
    run_seconds: float = 0.3
    media_types: frozenset[str] = frozenset({*JSON, *XML, FORM})
    challenges: bool = True
    schemes: tuple[str, ...] = ('Basic realm="other", SOTicket',)
    redirects_to: str | None = None
    hang: threading.Event | None = None
    hang_on: str = ""
    disconnect_on: str | None = None
    blocking: bool = False
    waits_for_lease: bool = False
    disconnect_ends_run: bool = False
    any_disconnect_ends_run: bool = False
    empty_list_waits: bool = True
    sends_continue: bool = True
    reads_chunks: bool = True
    envelopes: tuple[str, ...] = ("webapi",)
    content_type_every: int = 0
    options: int = 200
    error_root: str = "Error"
    allows_gaps: bool = True
    detects_utf_16: bool = False
    allowed_origin: str | None = None
    version: str = "HTTP/1.1"
    latency: tuple[float, float] = (0.0, 0.0)
    closes: bool = False
    idle_seconds: float | None = None
    request_ids: bool = False
    lease_per: str = ""
    runs_at_once: int = 1
    race_seconds: float = 0.0
    one_waits: bool = False
    free_media_types: frozenset[str] = frozenset()
    turned_away: int = 204
    turned_away_headers: tuple[tuple[str, str], ...] = ()
    closes_turned_away: bool = False
    behind_answers: Mapping[str, bytes] = field(default_factory=dict)
    raw_answer: bytes | None = None


@dataclass(slots=True)
class Installation:
    """One installation: which credentials it accepts, and until when a run holds the lease."""

    behavior: ServerBehavior
    ends_at: dict[object, float] = field(default_factory=dict)
    lease_freed: threading.Condition = field(default_factory=threading.Condition)
    waiting: threading.Lock = field(default_factory=threading.Lock)
    errors: Iterator[int] = field(default_factory=count)
    successes: Iterator[int] = field(default_factory=count)

    def take(self, accounts: int, lease: object = None) -> bool:
        """Start a run, unless one is under way, and perhaps wait for its end."""
        deadline = time.monotonic() + self.behavior.busy_seconds
        with self.lease_freed:
            while (now := time.monotonic()) < (ends_at := min(self.ends_by_slot(lease).values())):
                if not self.behavior.waits_for_lease or now >= deadline:
                    return False
                self.lease_freed.wait(min(ends_at, deadline) - now)
            if self.behavior.race_seconds:
                self.lease_freed.wait(self.behavior.race_seconds)  # others take it meanwhile
            if accounts:
                ends = self.ends_by_slot(lease)
                self.ends_at[min(ends, key=ends.__getitem__)] = now + self.behavior.run_seconds
            return True

    def ends_by_slot(self, lease: object) -> dict[object, float]:
        """Return when the last run of each slot of *lease* ends."""
        slots = [(lease, number) for number in range(self.behavior.runs_at_once)]
        return {slot: self.ends_at.get(slot, 0.0) for slot in slots}

    def end(self) -> None:
        """End the run."""
        with self.lease_freed:
            self.ends_at.clear()
            self.lease_freed.notify_all()

    def is_known(self, authorization: list[str], cookie: str, xsrf: str | None) -> bool:
        """Return whether these headers are those of the user, the ticket or the session."""
        if not authorization:
            pairs = [pair.strip() for pair in cookie.split(";")]
            return "ASP.NET_SessionId=other-session" in pairs and xsrf == "other-xsrf"
        scheme, _, value = authorization[0].partition(" ")
        value_by_scheme = {
            "basic": base64.b64encode(b"kari:Kari").decode(),
            "soticket": "7T:other-ticket",
        }
        return len(authorization) == 1 and value_by_scheme.get(scheme.lower()) == value


# ---- HTTP ------------------------------------------------------------------------------------


class Handler(QuietHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    installation: Installation

    def __getattr__(self, name: str) -> Any:
        """Return `answer` for every HTTP method."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        """Answer one request."""
        behavior = self.installation.behavior
        if behavior.hang is not None and behavior.hang_on in ("", self.command):
            behavior.hang.wait()
        if self.command == behavior.disconnect_on:
            self.close_connection = True
            return
        try:
            status, headers, content = self.build_answer(self.read_body())
        except HttpError as error:
            status, headers = error.status, (*error.headers, *NO_CACHE, *self.cors_headers())
            content = self.error_body(str(error), next(self.installation.errors))
        if content:
            kind = "application/xml" if content.startswith(b"<") else "application/json"
            headers = (*headers, ("Content-Type", f"{kind}; charset=utf-8"))
        if status >= 300 or content or (status != 204 and self.command in ("HEAD", "OPTIONS")):
            headers = (*headers, ("Content-Length", str(len(content))))
        if status == behavior.accepted and behavior.raw_answer is not None:
            self.close_connection = True
            self.wfile.write(behavior.raw_answer)
            return
        time.sleep(uniform(*behavior.latency))
        if behavior.request_ids:
            id_ = str(uniform(0, 1))
            headers = (*headers, ("X-Request-Id", id_), ("Set-Cookie", f"id={id_}"))
        if behavior.closes:
            headers = (*headers, ("Connection", "close"))
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Date", self.date_time_string())
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else content))
        behind = behavior.behind_answers.get(f"{self.command} {status}", b"")
        self._headers_buffer.append(behind)
        self.flush_headers()

    def handle_expect_100(self) -> bool:
        """Send the 100 that the client waits for."""
        return super().handle_expect_100() if self.installation.behavior.sends_continue else True

    def read_body(self) -> bytes:
        """Return the body, whole or in chunks."""
        if self.headers.get("Transfer-Encoding") is None:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.installation.behavior.reads_chunks:
            self.close_connection = True
            raise HttpError(400, "a length is needed")
        body = b""
        while (size := int(self.rfile.readline(), 16)) > 0:
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def has_disconnected_within(self, seconds: float) -> bool:
        """Wait *seconds*, or until the client hangs up; return whether it did."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def build_answer(self, body: bytes) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Return the answer to one request."""
        behavior = self.installation.behavior
        if behavior.redirects_to is not None:
            return 302, (("Location", behavior.redirects_to),), b""
        path = PATH.fullmatch(urlsplit(self.path).path)
        if path is None or re.fullmatch(r"cust\d{5}", path[1] or "", re.IGNORECASE):
            raise HttpError(404, "nothing here")
        if self.command not in METHODS:
            raise HttpError(405, "no", ("Allow", ", ".join(METHODS)))
        if self.command == "OPTIONS":
            return behavior.options, (("Allow", ", ".join(METHODS)), *self.cors_headers()), b""
        if self.command != "POST":
            return 200, (), json.dumps(DESCRIPTION).encode()
        self.sign_in()
        if "Content-Encoding" in self.headers:
            raise HttpError(415, "no encodings")
        content_type = self.headers.get("Content-Type", "")
        has_mark = body[:2] in (b"\xff\xfe", b"\xfe\xff")
        if behavior.detects_utf_16 and has_mark and "charset" not in content_type:
            content_type += "; charset=utf-16"
        allows_gaps = behavior.allows_gaps
        items = accounts(body, content_type, behavior.media_types, allows_gaps=allows_gaps)
        has_run = self.sync_accounts(len(items), content_type.partition(";")[0], self.lease(body))
        status = behavior.accepted if has_run else behavior.turned_away
        content = b"" if status == 204 else b"{}"
        number = next(self.installation.successes)
        has_content_type = behavior.content_type_every and number % behavior.content_type_every == 0
        type_headers = (("Content-Type", "application/json"),) if has_content_type else ()
        headers = (*NO_CACHE, *behavior.accepted_headers, *type_headers, *self.cors_headers())
        if not has_run:
            headers += behavior.turned_away_headers
            self.close_connection |= behavior.closes_turned_away
        return status, headers, content

    def lease(self, body: bytes) -> object:
        """Return which lease the call has to take."""
        url, name = urlsplit(self.path), self.installation.behavior.lease_per
        parts = {"": None, "path": url.path, "query": url.query, "body": body}
        return parts[name] if name in parts else self.headers.get(name)

    def sync_accounts(self, count: int, media_type: str, lease: object) -> bool:
        """Sync that many accounts, or wait for the second of a turned-away call."""
        behavior, started_at = self.installation.behavior, time.monotonic()
        is_free = media_type in behavior.free_media_types
        if is_free or (not behavior.empty_list_waits and not count):
            return True
        if not self.installation.take(count, lease):
            waiting = self.installation.waiting if behavior.one_waits else threading.Lock()
            if waiting.acquire(blocking=False):
                remaining = behavior.busy_seconds - (time.monotonic() - started_at)
                has_disconnected = self.has_disconnected_within(max(remaining, 0))
                if has_disconnected and behavior.any_disconnect_ends_run:
                    self.installation.end()
                waiting.release()
            return False
        if behavior.blocking and count:
            has_disconnected = self.has_disconnected_within(behavior.run_seconds)
            if has_disconnected and behavior.disconnect_ends_run:
                self.installation.end()
        return True

    def cors_headers(self) -> tuple[tuple[str, str], ...]:
        """Return the CORS headers for a page of the allowed origin."""
        origin = self.headers.get("Origin")
        if origin is None or origin != self.installation.behavior.allowed_origin:
            return ()
        request_headers = self.headers.get("Access-Control-Request-Headers", "")
        return (
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", ", ".join(METHODS)),
            ("Access-Control-Allow-Headers", request_headers),
            ("Vary", "Origin"),
        )

    def error_body(self, message: str, number: int) -> bytes:
        """Return the body of an error, in the format that the client accepts."""
        envelopes = self.installation.behavior.envelopes
        if self.headers.get("Accept") != "application/xml":
            content: dict[str, Any] = {"Message": message}
            if envelopes[number % len(envelopes)] == "netserver":
                content |= {"Error": True, "ErrorType": "Other", "ErrorSource": "here"}
            return json.dumps(content).encode()
        error = ET.Element(self.installation.behavior.error_root)
        ET.SubElement(error, "Message").text = message
        return ET.tostring(error)

    def sign_in(self) -> None:
        """Raise HttpError unless the request has valid credentials."""
        authorization = self.headers.get_all("Authorization", [])
        cookie, xsrf = self.headers.get("Cookie", ""), self.headers.get("X-XSRF-TOKEN")
        if not self.installation.is_known(authorization, cookie, xsrf):
            behavior = self.installation.behavior
            schemes = behavior.schemes if behavior.challenges else ()
            raise HttpError(401, "who?", *(("WWW-Authenticate", scheme) for scheme in schemes))


class Server(ThreadingHTTPServer):
    """A server with a thread for each connection, which ignores clients that hang up."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def run_other_server(behavior: ServerBehavior) -> Iterator[str]:
    """Serve until the block ends, and yield the URL."""
    members = {
        "installation": Installation(behavior),
        "protocol_version": behavior.version,
        "timeout": behavior.idle_seconds,
    }
    handler = type("OneHandler", (Handler,), members)
    with serve_in_thread(Server(("127.0.0.1", 0), handler)) as url:
        try:
            yield url
        finally:
            if behavior.hang is not None:
                behavior.hang.set()
