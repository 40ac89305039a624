"""Generates the shipped fixtures: redacted and labelled calls of a mock with frozen clocks.

`python -m tests.support.make_fixtures` writes them; a test compares them with today's answers.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
from superoffice_mock.redaction.redactor import Redactor
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
    """One call, what it proves, and the pause after its answer."""

    proves: str
    claims: str
    tenant: str = "onsite"
    headers: Mapping[str, str] = field(default_factory=lambda: GOOD_HEADERS)
    body: str = ONE_ACCOUNT
    method: str = "POST"
    path: str | None = None
    pause: float = RUN

    @property
    def target(self) -> str:
        """The path and query."""
        return path_prefix(self.tenant) + PATH if self.path is None else self.path

    @property
    def request(self) -> RecordedRequest:
        """The request to send."""
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        return RecordedRequest(
            self.method, HOST + self.target, headers=headers, body=self.body.encode()
        )


def good_headers(**headers: str) -> dict[str, str]:
    """Return the headers of a correct call, with changes."""
    return GOOD_HEADERS | {name.replace("_", "-").title(): value for name, value in headers.items()}


def with_type(media_type: str) -> dict[str, str]:
    return good_headers(content_type=media_type)


def with_credentials(credentials: Mapping[str, str]) -> dict[str, str]:
    return {"Content-Type": "application/json", **credentials}


# ---- the fixtures ----------------------------------------------------------------------------

PAGE_SAMPLE = [
    Step(
        "the request that the vendor's page shows starts a run; its answer has no body",
        "sample-request sample-duplicate starts-sync no-content no-body",
        headers={
            **BASIC,
            "Accept": "application/json; charset=utf-8",
            "Accept-Language": "*",
            "Content-Type": "application/json; charset=utf-8",
        },
        body=SAMPLE,
    )
]

CREDENTIALS = [
    Step("onsite: a user's password", "basic-onsite", headers=with_credentials(BASIC)),
    Step("onsite: a ticket", "ticket-onsite", headers=with_credentials(TICKET)),
    Step(
        "onsite: a session with its XSRF value",
        "xsrf-pair xsrf-header",
        headers=with_credentials(SESSION),
    ),
    Step(
        "Online: a ticket and the token of an app",
        "ticket-online",
        "Cust12345",
        with_credentials(TICKET_WITH_APP),
    ),
    Step("Online: an access token", "bearer-online", "Cust12345", with_credentials(BEARER)),
    Step(
        "Online: a session with its XSRF value",
        "xsrf-everywhere",
        "Cust12345",
        with_credentials(SESSION),
    ),
    Step(
        "a scheme in lower case",
        "scheme-case",
        headers=with_credentials({"Authorization": "soticket 7T:demo-ticket"}),
    ),
]

MEDIA_TYPES = [
    Step(
        f"the same accounts as {media_type}",
        "media-types same-effect",
        headers=with_type(media_type),
        body=body,
    )
    for media_type, body in PAYLOADS.items()
]

TURNED_AWAY = [
    Step("the first call starts a run", "single-run starts-sync", pause=0.25),
    Step(
        "a call during the run gets the same answer after a second, and starts no run",
        "silent-drop busy-second same-answer",
        pause=RUN,
    ),
    Step("a call after the run starts one", "lease-end", pause=0.25),
    Step(
        "a run does not affect other tenants",
        "lease-tenant",
        "Cust12345",
        with_credentials(BEARER),
    ),
]

UNKNOWN_USER = {"Authorization": "Basic bm9ib2R5Om5vLXBhc3N3b3Jk"}
BROKEN_BASIC = {"Authorization": "Basic %"}
SESSION_ALONE = {"Cookie": SESSION["Cookie"]}
ERRORS = [
    Step("400: no body", "body-required", body=""),
    Step("400: a body that is cut short", "body-syntax", body=ONE_ACCOUNT[:-3]),
    Step(
        "400: text instead of a number",
        "body-shape error-place",
        body=ONE_ACCOUNT.replace("507", '"507"'),
    ),
    Step(
        "400: a number that is too large",
        "account-id-int32",
        body=ONE_ACCOUNT.replace("507", "2147483648"),
    ),
    Step("400: XML with a DTD", "xml-dtd", headers=with_type("text/xml"), body="<!DOCTYPE a><a/>"),
    Step(
        "400: a form key with an invalid path",
        "form-shape",
        headers=with_type("application/x-www-form-urlencoded"),
        body="SyncUserAccounts.AccountId=507",
    ),
    Step(
        "400 as XML, if Accept prefers it",
        "error-format",
        headers=good_headers(accept="application/xml"),
        body="[]",
    ),
    Step("401: no credentials", "unauthorized www-authenticate", headers=with_credentials({})),
    Step("401: an unknown user", "unauthorized", headers=with_credentials(UNKNOWN_USER)),
    Step("401: malformed Basic", "credentials-malformed", headers=with_credentials(BROKEN_BASIC)),
    Step(
        "401: a session without its XSRF value",
        "xsrf-half",
        headers=with_credentials(SESSION_ALONE),
    ),
    Step("401: an access token, onsite", "bearer-online-only", headers=with_credentials(BEARER)),
    Step("401: a password, Online", "basic-onsite-only", "Cust12345"),
    Step(
        "401: a ticket without the app's token",
        "app-token-online",
        "Cust12345",
        with_credentials(TICKET),
    ),
    Step(
        "401: an app without the EMail agent",
        "restricted-status",
        "Cust54321",
        with_credentials(TICKET_WITH_APP),
    ),
    Step("404: no such tenant", "path-unknown-tenant", path=f"/Cust99999{PATH}"),
    Step("404: an undocumented path", "path-unknown", path="/api/v1/Agents/EMail/Other"),
    Step("404: /api/v1 twice", "path-doubled", path=f"/api/v1{PATH}"),
    Step("405: another method", "method-not-allowed", method="PUT"),
    Step(
        "413: more accounts than a call may have",
        "body-limit",
        body=f'{{"SyncUserAccounts":[{",".join(["{}"] * 10_001)}]}}',
    ),
    Step("415: another media type", "media-type-other", headers=with_type("text/plain")),
    Step("415: no media type", "media-type-other", headers=BASIC),
    Step(
        "415: an unknown charset", "charset-unknown", headers=with_type("text/json; charset=ebcdic")
    ),
    Step("415: a compressed body", "content-encoding", headers=good_headers(content_encoding="br")),
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
TYPESCRIPT_CLIENT = [
    Step(
        "authenticateWithPassword, and an account that the app creates",
        "camel-case basic-onsite",
        headers=CLIENT_HEADERS | BASIC,
        body=CLIENT_BODY,
    ),
    Step(
        "an account from getReadySyncEmailAccounts, sent unchanged",
        "carrier-members",
        headers=CLIENT_HEADERS | BASIC,
        body=READY_ACCOUNT_BODY,
    ),
    Step(
        "authenticateWithTicket and applicationToken",
        "ticket-online",
        "Cust12345",
        CLIENT_HEADERS | TICKET_WITH_APP,
        CLIENT_BODY,
    ),
    Step(
        "authenticateWithToken", "bearer-online", "Cust12345", CLIENT_HEADERS | BEARER, CLIENT_BODY
    ),
    Step("no sign-in", "unauthorized", headers=CLIENT_HEADERS, body=CLIENT_BODY),
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
    "other-verbs": ("Other methods describe the call and start no run.", OTHER_METHODS),
}

# ---- generating ------------------------------------------------------------------------------


class FixturePlayer:
    """Plays steps on a mock whose clocks advance only between and during steps."""

    def __init__(self) -> None:
        self._mock = InProcessMock()
        self._tenants = list(self._mock.mock.tenants.ids)

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
        headers = tuple(answer.headers.items())
        response = RecordedResponse(answer.status, headers=headers, body=answer.body)
        return entry(request, response, exchange, step, arrival)

    async def _advance(self, seconds: float) -> None:
        for tenant in self._tenants:
            await self._mock.control("POST", f"clock/advance?tenant={tenant}", {"seconds": seconds})

    def _exchanges(self) -> list[Exchange]:
        return [exchange for tenant in self._tenants for exchange in self._mock.exchanges(tenant)]


def entry(
    request: RecordedRequest,
    response: RecordedResponse,
    exchange: Exchange,
    step: Step,
    arrival: int,
) -> Entry:
    """Return the entry of a step, labelled from the journal's *exchange*."""
    elapsed = (exchange.elapsed or 0) / 1e9
    label = Label(
        cast(Outcome, exchange.outcome),
        "certain",
        exchange.tenant,
        arrival,
        tuple(step.claims.split()),
        step.proves,
    )
    return Entry(
        request=request,
        response=response,
        at=exchange.at / 1e9,
        elapsed=elapsed,
        service_time=elapsed,
        label=label,
    )


def fixture_files() -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every fixture, as the mock answers today."""
    for name, (proves, steps) in FIXTURES.items():
        entries = tuple(asyncio.run(FixturePlayer().entries(steps)))
        recording = Recording(entries, About(proves))
        yield f"{name}.har", har_file.encode(Redactor(KEY).redact_recording(recording))


if __name__ == "__main__":
    for name, content in fixture_files():
        (FOLDER / name).write_bytes(content)
