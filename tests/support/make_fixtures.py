"""Makes the shipped fixtures: calls of the mock on a clock that stands still, redacted, labelled.

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
from tests.e2e.payloads import BASIC as BY_PASSWORD
from tests.e2e.payloads import BEARER, PAYLOADS, SESSION, TICKET, WITH_APP, prefix
from tests.support.in_process import BASIC, PATH, Local

FOLDER = Path(__file__).parents[2] / "fixtures"
HOST = "http://crm.example"
KEY = b"the shipped fixtures hold nothing but what is published"
RUN = 10.0
"""Seconds after which every run of a fixture has ended."""
SIGNED_IN = {"Authorization": BASIC, "Content-Type": "application/json"}
ONE = '{"SyncUserAccounts":[{"AccountId":507}]}'
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
    """One call, what it proves, and how long after its answer the next one comes."""

    proves: str
    claims: str
    tenant: str = "onsite"
    headers: Mapping[str, str] = field(default_factory=lambda: SIGNED_IN)
    body: str = ONE
    method: str = "POST"
    path: str | None = None
    pause: float = RUN

    @property
    def target(self) -> str:
        """The path and query."""
        return prefix(self.tenant) + PATH if self.path is None else self.path

    @property
    def request(self) -> RecordedRequest:
        """What is sent."""
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        return RecordedRequest(
            self.method, HOST + self.target, headers=headers, body=self.body.encode()
        )


def signed_in(**headers: str) -> dict[str, str]:
    """The headers of a good call, or others for them."""
    return SIGNED_IN | {name.replace("_", "-").title(): value for name, value in headers.items()}


def typed(media_type: str) -> dict[str, str]:
    return signed_in(content_type=media_type)


def by(credentials: Mapping[str, str]) -> dict[str, str]:
    return {"Content-Type": "application/json", **credentials}


# ---- the fixtures ----------------------------------------------------------------------------

PAGE_SAMPLE = [
    Step(
        "the request that the vendor's page shows starts a run; its answer has no body",
        "sample-request sample-duplicate starts-sync no-content no-body",
        headers={
            "Authorization": BASIC,
            "Accept": "application/json; charset=utf-8",
            "Accept-Language": "*",
            "Content-Type": "application/json; charset=utf-8",
        },
        body=SAMPLE,
    )
]

CREDENTIALS = [
    Step("onsite: a user's password", "basic-onsite", headers=by(BY_PASSWORD)),
    Step("onsite: a ticket", "ticket-onsite", headers=by(TICKET)),
    Step("onsite: a session with its XSRF value", "xsrf-pair xsrf-header", headers=by(SESSION)),
    Step("Online: a ticket and the token of an app", "ticket-online", "Cust12345", by(WITH_APP)),
    Step("Online: an access token", "bearer-online", "Cust12345", by(BEARER)),
    Step("Online: a session with its XSRF value", "xsrf-everywhere", "Cust12345", by(SESSION)),
    Step(
        "a scheme in other letters",
        "scheme-case",
        headers=by({"Authorization": "soticket 7T:demo-ticket"}),
    ),
]

MEDIA_TYPES = [
    Step(
        f"the same accounts as {media_type}",
        "media-types same-effect",
        headers=typed(media_type),
        body=body,
    )
    for media_type, body in PAYLOADS.items()
]

TURNED_AWAY = [
    Step("the first call starts a run", "single-run starts-sync", pause=0.25),
    Step(
        "a call during the run gets the same answer after a second, and starts nothing",
        "silent-drop busy-second same-answer",
        pause=RUN,
    ),
    Step("a call after the run starts one", "lease-end", pause=0.25),
    Step("another tenant's run is nobody else's business", "lease-tenant", "Cust12345", by(BEARER)),
]

NOBODY = {"Authorization": "Basic bm9ib2R5Om5vLXBhc3N3b3Jk"}
BROKEN = {"Authorization": "Basic %"}
COOKIE = {"Cookie": SESSION["Cookie"]}
ERRORS = [
    Step("400: no body", "body-required", body=""),
    Step("400: cut short", "body-syntax", body=ONE[:-3]),
    Step("400: text for a number", "body-shape error-place", body=ONE.replace("507", '"507"')),
    Step("400: too big a number", "account-id-int32", body=ONE.replace("507", "2147483648")),
    Step("400: XML with a DTD", "xml-dtd", headers=typed("text/xml"), body="<!DOCTYPE a><a/>"),
    Step(
        "400: a form's key that leads nowhere",
        "form-shape",
        headers=typed("application/x-www-form-urlencoded"),
        body="SyncUserAccounts.AccountId=507",
    ),
    Step(
        "400 as XML, for who likes that best",
        "error-format",
        headers=signed_in(accept="application/xml"),
        body="[]",
    ),
    Step("401: nobody", "unauthorized www-authenticate", headers=by({})),
    Step("401: an unknown user", "unauthorized", headers=by(NOBODY)),
    Step("401: Basic that is none", "credentials-malformed", headers=by(BROKEN)),
    Step("401: a session without its XSRF value", "xsrf-half", headers=by(COOKIE)),
    Step("401: an access token, onsite", "bearer-online-only", headers=by(BEARER)),
    Step("401: a password, Online", "basic-onsite-only", "Cust12345"),
    Step("401: a ticket without the app's token", "app-token-online", "Cust12345", by(TICKET)),
    Step("401: an app without the EMail agent", "restricted-status", "Cust54321", by(WITH_APP)),
    Step("404: no such tenant", "path-unknown-tenant", path=f"/Cust99999{PATH}"),
    Step("404: nothing is documented there", "path-unknown", path="/api/v1/Agents/EMail/Other"),
    Step("404: /api/v1 twice", "path-doubled", path=f"/api/v1{PATH}"),
    Step("405: another verb", "method-not-allowed", method="PUT"),
    Step(
        "413: more accounts than one call may have",
        "body-limit",
        body=f'{{"SyncUserAccounts":[{",".join(["{}"] * 10_001)}]}}',
    ),
    Step("415: another media type", "media-type-other", headers=typed("text/plain")),
    Step("415: no media type", "media-type-other", headers=BY_PASSWORD),
    Step("415: an unknown charset", "charset-unknown", headers=typed("text/json; charset=ebcdic")),
    Step("415: a packed body", "content-encoding", headers=signed_in(content_encoding="br")),
]

CLIENT = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "SO-TS-WebApi/1.0",
    "Accept-Encoding": "gzip, compress, deflate, br",
}
"""What the vendor's TypeScript client sends with every call; a test asks the real one."""
ASKED = '{"syncUserAccounts":[{"accountId":507,"associateName":"Walker LLC","associateId":874}]}'
READY = (
    '{"syncUserAccounts":[{"tableRight":{"mask":15,"reason":""},"fieldProperties":{"AccountId":'
    '{"fieldRight":{"mask":0,"reason":""},"fieldType":"System.Int32"}},"accountId":507,'
    '"associateName":"Walker LLC","associateId":874}]}'
)
TYPESCRIPT_CLIENT = [
    Step(
        "authenticateWithPassword, and an account made by hand",
        "camel-case basic-onsite",
        headers=CLIENT | BY_PASSWORD,
        body=ASKED,
    ),
    Step(
        "an account as getReadySyncEmailAccounts answers it, handed on",
        "carrier-members",
        headers=CLIENT | BY_PASSWORD,
        body=READY,
    ),
    Step(
        "authenticateWithTicket and applicationToken",
        "ticket-online",
        "Cust12345",
        CLIENT | WITH_APP,
        ASKED,
    ),
    Step("authenticateWithToken", "bearer-online", "Cust12345", CLIENT | BEARER, ASKED),
    Step("no sign-in", "unauthorized", headers=CLIENT, body=ASKED),
]

OTHER_VERBS = [
    Step("GET describes the call and starts nothing", "get-describes", method="GET", body=""),
    Step("HEAD answers as GET, without a body", "head", method="HEAD", body=""),
    Step("OPTIONS names the verbs", "options", method="OPTIONS", body=""),
]

FIXTURES: Mapping[str, tuple[str, list[Step]]] = {
    "page-sample": ("The vendor's own sample starts a run.", PAGE_SAMPLE),
    "credentials": ("Every way to sign in, onsite and Online, is let in.", CREDENTIALS),
    "media-types": ("Every documented media type has the same effect.", MEDIA_TYPES),
    "turned-away": ("A call during a run is dropped in silence, a second later.", TURNED_AWAY),
    "errors": ("What breaks the contract is refused, and starts nothing.", ERRORS),
    "typescript-client": (
        "What the vendor's TypeScript client sends, and what it gets.",
        TYPESCRIPT_CLIENT,
    ),
    "other-verbs": ("Other verbs tell about the call and start nothing.", OTHER_VERBS),
}

# ---- making them -----------------------------------------------------------------------------


class Stage:
    """A mock whose clocks stand still unless a step moves them, all by the same."""

    def __init__(self) -> None:
        self._local = Local()
        self._ids = list(self._local.mock.tenants.ids)
        self._seen = 0

    async def entries(self, steps: list[Step]) -> list[Entry]:
        """Play *steps* and return what happened."""
        for tenant in self._ids:
            await self._local.control("POST", f"clock/freeze?tenant={tenant}")
        return [await self._play(step, arrival) for arrival, step in enumerate(steps, 1)]

    async def _play(self, step: Step, arrival: int) -> Entry:
        request = step.request
        body = request.body or b""
        known = {id(one) for one in self._journalled()}
        call = asyncio.create_task(
            self._local.call(step.method, step.target, body, list(request.headers))
        )
        while not call.done():
            await asyncio.sleep(0)
            if any(self._local.tenant(tenant).waiting for tenant in self._ids):
                await self._pass(1.0)
        answered = await call
        (exchange,) = (one for one in self._journalled() if id(one) not in known)
        await self._pass(step.pause)
        headers = tuple(answered.headers.items())
        response = RecordedResponse(answered.status, headers=headers, body=answered.body)
        return entry(request, response, exchange, step, arrival)

    async def _pass(self, seconds: float) -> None:
        step = {"seconds": seconds}
        for tenant in self._ids:
            await self._local.control("POST", f"clock/advance?tenant={tenant}", step)

    def _journalled(self) -> list[Exchange]:
        return [one for tenant in self._ids for one in self._local.exchanges(tenant)]


def entry(
    request: RecordedRequest,
    response: RecordedResponse,
    exchange: Exchange,
    step: Step,
    arrival: int,
) -> Entry:
    """Put together what was sent and seen, and what the journal knows of it."""
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
        waited=elapsed,
        label=label,
    )


def made() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every fixture, as the mock answers today."""
    for name, (proves, steps) in FIXTURES.items():
        entries = tuple(asyncio.run(Stage().entries(steps)))
        recording = Recording(entries, About(proves))
        yield f"{name}.har", har_file.written(Redactor(KEY).recording(recording))


if __name__ == "__main__":
    for name, content in made():
        (FOLDER / name).write_bytes(content)
