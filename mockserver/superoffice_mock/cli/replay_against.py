"""`superoffice-mock replay FILE --against URL`: a recording's requests sent again, and compared."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from superoffice_contract.errors import TargetError
from superoffice_contract.report import Report, Result
from superoffice_contract.target import credentials, tenants
from superoffice_contract.target.tenants import Header, TargetTenant
from superoffice_mock.cli import target_options
from superoffice_mock.config import tenant_file
from superoffice_mock.core.credentials import (
    AccessToken,
    BasicPair,
    Presented,
    SessionPair,
    Ticket,
    Unusable,
)
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings.model import Entry, RecordedRequest, RecordedResponse
from superoffice_mock.replay import answer_diff, arrival_order, recording_diff, response_bytes
from superoffice_mock.replay.player import Recorded
from superoffice_mock.replay.pseudonym_bindings import Bindings, names
from superoffice_mock.wire.cors import is_loopback

if TYPE_CHECKING:
    from superoffice_contract.target.http import Client, Request


REFUSED: Final = (401, 403)


SIGNED: Final = frozenset({"authorization", "cookie", "so-apptoken", "x-xsrf-token"})


Kind = type[BasicPair] | type[Ticket] | type[AccessToken] | type[SessionPair]


Way = tuple[Header, ...]


def _users(tenant: TargetTenant) -> list[Way]:
    return [
        credentials.authorization(credentials.basic(one.name, one.password)) for one in tenant.users
    ]


def _tickets(tenant: TargetTenant) -> list[Way]:
    beside = tuple(("SO-AppToken", app.token) for app in tenant.granted[:1])
    return [credentials.authorization(f"SOTicket {one}", *beside) for one in tenant.tickets]


def _tokens(tenant: TargetTenant) -> list[Way]:
    granted = {app.name for app in tenant.granted}
    known = (one.value for one in tenant.tokens if one.app in granted)
    return [credentials.authorization(f"Bearer {one}") for one in known]


def _sessions(tenant: TargetTenant) -> list[Way]:
    return [credentials.session(one.id, one.xsrf) for one in tenant.sessions]


_WAYS: Final[Mapping[Kind, tuple[str, Callable[[TargetTenant], Sequence[Way]]]]] = {
    BasicPair: ("users", _users),
    Ticket: ("tickets", _tickets),
    AccessToken: ("tokens", _tokens),
    SessionPair: ("sessions", _sessions),
}


class Unsigned(Exception):
    """There is no credential to send a recorded request with; the message says which is missing."""


class Signer:
    """Signs the requests of a recording: equal pseudonyms get equal credentials, others others.

    *tenants* are known by their id in lower case. With *always*, nothing that was recorded is
    sent where it was let in.
    """

    def __init__(self, tenants: Mapping[str, TargetTenant], *, always: bool) -> None:
        self._tenants = tenants
        self._always = always
        self._given: dict[tuple[str, Presented], Way] = {}

    def signed(self, recorded: Recorded, tenant: str) -> tuple[Header, ...]:
        """Return the headers to send to *tenant*. Raise Unsigned if a credential is missing.

        What was refused is refused again: then the pseudonym itself is sent, which nobody knows.
        """
        headers = recorded.entry.request.headers
        presented = recorded.sent.credentials
        refused = recorded.entry.response.status in REFUSED
        if isinstance(presented, Unusable) or refused or not self._replaced(presented):
            return headers
        unsigned = tuple(header for header in headers if header[0] not in SIGNED)
        return (*unsigned, *self._way(presented, tenant.lower()))

    def _replaced(self, presented: Presented) -> bool:
        values = (getattr(presented, name) for name in presented.__struct_fields__)
        return self._always or any(value is not None and names(value) for value in values)

    def _way(self, presented: Presented, tenant: str) -> Way:
        known = self._given.get((tenant, presented))
        if known is not None:
            return known
        kind, ways = _WAYS[type(presented)]  # type: ignore[index]
        target = self._tenants.get(tenant)
        offered = ways(target) if target is not None else ()
        of_kind = {key: way for key, way in self._given.items() if key[0] == tenant}
        left = [way for way in offered if way not in of_kind.values()]
        if not left:
            msg = f"it needs one of the {kind} of tenant {tenant!r} more than the target file has"
            raise Unsigned(msg)
        self._given[tenant, presented] = left[0]
        return left[0]


ONLY_REAL: Final = ("start_syncs", "accounts", "ca")


STAGGER: Final = 0.005
"""Seconds between calls that overlap, so that they arrive in the order of the recording."""


READS: Final = ("GET", "HEAD", "OPTIONS")


ENOUGH: Final = (429, 502, 503, 504)
"""Answers of another machine that wants to be left alone; a visit of `check` heeds them, too."""


DOCUMENTED: Final = "/api/v1/"


class Sending(msgspec.Struct, frozen=True):
    """What is sent where: *accounts* may be synced, None is any.

    *gap* and *pace*: the longest and the shortest pause.
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


def sent(
    recorded: Sequence[Recorded], url: str, options: Mapping[str, Any], environ: Mapping[str, str]
) -> Report:
    """Send what was *recorded* to the server at *url* and compare. Raise SetupError."""
    try:
        import superoffice_contract.target.http  # noqa: F401 - is there an HTTP client?
    except ImportError as error:
        msg = f"--against needs {error.name}: pip install 'superoffice-mock[contract]'"
        raise SetupError(msg) from None
    try:
        sending = _sending(target_options.base_url(url), options, environ)
        results = asyncio.run(compared(recorded, sending))
    except TargetError as error:
        raise SetupError(str(error)) from None
    return Report(f"replay against {url}", tuple(results))


def _sending(url: str, options: Mapping[str, Any], environ: Mapping[str, str]) -> Sending:
    from superoffice_contract.real_tenant.run import LEAST_SECONDS

    parts = urlsplit(url)
    real = options["real"]
    if not real and not is_loopback(parts.hostname):
        msg = f"{url}: is not this machine, and requests may start syncs; say --real"
        raise SetupError(msg)
    for name in ONLY_REAL:
        if options[name] and not real:
            msg = f"--{name.replace('_', '-')}: is for other machines; add --real, or leave it out"
            raise SetupError(msg)
    target_options.positive("timeout", options["timeout"])
    if not 0 <= options["gap"] <= inf:
        msg = f"--gap {options['gap']:g}: expected seconds, 0 or more"
        raise SetupError(msg)
    prefix = parts.path.strip("/") or None
    return Sending(
        f"{parts.scheme}://{parts.netloc}",
        prefix,
        _tenants(url, prefix, options, environ),
        real,
        target_options.accounts_of(
            options, target_options.tenant_at(url, options["target_file"], environ)
        )
        if real
        else None,
        options["gap"],
        0.0 if is_loopback(parts.hostname) else LEAST_SECONDS,
        options["timeout"],
        options["ca"],
    )


def _tenants(
    url: str, prefix: str | None, options: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, TargetTenant]:
    """Return who signs in, by the tenant: those of the target file, or of the demo world."""
    named = any(name.startswith(target_options.PREFIX) for name in environ)
    if options["real"] or prefix is not None or named:
        one = target_options.tenant_at(url, options["target_file"], environ)
        return {(prefix or "onsite").lower(): one}
    path = options["target_file"]
    tables = tenant_file.demo() if path is None else target_options.tables(path)
    return {one.id.lower(): one for one in tenants.tenants(tables, path or "the demo world")}


# ---- sending ---------------------------------------------------------------------------------


class Skipped(Exception):
    """A request is not sent; the message says why."""


async def compared(recorded: Sequence[Recorded], sending: Sending) -> list[Result]:
    """Send everything in the recorded order of arrival; return what each came to.

    Raise TargetError if the first one gets no answer at all.
    """
    from superoffice_contract.target.http import calling

    async with calling(sending.base, sending.timeout, authorities=sending.authorities) as caller:
        return await Sender(caller, recorded, sending).results()


class Sender:
    """Sends requests when those are answered that had been answered before in the recording."""

    def __init__(self, caller: "Client", recorded: Sequence[Recorded], sending: Sending) -> None:
        self._caller = caller
        self._recorded = recorded
        self._sending = sending
        self._signer = Signer(sending.tenants, always=sending.real)
        self._bindings = Bindings(another=True)
        order = arrival_order.order([one.entry for one in recorded])
        self._arrived = sorted(range(len(recorded)), key=order.places.__getitem__)
        self._before = order.before
        self._under_way: dict[int, asyncio.Task[Result]] = {}
        self._heard = False
        self._over: str | None = None

    async def results(self) -> list[Result]:
        """Send all; return the results in the order of the recording."""
        try:
            for place, index in enumerate(self._arrived):
                await self._answered_before(place)
                if place:
                    await self._rest(index, place)
                sending = self._result(self._recorded[index])
                self._under_way[index] = asyncio.create_task(sending)
            await asyncio.gather(*self._under_way.values())
        finally:
            for task in self._under_way.values():
                task.cancel()
        return [self._under_way[index].result() for index in range(len(self._recorded))]

    async def _answered_before(self, place: int) -> None:
        """Wait for the answers that had left before the arrival at *place*."""
        for index in self._arrived[:place]:
            if self._before[index] <= place:
                await self._under_way[index]

    async def _rest(self, index: int, place: int) -> None:
        """Pause as long as nothing was heard of in the recording, where a run may need that."""
        before = [self._recorded[one].entry for one in self._arrived[:place]]
        arrived = arrival_order.arrival(self._recorded[index].entry)
        moments = [*map(arrival_order.arrival, before[-1:])]
        moments += [_end(one) for one in before if (_end(one) or inf) <= (arrived or 0.0)]
        known = [one for one in moments if one is not None]
        started = any(one.response.status == 204 for one in before)
        overlapping = not self._under_way[self._arrived[place - 1]].done()
        pause = (arrived or 0.0) - max(known, default=arrived or 0.0) if started else 0.0
        least = STAGGER if overlapping else self._sending.pace
        await asyncio.sleep(max(min(pause, self._sending.gap), least))

    async def _result(self, recorded: Recorded) -> Result:
        try:
            entry = await self._sent(recorded)
        except (Skipped, Unsigned) as error:
            return Result(recording_diff.named(recorded), "cannot be observed", note=str(error))
        attempt = self._bindings.attempt()
        told = tuple(answer_diff.differences(recorded.entry, entry, attempt))
        attempt.keep()
        return recording_diff.result(recorded, told)

    async def _sent(self, recorded: Recorded) -> Entry:
        if self._over is not None:
            raise Skipped(self._over)
        ask = self._ask(recorded)
        try:
            seen = await self._caller.send(ask)
        except TargetError:
            if recorded.entry.response.status and not self._heard:
                raise
            return _entry(recorded, RecordedResponse(0, "no answer"), None)
        self._heard = True
        if self._sending.real and seen.status in ENOUGH:
            self._over = f"it ended when a call was answered {seen.status}"
        if 300 <= seen.status < 400 and recorded.entry.response.status != seen.status:
            msg = f"{self._sending.base}: redirects to {seen.header('location')}; check that URL"
            raise TargetError(msg)
        headers = tuple((name.lower(), value) for name, value in seen.headers)
        return _entry(
            recorded, RecordedResponse(seen.status, headers=headers, body=seen.body), seen.seconds
        )

    def _ask(self, recorded: Recorded) -> "Request":
        from superoffice_contract.target.http import Request

        request = recorded.entry.request
        if request.body is None:
            msg = "its body is not on record"
            raise Skipped(msg)
        tenant, path = self._address(request)
        signed = self._signer.signed(recorded, tenant)
        headers = tuple(one for one in signed if one[0] not in (*response_bytes.OWN, "host"))
        kept = (("content-encoding", one) for one in request.all("content-encoding"))
        ask = Request(request.method, path, (*headers, *kept), request.body)
        self._check_safe(ask)
        return ask

    def _address(self, request: RecordedRequest) -> tuple[str, str]:
        """Return whose call it is there, and path and query as they go onto the wire."""
        parts = urlsplit(request.url)
        before, api, rest = parts.path.partition(DOCUMENTED)
        first = before.strip("/")
        query = f"?{parts.query}" if parts.query else ""
        prefix = self._sending.prefix
        if prefix is None:
            known = first if first.lower() in self._sending.tenants else "onsite"
            return known, parts.path + query
        own = {_first(one.entry.request) for one in self._recorded}
        if first.lower() != prefix.lower() and len(own) > 1:
            msg = f"it was recorded at another tenant, {first or 'without one'}"
            raise Skipped(msg)
        return prefix, f"/{prefix}{api}{rest}{query}"

    def _check_safe(self, ask: "Request") -> None:
        """Raise Skipped for what may sync accounts that nobody named."""
        from superoffice_contract.real_tenant.request_plan import names_only

        accounts = self._sending.accounts
        if accounts is None or ask.method in READS:
            return
        if not accounts:
            msg = "it may start a sync; allow that with --start-syncs and --accounts ID,…"
            raise Skipped(msg)
        if not names_only(ask, accounts):
            msg = "it names other accounts than --accounts"
            raise Skipped(msg)


def _first(request: RecordedRequest) -> str:
    return urlsplit(request.url).path.partition(DOCUMENTED)[0].strip("/").lower()


def _end(entry: Entry) -> float | None:
    return None if entry.at is None else entry.at + (entry.elapsed or 0.0)


def _entry(recorded: Recorded, response: RecordedResponse, took: float | None) -> Entry:
    request = recorded.entry.request
    return Entry(request=request, response=response, elapsed=took, waited=took)
