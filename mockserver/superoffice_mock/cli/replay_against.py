"""`superoffice-mock replay FILE --against URL`: recorded requests are sent again and compared.

Importing this module needs the extra `contract`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from superoffice_contract.checks.payloads import has_only_accounts
from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TargetError
from superoffice_contract.local_server import DEMO_SOURCE, demo_tables, is_loopback, parse_base_url
from superoffice_contract.messages import SECRET_HEADERS, show_path, show_url
from superoffice_contract.openapi.operations import SAFE_METHODS
from superoffice_contract.real_tenant.run import (
    BACK_OFF_STATUSES,
    MIN_PACE_SECONDS,
    REFUSED_STATUSES,
)
from superoffice_contract.report import Finding, Report, Result
from superoffice_contract.target import credentials, tenants
from superoffice_contract.target.http import Client, LongAnswerError, Request, open_client
from superoffice_contract.target.tenants import Header, TargetTenant
from superoffice_mock.cli import target_options
from superoffice_mock.core.credentials import (
    AccessToken,
    BasicCredentials,
    PresentedCredentials,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
)
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings.model import Entry, RecordedRequest, RecordedResponse
from superoffice_mock.replay import answer_diff, arrival_order, recording_diff, response_bytes
from superoffice_mock.replay.player import RecordedExchange
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings, has_pseudonym

SignIn = tuple[Header, ...]
"""The headers that carry one credential."""

DOCUMENTED_PREFIX: Final = "/api/v1/"
REAL_ONLY: Final = ("start_syncs", "accounts", "ca")
STAGGER: Final = 0.005
"""Seconds between calls that overlap, so that they arrive in the order of the recording."""


def replay_against(
    recorded: Sequence[RecordedExchange],
    url: str,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
) -> Report:
    """Send the *recorded* requests to *url* and compare. Raise SetupError or TargetError."""
    target = _target(parse_base_url(url), options, environ)
    results = asyncio.run(send_and_compare(recorded, target))
    return Report(f"replay against {url}", tuple(results))


class Target(msgspec.Struct, frozen=True):
    """The server to call and the limits to keep; *tenants* are by their id in lower case.

    *prefix* is the path before `/api`, None for that of the recording. *accounts* may be synced,
    None is any. *gap* and *pace* are the longest and the shortest pause in seconds.
    """

    base: str
    prefix: str | None
    tenants: Mapping[str, TargetTenant]
    real: bool
    accounts: tuple[int, ...] | None
    gap: float
    pace: float
    timeout: float
    authorities: str | None
    proxy: Proxy | None


def _target(url: str, options: Mapping[str, Any], environ: Mapping[str, str]) -> Target:
    parts = urlsplit(url)
    real = options["real"]
    if not real and not is_loopback(parts.hostname):
        msg = (
            f"{show_url(url)}: is not this machine, and requests may start syncs; "
            "add --real to allow it"
        )
        raise SetupError(msg)
    for name in REAL_ONLY:
        if options[name] and not real:
            msg = f"--{name.replace('_', '-')}: works with --real only; add that, or leave it out"
            raise SetupError(msg)
    target_options.check_seconds("timeout", options["timeout"])
    if not 0 <= options["gap"] <= inf:
        msg = f"--gap {options['gap']:g}: expected seconds, 0 or more"
        raise SetupError(msg)
    prefix = parts.path.strip("/") or None
    known_tenants = _tenants(url, prefix, options, environ)
    accounts = None
    if real:
        (tenant,) = known_tenants.values()
        accounts = target_options.parse_accounts(options, tenant)
    return Target(
        base=f"{parts.scheme}://{parts.netloc}",
        prefix=prefix,
        tenants=known_tenants,
        real=real,
        accounts=accounts,
        gap=options["gap"],
        pace=0.0 if is_loopback(parts.hostname) else MIN_PACE_SECONDS,
        timeout=options["timeout"],
        authorities=options["ca"],
        proxy=target_options.find_proxy(options["proxy"], url),
    )


def _tenants(
    url: str, prefix: str | None, options: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, TargetTenant]:
    """Return the tenants with credentials: that of the URL, those of the file, or the demo ones."""
    path = options["target_file"]
    in_environment = any(name.startswith(target_options.PREFIX) for name in environ)
    if options["real"] or prefix is not None or in_environment:
        tenant = target_options.find_tenant(url, path, environ)
        return {(prefix or "onsite").lower(): tenant}
    tables = demo_tables() if path is None else target_options.read_tables(path)
    known_tenants = tenants.read_tenants(tables, show_path(path) if path else DEMO_SOURCE)
    return {tenant.id.lower(): tenant for tenant in known_tenants}


# ---- credentials -----------------------------------------------------------------------------


_NAMES: Final[Mapping[type, str]] = {
    BasicCredentials: "users",
    Ticket: "tickets",
    AccessToken: "tokens",
    SessionCredentials: "sessions",
}
"""Each kind of credential, as the target file calls it."""


def _sign_ins(tenant: TargetTenant) -> Mapping[str, list[SignIn]]:
    """Return the headers for each credential of *tenant*, by kind."""
    authorization, granted_apps = credentials.authorization, tenant.granted_apps
    app_tokens = [("SO-AppToken", app.token) for app in granted_apps[:1]]
    granted_names = {app.name for app in granted_apps}
    return {
        "users": [
            authorization(credentials.basic(user.name, user.password)) for user in tenant.users
        ],
        "tickets": [authorization(f"SOTicket {ticket}", *app_tokens) for ticket in tenant.tickets],
        "tokens": [
            authorization(f"Bearer {token.value}")
            for token in tenant.tokens
            if token.app in granted_names
        ],
        "sessions": [credentials.session(session.id, session.xsrf) for session in tenant.sessions],
    }


class SkippedError(Exception):
    """A request is not sent; the message says why."""


class Signer:
    """Replaces recorded credentials: equal pseudonyms get equal credentials, others different ones.

    *tenants* are by their id in lower case. With *always*, credentials that are not pseudonyms
    are replaced, too.
    """

    def __init__(self, tenants: Mapping[str, TargetTenant], *, always: bool) -> None:
        self._tenants = tenants
        self._always = always
        self._assigned: dict[tuple[str, PresentedCredentials], SignIn] = {}

    def sign(self, recorded: RecordedExchange, tenant: str) -> tuple[Header, ...]:
        """Return the headers to send to *tenant*. Raise SkippedError if there are too few.

        The headers of a request that was refused stay, so that it is refused again.
        """
        headers = recorded.entry.request.headers
        presented_credentials = recorded.key.credentials
        was_refused = recorded.entry.response.status in REFUSED_STATUSES
        if (
            isinstance(presented_credentials, UnusableCredentials)
            or was_refused
            or not self._is_replaced(presented_credentials)
        ):
            return headers
        other_headers = tuple(header for header in headers if header[0] not in SECRET_HEADERS)
        return (*other_headers, *self._assign(presented_credentials, tenant.lower()))

    def _is_replaced(self, presented_credentials: PresentedCredentials) -> bool:
        values = (
            getattr(presented_credentials, name) for name in presented_credentials.__struct_fields__
        )
        return self._always or any(value is not None and has_pseudonym(value) for value in values)

    def _assign(self, presented_credentials: PresentedCredentials, tenant: str) -> SignIn:
        sign_in_headers = self._assigned.get((tenant, presented_credentials))
        if sign_in_headers is not None:
            return sign_in_headers
        kind, target = _NAMES[type(presented_credentials)], self._tenants.get(tenant)
        in_use = [sign_in for (id_, _), sign_in in self._assigned.items() if id_ == tenant]
        for sign_in in () if target is None else _sign_ins(target)[kind]:
            if sign_in not in in_use:
                self._assigned[tenant, presented_credentials] = sign_in
                return sign_in
        msg = f"the target file needs one more of the {kind} of tenant {tenant!r}"
        raise SkippedError(msg)


# ---- sending ---------------------------------------------------------------------------------


async def send_and_compare(recorded: Sequence[RecordedExchange], target: Target) -> list[Result]:
    """Send everything in the recorded order of arrival and return the results.

    Raise TargetError if the first request gets no answer at all.
    """
    async with open_client(
        target.base, target.timeout, authorities=target.authorities, proxy=target.proxy
    ) as client:
        return await Sender(client, recorded, target).results()


class Sender:
    """Sends each request once those are answered that the recording had answered before it."""

    def __init__(
        self, client: Client, recorded: Sequence[RecordedExchange], target: Target
    ) -> None:
        self._client = client
        self._recorded = recorded
        self._target = target
        self._signer = Signer(target.tenants, always=target.real)
        self._bindings = Bindings(two_sided=True)
        order = arrival_order.order_of([item.entry for item in recorded])
        self._by_arrival = sorted(range(len(recorded)), key=order.places.__getitem__)
        self._before = order.before
        self._tasks: dict[int, asyncio.Task[Result]] = {}
        self._has_answer = False
        self._stop_reason: str | None = None

    async def results(self) -> list[Result]:
        """Send all; return the results in the order of the recording."""
        try:
            for place, index in enumerate(self._by_arrival):
                await self._await_earlier_answers(place)
                if place:
                    await self._pause(index, place)
                self._tasks[index] = asyncio.create_task(self._result(self._recorded[index]))
            await asyncio.gather(*self._tasks.values())
        finally:
            for task in self._tasks.values():
                task.cancel()
        return [self._tasks[index].result() for index in range(len(self._recorded))]

    async def _await_earlier_answers(self, place: int) -> None:
        """Wait for the answers that had been given before the arrival at *place*."""
        for index in self._by_arrival[:place]:
            if self._before[index] <= place:
                await self._tasks[index]

    async def _pause(self, index: int, place: int) -> None:
        """Pause as long as the recording was idle, if a run may need that time to end."""
        before = [self._recorded[earlier].entry for earlier in self._by_arrival[:place]]
        arrival = arrival_order.arrival_time(self._recorded[index].entry)
        moments = [*map(arrival_order.arrival_time, before[-1:])]
        moments += [_end(entry) for entry in before if (_end(entry) or inf) <= (arrival or 0.0)]
        known_moments = [moment for moment in moments if moment is not None]
        may_run = any(entry.response.status == 204 for entry in before)
        overlapping = not self._tasks[self._by_arrival[place - 1]].done()
        pause = (arrival or 0.0) - max(known_moments, default=arrival or 0.0) if may_run else 0.0
        least = STAGGER if overlapping else self._target.pace
        await asyncio.sleep(max(min(pause, self._target.gap), least))

    async def _result(self, recorded: RecordedExchange) -> Result:
        try:
            entry = await self._send(recorded)
        except SkippedError as error:
            return Result(
                recording_diff.exchange_title(recorded), "cannot be observed", note=str(error)
            )
        except LongAnswerError as error:
            self._has_answer = True
            title = recording_diff.exchange_title(recorded)
            return Result(title, "differs", findings=(Finding("", str(error)),))
        attempt = Attempt(self._bindings)
        differences = tuple(answer_diff.differences(recorded.entry, entry, attempt))
        attempt.commit()
        return recording_diff.exchange_result(recorded, differences)

    async def _send(self, recorded: RecordedExchange) -> Entry:
        if self._stop_reason is not None:
            raise SkippedError(self._stop_reason)
        request = self._request(recorded)
        try:
            response = await self._client.send(request)
        except LongAnswerError:
            raise
        except TargetError:
            if recorded.entry.response.status and not self._has_answer:
                raise
            return _entry(recorded, RecordedResponse(0, "no answer"), None)
        self._has_answer = True
        if self._target.real and response.status in BACK_OFF_STATUSES:
            self._stop_reason = f"nothing was sent after an answer of {response.status}"
        if 300 <= response.status < 400 and recorded.entry.response.status != response.status:
            location = show_url(response.header("location"))
            msg = f"{self._target.base}: redirects to {location}; check that URL"
            raise TargetError(msg)
        headers = tuple((name.lower(), value) for name, value in response.headers)
        answer = RecordedResponse(response.status, headers=headers, body=response.body)
        return _entry(recorded, answer, response.seconds)

    def _request(self, recorded: RecordedExchange) -> Request:
        request = recorded.entry.request
        if request.body is None:
            msg = "its body is not on record"
            raise SkippedError(msg)
        tenant, path = self._address(request)
        signed_headers = self._signer.sign(recorded, tenant)
        headers = tuple(
            pair for pair in signed_headers if pair[0] not in (*response_bytes.GENERATED, "host")
        )
        encodings = (("content-encoding", value) for value in request.get_all("content-encoding"))
        outgoing = Request(request.method, path, (*headers, *encodings), request.body)
        self._check_allowed(outgoing)
        return outgoing

    def _address(self, request: RecordedRequest) -> tuple[str, str]:
        """Return the id of the tenant at the target, and path with query as they are sent."""
        parts = urlsplit(request.url)
        before = parts.path.partition(DOCUMENTED_PREFIX)[0]
        segment = before.strip("/")
        query = f"?{parts.query}" if parts.query else ""
        prefix = self._target.prefix
        if prefix is None:
            tenant = segment if segment.lower() in self._target.tenants else "onsite"
            return tenant, parts.path + query
        recorded_segments = {_first_segment(item.entry.request) for item in self._recorded}
        if segment.lower() != prefix.lower() and len(recorded_segments) > 1:
            msg = f"it was recorded at another tenant, {segment or 'without one'}"
            raise SkippedError(msg)
        # Any slash too many stays, as it decides the answer.
        front, _, rest = parts.path.partition(segment) if segment else ("/", "", parts.path)
        return prefix, f"{front}{prefix}{rest}{query}"

    def _check_allowed(self, request: Request) -> None:
        """Raise SkippedError for a request that may sync accounts other than the allowed ones."""
        accounts = self._target.accounts
        if accounts is None or request.method in SAFE_METHODS:
            return
        if not accounts:
            msg = "it may start a sync; allow that with --start-syncs and --accounts ID,…"
            raise SkippedError(msg)
        if not has_only_accounts(request, accounts):
            msg = "it names other accounts than --accounts"
            raise SkippedError(msg)


def _first_segment(request: RecordedRequest) -> str:
    return urlsplit(request.url).path.partition(DOCUMENTED_PREFIX)[0].strip("/").lower()


def _end(entry: Entry) -> float | None:
    return None if entry.at is None else entry.at + (entry.elapsed or 0.0)


def _entry(recorded: RecordedExchange, response: RecordedResponse, seconds: float | None) -> Entry:
    request = recorded.entry.request
    return Entry(request=request, response=response, elapsed=seconds, service_time=seconds)
