"""`superoffice-mock replay FILE --against URL`: recorded requests are sent again and compared.

Importing this module needs the extra `contract`.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from math import inf
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from superoffice_contract.checks.payloads import has_only_accounts
from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TargetError
from superoffice_contract.local_server import DEMO_SOURCE, demo_tables, is_loopback, parse_base_url
from superoffice_contract.messages import show_path, show_url
from superoffice_contract.openapi.operations import SAFE_METHODS
from superoffice_contract.real_tenant.request_plan import BACK_OFF_STATUSES
from superoffice_contract.real_tenant.run import MIN_PACE_SECONDS
from superoffice_contract.report import Finding, Report, Result
from superoffice_contract.target import tenants
from superoffice_contract.target.http import (
    Client,
    InvalidAddressError,
    LongAnswerError,
    Request,
    open_client,
)
from superoffice_contract.target.tenants import TargetTenant
from superoffice_mock.cli import target_options
from superoffice_mock.cli.sign_ins import Signer, SkippedError
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings.hidden_numbers import TENANT, is_tenant_pseudonym
from superoffice_mock.recordings.model import Entry, RecordedRequest, RecordedResponse
from superoffice_mock.redaction.pictures import draw_recordings
from superoffice_mock.replay import arrival_order, json_values, recording_diff, response_bytes
from superoffice_mock.replay.arrival_order import ArrivalOrder
from superoffice_mock.replay.player import RecordedExchange
from superoffice_mock.replay.pseudonym_bindings import Bindings, has_pseudonym

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
    """Send the *recorded* calls to *url* and compare. Raise SetupError or TargetError.

    The option `all` sends the other requests, too, such as those for static files.
    """
    target = _target(parse_base_url(url), options, environ)
    sent = [exchange for exchange in recorded if exchange.is_call or options["all_"]]
    if not sent:
        msg = f"none of the {len(recorded)} exchanges is a documented call; --all sends them"
        raise SetupError(msg)
    sender = Sender(sent, target)
    results = asyncio.run(sender.results())
    left_out = len(recorded) - len(sent)
    not_sent = f"{left_out} that are no documented calls; --all sends them"
    facts = (("not sent", not_sent),) if left_out else ()
    report = Report("replay", tuple(results), facts, subject=url, joint="against")
    if options["format_"] != "html":
        return report
    recorded_entries = [exchange.entry for exchange in sent]
    pictures = draw_recordings(("recorded", recorded_entries), ("new", sender.entries))
    return msgspec.structs.replace(report, pictures=pictures)


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
        raise SetupError(f"--gap {options['gap']:g}: expected seconds, 0 or more")
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


# ---- sending ---------------------------------------------------------------------------------


class Sender:
    """Sends each request once those are answered that the recording had answered before it.

    *entries* are those that were sent, with what came.
    """

    def __init__(self, recorded: Sequence[RecordedExchange], target: Target) -> None:
        self._recorded = recorded
        self._target = target
        self._signer = Signer(target.tenants, always=target.real)
        self._bindings = Bindings(two_sided=True)
        self._segments = {_first_segment(item.entry.request).lower() for item in recorded}
        self._order = ArrivalOrder([item.span for item in recorded])
        self._tasks: dict[int, asyncio.Task[Result]] = {}
        self._idle = IdleTime()
        self._has_answer = False
        self._stop_reason: str | None = None
        self.entries: list[Entry] = []

    async def results(self) -> list[Result]:
        """Send all in the recorded order of arrival; return the results in that of the recording.

        Raise TargetError if the first request gets no answer at all.
        """
        target = self._target
        async with open_client(
            target.base, target.timeout, authorities=target.authorities, proxy=target.proxy
        ) as client:
            return await self._send_all(client)

    async def _send_all(self, client: Client) -> list[Result]:
        unanswered: list[tuple[int, int]] = []
        last: asyncio.Task[Result] | None = None
        try:
            for place, index in enumerate(self._order.by_arrival):
                while unanswered and unanswered[0][0] <= place:  # its answer came before this
                    await self._tasks[heappop(unanswered)[1]]
                pause = min(self._idle.before(self._recorded[index].entry), self._target.gap)
                if last is not None:
                    least = self._target.pace if last.done() else STAGGER
                    await asyncio.sleep(max(pause, least))
                last = asyncio.create_task(self._result(self._recorded[index], client))
                self._tasks[index] = last
                heappush(unanswered, (self._order.before[place], index))
            await asyncio.gather(*self._tasks.values())
        finally:
            for task in self._tasks.values():
                task.cancel()
        return [self._tasks[index].result() for index in range(len(self._recorded))]

    async def _result(self, recorded: RecordedExchange, client: Client) -> Result:
        title = recording_diff.exchange_title(recorded)
        started_at = time.time()
        try:
            entry = await self._send(recorded, client)
        except SkippedError as error:
            return Result(title, "cannot be observed", reason=str(error))
        except LongAnswerError as error:
            self._has_answer = True
            return Result(title, "differs", findings=(Finding("", str(error)),))
        self.entries.append(msgspec.structs.replace(entry, at=started_at))
        differences = recording_diff.compare_answers(recorded, entry, self._bindings)
        return recording_diff.exchange_result(recorded, differences)

    async def _send(self, recorded: RecordedExchange, client: Client) -> Entry:
        if self._stop_reason is not None:
            raise SkippedError(self._stop_reason)
        request = self._request(recorded)
        try:
            response = await client.send(request)
        except InvalidAddressError:
            msg = "its address is too long, or can't be sent for another reason"
            raise SkippedError(msg) from None
        except TargetError as error:
            is_first = recorded.entry.response.status and not self._has_answer
            if is_first or isinstance(error, LongAnswerError):
                raise
            return _entry(recorded, RecordedResponse(0, "no answer"), None)
        self._has_answer = True
        if self._target.real and response.status in BACK_OFF_STATUSES:
            self._stop_reason = f"nothing was sent after an answer of {response.status}"
        if 300 <= response.status < 400 and recorded.entry.response.status != response.status:
            location = show_url(response.header("location"))
            raise TargetError(f"{self._target.base}: redirects to {location}; check that URL")
        headers = tuple((name.lower(), value) for name, value in response.headers)
        answer = RecordedResponse(response.status, headers=headers, body=response.body)
        return _entry(recorded, answer, response.seconds)

    def _request(self, recorded: RecordedExchange) -> Request:
        request = recorded.entry.request
        response = recorded.entry.response
        if not response.status and response.failure is None:
            raise SkippedError("no answer to it is on record, nor why there is none")
        if request.body is None:
            raise SkippedError("its body is not on record")
        tenant, path = self._address(request)
        is_hidden_tenant = self._target.prefix is None and is_tenant_pseudonym(tenant)
        if is_hidden_tenant or _has_pseudonym(unquote(path)):
            raise SkippedError("its address has a pseudonym, and what stood there is not on record")
        if not recorded.is_call and _has_pseudonym(request.body.decode("latin-1")):
            raise SkippedError("its body has pseudonyms, and what stood there is not on record")
        if not recorded.is_signed and _has_pseudonym(request.body.decode("latin-1")):
            msg = (
                "it signs in with secrets in its body, which are not on record; sign in yourself, "
                "and give what you get to the other calls with --target-file"
            )
            raise SkippedError(msg)
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
        segment = _first_segment(request)
        query = f"?{parts.query}" if parts.query else ""
        prefix = self._target.prefix
        if prefix is None:
            return segment if TENANT.fullmatch(segment) else "onsite", parts.path + query
        if segment.lower() != prefix.lower() and len(self._segments) > 1:
            raise SkippedError(f"it was recorded at another tenant, {segment or 'without one'}")
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
            raise SkippedError("it names other accounts than --accounts")


def _has_pseudonym(text: str) -> bool:
    return has_pseudonym(json_values.convert_text(text))


def _first_segment(request: RecordedRequest) -> str:
    return urlsplit(request.url).path.partition(DOCUMENTED_PREFIX)[0].strip("/")


class IdleTime:
    """How long a recording was idle before each request, in the order of arrival."""

    def __init__(self) -> None:
        self._ends: list[float] = []
        self._latest = inf
        self._may_run = False

    def before(self, entry: Entry) -> float:
        """Return the seconds without a call before that of *entry*, if a run may need them.

        It is 0 or less if none may run, or if a time is missing.
        """
        arrival = arrival_order.arrival_time(entry)
        if arrival is None:
            return 0.0
        while self._ends and self._ends[0] <= arrival:
            self._latest = max(self._latest, heappop(self._ends))
        idle = arrival - self._latest if self._may_run else 0.0
        self._latest = arrival
        self._may_run |= entry.response.status == 204
        heappush(self._ends, (entry.at or 0.0) + (entry.elapsed or 0.0))
        return idle


def _entry(recorded: RecordedExchange, response: RecordedResponse, seconds: float | None) -> Entry:
    request = recorded.entry.request
    return Entry(request=request, response=response, elapsed=seconds, service_time=seconds)
