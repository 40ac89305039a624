"""Generates the shipped fixtures: redacted and labelled calls of a mock with frozen clocks.

`python -m tests.support.make_fixtures` writes them; a test compares them with today's answers.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from superoffice_mock.core.journal import Exchange
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import (
    About,
    Entry,
    Label,
    Outcome,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from superoffice_mock.redaction.redactor import Options, Redactor
from tests.e2e.payloads import (
    BASIC,
    BEARER,
    PAYLOADS,
    SESSION,
    TICKET,
    TICKET_WITH_APP,
    path_prefix,
)
from tests.support.in_process import PATH, InProcessMock

FOLDER = Path(__file__).parents[2] / "fixtures"
HOST = "http://crm.example"
ONLINE = "Cust12345"
KEY = b"the shipped fixtures hold nothing but what is published"
RUN = 10.0
"""Seconds after which any run of a fixture has ended."""
GOOD_HEADERS = {**BASIC, "Content-Type": "application/json"}
ONE_ACCOUNT = '{"SyncUserAccounts":[{"AccountId":507}]}'
SAMPLE = """\
{
  "SyncUserAccounts": [
    {
      "AccountId": 507,
      "AssociateName": "Walker LLC",
      "AssociateId": 874
    },
    {
      "AccountId": 507,
      "AssociateName": "Walker LLC",
      "AssociateId": 874
    }
  ]
}"""


@dataclass(frozen=True)
class Step:
    """One call, what it proves, and the pause after its answer.

    Its headers are *headers*, or JSON with *credentials*, or those of a correct call with *media*.
    """

    proves: str
    claims: str
    tenant: str = "onsite"
    credentials: Mapping[str, str] | None = None
    body: str = ONE_ACCOUNT
    media: str = "application/json"
    headers: Mapping[str, str] | None = None
    method: str = "POST"
    path: str | None = None
    pause: float = RUN

    @property
    def target(self) -> str:
        """The path and query."""
        return path_prefix(self.tenant) + PATH if self.path is None else self.path

    @property
    def all_headers(self) -> Mapping[str, str]:
        """The headers to send."""
        if self.headers is not None:
            return self.headers
        if self.credentials is not None:
            return {"Content-Type": "application/json", **self.credentials}
        return {**BASIC, "Content-Type": self.media}

    @property
    def request(self) -> RecordedRequest:
        """The request to send."""
        headers = tuple((name.lower(), value) for name, value in self.all_headers.items())
        url, body = HOST + self.target, self.body.encode()
        return RecordedRequest(self.method, url, headers=headers, body=body)


# ---- the fixtures ----------------------------------------------------------------------------

SAMPLE_HEADERS = {
    **BASIC,
    "Accept": "application/json; charset=utf-8",
    "Accept-Language": "*",
    "Content-Type": "application/json; charset=utf-8",
}
PAGE_SAMPLE = [
    Step(
        "the request that the vendor's page shows starts a run; its answer has no body",
        "sample-request sample-duplicate starts-sync no-content no-body",
        headers=SAMPLE_HEADERS,
        body=SAMPLE,
    )
]

LOWER_CASE = {"Authorization": "soticket 7T:demo-ticket"}
CREDENTIALS = [
    Step("onsite: a user's password", "basic-onsite", "onsite", BASIC),
    Step("onsite: a ticket", "ticket-onsite", "onsite", TICKET),
    Step("onsite: a session with its XSRF value", "xsrf-pair xsrf-header", "onsite", SESSION),
    Step("Online: a ticket and the token of an app", "ticket-online", ONLINE, TICKET_WITH_APP),
    Step("Online: an access token", "bearer-online", ONLINE, BEARER),
    Step("Online: a session with its XSRF value", "xsrf-everywhere", ONLINE, SESSION),
    Step("a scheme in lower case", "scheme-case", "onsite", LOWER_CASE),
]

MEDIA_TYPES = [
    Step(f"the same accounts as {media}", "media-types same-effect", media=media, body=body)
    for media, body in PAYLOADS.items()
]

TURNED_AWAY = [
    Step("the first call starts a run", "single-run starts-sync", pause=0.25),
    Step(
        "a call during the run gets the same answer after a second, and starts no run",
        "silent-drop busy-second same-answer",
    ),
    Step("a call after the run starts one", "lease-end", pause=0.25),
    Step("a run does not affect other tenants", "lease-tenant", ONLINE, BEARER),
]

UNKNOWN_USER = {"Authorization": "Basic bm9ib2R5Om5vLXBhc3N3b3Jk"}
BROKEN_BASIC = {"Authorization": "Basic %"}
SESSION_ALONE = {"Cookie": SESSION["Cookie"]}
TEXT_ID = ONE_ACCOUNT.replace("507", '"507"')
LARGE_ID = ONE_ACCOUNT.replace("507", "2147483648")
TOO_MANY = f'{{"SyncUserAccounts":[{",".join(["{}"] * 10_001)}]}}'
FORM = "application/x-www-form-urlencoded"
EBCDIC = "text/json; charset=ebcdic"
PREFERS_XML = GOOD_HEADERS | {"Accept": "application/xml"}
COMPRESSED = GOOD_HEADERS | {"Content-Encoding": "br"}
ERRORS = [
    Step("400: no body", "body-required", body=""),
    Step("400: a body that is cut short", "body-syntax", body=ONE_ACCOUNT[:-3]),
    Step("400: text instead of a number", "body-shape error-place", body=TEXT_ID),
    Step("400: a number that is too large", "account-id-int32", body=LARGE_ID),
    Step("400: XML with a DTD", "xml-dtd", media="text/xml", body="<!DOCTYPE a><a/>"),
    Step(
        "400: a form key with an invalid path",
        "form-shape",
        media=FORM,
        body="SyncUserAccounts.AccountId=507",
    ),
    Step("400 as XML, if Accept prefers it", "error-format", headers=PREFERS_XML, body="[]"),
    Step("401: no credentials", "unauthorized www-authenticate", "onsite", {}),
    Step("401: an unknown user", "unauthorized", "onsite", UNKNOWN_USER),
    Step("401: malformed Basic", "credentials-malformed", "onsite", BROKEN_BASIC),
    Step("401: a session without its XSRF value", "xsrf-half", "onsite", SESSION_ALONE),
    Step("401: an access token, onsite", "bearer-online-only", "onsite", BEARER),
    Step("401: a password, Online", "basic-onsite-only", ONLINE),
    Step("401: a ticket without the app's token", "app-token-online", ONLINE, TICKET),
    Step("401: an app without the EMail agent", "restricted-status", "Cust54321", TICKET_WITH_APP),
    Step("404: no such tenant", "path-unknown-tenant", path=f"/Cust99999{PATH}"),
    Step("404: an undocumented path", "path-unknown", path="/api/Other"),
    Step("501: a method without emulation", "not-emulated", path="/api/v1/Agents/EMail/Other"),
    Step("404: /api/v1 twice", "path-doubled", path=f"/api/v1{PATH}"),
    Step("405: another method", "method-not-allowed", method="PUT"),
    Step("413: more accounts than a call may have", "body-limit", body=TOO_MANY),
    Step("415: another media type", "media-type-other", media="text/plain"),
    Step("415: no media type", "media-type-other", headers=BASIC),
    Step("415: an unknown charset", "charset-unknown", media=EBCDIC),
    Step("415: a compressed body", "content-encoding", headers=COMPRESSED),
]

CLIENT_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "SO-TS-WebApi/1.0",
    "Accept-Encoding": "gzip, compress, deflate, br",
}
"""The headers of the vendor's TypeScript client; a test compares them with the real one."""
CLIENT_BODY = (
    '{"syncUserAccounts":[{"accountId":507,"associateName":"Walker LLC","associateId":874}]}'
)
READY_ACCOUNT_BODY = (
    '{"syncUserAccounts":[{"tableRight":{"mask":15,"reason":""},"fieldProperties":{"AccountId":'
    '{"fieldRight":{"mask":0,"reason":""},"fieldType":"System.Int32"}},"accountId":507,'
    '"associateName":"Walker LLC","associateId":874}]}'
)
CREATED = "authenticateWithPassword, and an account that the app creates"
READY = "an account from getReadySyncEmailAccounts, sent unchanged"
WITH_TICKET = "authenticateWithTicket and applicationToken"
TYPESCRIPT_CLIENT = [
    Step(proves, claims, tenant, headers=CLIENT_HEADERS | credentials, body=body)
    for proves, claims, tenant, credentials, body in (
        (CREATED, "camel-case basic-onsite", "onsite", BASIC, CLIENT_BODY),
        (READY, "carrier-members", "onsite", BASIC, READY_ACCOUNT_BODY),
        (WITH_TICKET, "ticket-online", ONLINE, TICKET_WITH_APP, CLIENT_BODY),
        ("authenticateWithToken", "bearer-online", ONLINE, BEARER, CLIENT_BODY),
        ("no sign-in", "unauthorized", "onsite", {}, CLIENT_BODY),
    )
]

AGENT = "/api/v1/Agents/EMail/"
READY_NAME, SYNC_NAME = "GetReadySyncEmailAccounts", "SyncEmailAccounts"
ACCOUNT_NAME = "GetEMailAccount?EMailAccountId="
DUE_BODY, OTHER_DUE_BODY = (CLIENT_BODY.replace("507", id_) for id_ in ("509", "510"))
ACCOUNT_LOOP = [
    Step(
        proves,
        claims,
        headers=CLIENT_HEADERS | BASIC,
        body=body,
        path=f"{AGENT}{name}",
        pause=pause,
    )
    for proves, claims, name, body, pause in (
        ("which accounts are due", "ready-list null-body", READY_NAME, "null", 1.0),
        ("a sync of one of them starts a run", "starts-sync", SYNC_NAME, DUE_BODY, 0.25),
        ("a second call is turned away", "silent-drop", SYNC_NAME, OTHER_DUE_BODY, RUN),
        ("LastFetch of the first has advanced", "last-fetch", f"{ACCOUNT_NAME}509", "null", 1.0),
        ("LastFetch of the other has not", "last-fetch-task", f"{ACCOUNT_NAME}510", "null", 1.0),
        ("the app asks for it again", "lease-end", SYNC_NAME, OTHER_DUE_BODY, RUN),
        ("LastFetch has advanced", "last-fetch", f"{ACCOUNT_NAME}510", "null", 1.0),
        ("an id of no account", "agents-null", f"{ACCOUNT_NAME}1", "null", 1.0),
    )
]

OTHER_METHODS = [
    Step("GET describes the call and starts no run", "get-describes", method="GET", body=""),
    Step("HEAD answers like GET, without a body", "head", method="HEAD", body=""),
    Step("OPTIONS lists the methods", "options", method="OPTIONS", body=""),
]

FIXTURES: Mapping[str, tuple[str, list[Step]]] = {
    "page-sample": ("The vendor's own sample starts a run.", PAGE_SAMPLE),
    "credentials": ("Every way to sign in, onsite and Online, is accepted.", CREDENTIALS),
    "media-types": ("Every documented media type has the same effect.", MEDIA_TYPES),
    "turned-away": ("A call during a run is dropped silently after a second.", TURNED_AWAY),
    "errors": ("A request that breaks the contract gets an error and starts no run.", ERRORS),
    "typescript-client": (
        "What the vendor's TypeScript client sends, and what it gets.",
        TYPESCRIPT_CLIENT,
    ),
    "account-loop": (
        "An app asks which accounts are due, syncs them, and sees in LastFetch which were synced.",
        ACCOUNT_LOOP,
    ),
    "other-verbs": ("Other methods describe the call and start no run.", OTHER_METHODS),
}

# ---- generating ------------------------------------------------------------------------------


class FixturePlayer:
    """Plays steps on a mock whose clocks advance only between and during steps."""

    def __init__(self) -> None:
        self._mock = InProcessMock()
        self._tenants = [tenant.facts.id for tenant in self._mock.mock.tenants]

    async def entries(self, steps: list[Step]) -> list[Entry]:
        """Play *steps* and return their entries."""
        for tenant in self._tenants:
            await self._mock.control("POST", f"clock/freeze?tenant={tenant}")
        return [await self._play(step, arrival) for arrival, step in enumerate(steps, 1)]

    async def _play(self, step: Step, arrival: int) -> Entry:
        request = step.request
        old_exchanges = {id(exchange) for exchange in self._exchanges()}
        call = asyncio.create_task(
            self._mock.call(step.method, step.target, request.body or b"", list(request.headers))
        )
        while not call.done():
            await asyncio.sleep(0)
            if any(self._mock.tenant(tenant).waiting for tenant in self._tenants):
                await self._advance(1.0)
        answer = await call
        (exchange,) = (new for new in self._exchanges() if id(new) not in old_exchanges)
        await self._advance(step.pause)
        elapsed = (exchange.elapsed or 0) / 1e9
        label = Label(
            cast(Outcome, exchange.outcome),
            "certain",
            exchange.tenant,
            arrival,
            tuple(step.claims.split()),
            step.proves,
        )
        headers = tuple(answer.headers.items())
        return Entry(
            request=request,
            response=RecordedResponse(answer.status, headers=headers, body=answer.body),
            at=exchange.at / 1e9,
            elapsed=elapsed,
            service_time=elapsed,
            label=label,
        )

    async def _advance(self, seconds: float) -> None:
        for tenant in self._tenants:
            await self._mock.control("POST", f"clock/advance?tenant={tenant}", {"seconds": seconds})

    def _exchanges(self) -> list[Exchange]:
        return [exchange for tenant in self._tenants for exchange in self._mock.exchanges(tenant)]


def fixture_files() -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every fixture, as the mock answers today."""
    for name, (proves, steps) in FIXTURES.items():
        entries = tuple(asyncio.run(FixturePlayer().entries(steps)))
        recording = Recording(entries, About(proves))
        yield (
            f"{name}.har",
            har_file.encode(
                Redactor(KEY, options=Options(keep_messages=True)).redact_recording(recording)
            ),
        )


if __name__ == "__main__":
    for name, content in fixture_files():
        (FOLDER / name).write_bytes(content)
