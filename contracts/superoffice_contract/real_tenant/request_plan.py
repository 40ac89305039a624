"""Which requests a visit to a real tenant may send, which of them it does, and why not the others.

The requests are the contract check's own. Some are bent so that they need no credential: what a
path means is asked by GET, and what an error looks like by a call that is refused anyway.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import unquote

import msgspec

from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.openapi import charsets, claims, operations
from superoffice_contract.openapi.claims import UNOBSERVABLE
from superoffice_contract.suite.plan import Plan
from superoffice_contract.target import secrets as target_secrets
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request
from superoffice_contract.target.secrets import TenantSecrets
from superoffice_contract.target.tenants import TargetTenant

NOBODY: Final = b'{"SyncUserAccounts":[]}'
"""A body that names no account."""


_ASSOCIATE: Final = (
    r',"AssociateId":874|<(?:p:)?AssociateId>874</(?:p:)?AssociateId>'
    r"|&[^&]*AssociateId(?:\]|%5D)?=874"
)


_REPLACED: Final = (
    (_ASSOCIATE, ""),
    (r"\btje0\b", ""),
    (r'"x":\[1\]', '"x":[]'),
    (r'"5"', '"507"'),
    (r"\b1\.0\b", "507.0"),
    (r"\b1e2\b", "507e0"),
)
"""The sample's associate is left out, and numbers that make a point by their type become 507."""


_SAMPLE: Final = re.compile(r"(?<![\w.+-])507(?!\d)")


_NO_IDS: Final = re.compile(r"http://[^\"']*|SyncUserAccounts\[\d+\]", re.IGNORECASE)
"""Where digits are no ids: the names of namespaces, the indices of a form."""


_NUMBER: Final = re.compile(r"(?<!\w)[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)


_UNSURE: Final = re.compile(
    r":\s*(?:true|false)|AccountId\"\s*:\s*(?:null|\[)|<AccountId [^>]*nil=|\{\s*\}", re.IGNORECASE
)
"""What a lenient reader may take for 1 or 0, and what may be an account without an id."""


def replaced(ask: Request, account: int) -> Request:
    """Return *ask* with *account* for the account of the sample, and without its associate."""
    text, encoding = _text(ask)
    for pattern, instead in _REPLACED:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    body = _SAMPLE.sub(str(account), text).encode(encoding)
    return Request(ask.method, ask.path, ask.headers, body)


def without_accounts(ask: Request) -> Request:
    """Return *ask* with a body that names nobody in place of one that does."""
    body = NOBODY if ask.body and not names_only(ask, ()) else ask.body
    return Request(ask.method, ask.path, ask.headers, body)


def names_only(ask: Request, accounts: tuple[int, ...]) -> bool:
    """Tell whether a reader, however lenient, finds no number in the body but *accounts*.

    An account without an id counts as another one: it may be read as 0.
    """
    text = _NO_IDS.sub("", unquote(_text(ask)[0]))
    if text != "{}" and _UNSURE.search(text):
        return False
    return all(Decimal(one) in accounts for one in _NUMBER.findall(text))


def _text(ask: Request) -> tuple[str, str]:
    kind = next((value for name, value in ask.headers if name.lower() == "content-type"), "")
    if charsets.named(kind) == "utf-16":
        return ask.body.decode("utf-16"), "utf-16"
    return ask.body.decode("latin-1"), "latin-1"


HARMLESS: Final = ("GET", "HEAD", "OPTIONS")


BY_GET: Final = "paths"


UNSIGNED: Final = ("methods", "credentials-refused", "credentials-before-body", "errors")
"""Checks whose requests need no credential, or can do without one."""


NEEDS_LEAVE: Final = "needs --start-syncs and --accounts"


NEEDS_CREDENTIAL: Final = "needs a credential that was not given"


ELSEWHERE: Final = "would call another address than the one given"


GUESSES: Final = "would pair a real name with a wrong secret"


OTHER_ACCOUNT: Final = "would name an account that is not in --accounts"


TOO_MANY: Final = "its requests went, for --max-requests"


class Wanted(msgspec.Struct, frozen=True):
    """What an answer should be: *told* by the readings expected, *open* under any of them."""

    told: ExpectedResponse
    open: ExpectedResponse


class PlannedRequest(msgspec.Struct, frozen=True):
    """One request of a visit and all that its answer is to show.

    *signed*: it carries something valid. *by_get*: it shows nothing where GET does not describe.
    """

    ask: Request
    wanted: tuple[Wanted, ...]
    signed: bool = False
    by_get: bool = False

    @property
    def name(self) -> str:
        """What the contract check calls it."""
        return self.wanted[0].told.name

    @property
    def claims(self) -> frozenset[str]:
        """The claims that it stands for, and that an answer can show."""
        return (
            frozenset(id_ for one in self.wanted for id_ in one.told.claims) - UNOBSERVABLE.keys()
        )

    @property
    def accepted(self) -> bool:
        """Tell whether it should be let in, and so may start a sync."""
        return any(204 in one.told.statuses for one in self.wanted) and self.ask.method == "POST"


class RequestPlan(msgspec.Struct, frozen=True):
    """The *stops* in the order in which they are sent, and what else there is, by reason.

    *calls*: the first call that is let in, and the same once more, or nothing.
    """

    opening: tuple[PlannedRequest, ...]
    calls: tuple[PlannedRequest, ...]
    others: tuple[PlannedRequest, ...]
    barred: Mapping[str, frozenset[str]]
    left_out: tuple[PlannedRequest, ...]

    @property
    def stops(self) -> tuple[PlannedRequest, ...]:
        """Everything that is sent, in order."""
        return (*self.opening, *self.calls, *self.others)


def planned(
    tenant: TargetTenant, accounts: Sequence[int], readings: dict[str, str], max_requests: int
) -> RequestPlan:
    """Plan a visit to *tenant* that signs in only if there are *accounts*, and names no others."""
    told, open_ = (_scene(tenant, one) for one in (readings, {}))
    secrets = target_secrets.of(tenant)
    stops, barred = _sorted_out(_wanted(told, open_), told, secrets, tuple(accounts))
    first = [one for one in stops if one.ask == Request("GET", told.url)]
    calls = [one for one in stops if one.name == FIRST]
    calls += [msgspec.structs.replace(one, wanted=_again(one)) for one in calls]
    rest = [one for one in stops if one not in (*first, *calls)]
    fixed = [*first, *calls][:max_requests]
    chosen = _most_telling(rest, fixed, max_requests - len(fixed))
    return RequestPlan(
        (*first, *(one for one in rest if one in chosen and not one.signed)),
        tuple(one for one in fixed if one not in first),
        tuple(one for one in rest if one in chosen and one.signed),
        barred,
        tuple(one for one in (*calls, *rest) if one not in (*fixed, *chosen)),
    )


FIRST: Final = "the first call"


SECOND: Final = "the same call during its run"


def _again(stop: PlannedRequest) -> tuple[Wanted, ...]:
    (one, *_) = stop.wanted
    again = msgspec.structs.replace(one.told, name=SECOND, claims=("no-content",))
    return (Wanted(again, again),)


def _scene(tenant: TargetTenant, readings: dict[str, str]) -> CheckContext:
    (scene,) = Plan(server=None, tenants=(tenant,), readings=readings).scenes
    return scene


# ---- all there is ----------------------------------------------------------------------------


class _Bent(msgspec.Struct, frozen=True):
    wanted: Wanted
    by_get: bool = False
    needs_way_in: bool = False


def _wanted(told: CheckContext, open_: CheckContext) -> Iterator[_Bent]:
    """Yield every request of the contract check as a visit would send it."""
    strangers = tuple(msgspec.structs.replace(one, sign_in=()) for one in (told, open_))
    called = ExpectedResponse(
        FIRST, told.post(GOOD, JSON), (204,), ("account-object", "account-id")
    )
    yield _Bent(Wanted(called, called), needs_way_in=True)
    for check in WIRE_CHECKS:
        alone = check.name in (*UNSIGNED, BY_GET)
        scenes = strangers if alone else (told, open_)
        for pair in zip(*map(check.expect, scenes), strict=True):
            if check.name == BY_GET:
                yield _Bent(Wanted(*map(_asked_by_get, pair)), by_get=True)
            elif check.name == "errors":
                yield _Bent(Wanted(*map(_refused_anyway, pair)))
            else:
                yield _Bent(Wanted(*pair), needs_way_in=not alone)


def _asked_by_get(expected: ExpectedResponse) -> ExpectedResponse:
    statuses = tuple(200 if one == 204 else one for one in expected.statuses)
    ask = Request("GET", expected.ask.path)
    return msgspec.structs.replace(expected, ask=ask, statuses=statuses)


def _refused_anyway(expected: ExpectedResponse) -> ExpectedResponse:
    return msgspec.structs.replace(expected, statuses=(401,))


# ---- what may be sent ------------------------------------------------------------------------


def _sorted_out(
    every: Iterable[_Bent], scene: CheckContext, secrets: TenantSecrets, accounts: tuple[int, ...]
) -> tuple[list[PlannedRequest], dict[str, frozenset[str]]]:
    """Return the requests that may be sent, equal ones as one, and by claim why others may not."""
    stops: dict[Request, PlannedRequest] = {}
    turns: dict[Request, int] = {}
    barred: dict[str, frozenset[str]] = {}
    for bent in every:
        if UNOBSERVABLE.keys() >= set(bent.wanted.told.claims):
            continue
        ask = bent.wanted.told.ask
        signed = _signed(bent, ask, scene, secrets) and ask.method not in HARMLESS
        if signed and accounts:
            turn = turns.setdefault(ask, len(turns) % len(accounts))
            ask = replaced(ask, accounts[turn])
        elif not signed:
            ask = without_accounts(ask)
        reason = _bar(bent, ask, scene, secrets, accounts)
        if reason is not None:
            for id_ in bent.wanted.told.claims:
                barred[id_] = barred.get(id_, frozenset()) | {reason}
            continue
        known = stops.get(ask)
        wanted = (*(known.wanted if known else ()), bent.wanted)
        stops[ask] = PlannedRequest(ask, wanted, signed, bent.by_get)
    return list(stops.values()), barred


def _bar(
    bent: _Bent,
    ask: Request,
    scene: CheckContext,
    secrets: TenantSecrets,
    accounts: tuple[int, ...],
) -> str | None:
    """Return why *ask* may not be sent, or None."""
    home, api = scene.tenant.base.lower(), "/api/"
    if ask.path.lower().partition(api)[0] != home:
        return ELSEWHERE
    if secrets.mismatched(ask.headers):
        return GUESSES
    signed = _signed(bent, ask, scene, secrets)
    if ask.method in HARMLESS:
        return None
    if not accounts and (signed or bent.needs_way_in):
        return NEEDS_LEAVE
    if bent.needs_way_in and not scene.sign_in:
        return NEEDS_CREDENTIAL
    return None if names_only(ask, accounts if signed else ()) else OTHER_ACCOUNT


def _signed(bent: _Bent, ask: Request, scene: CheckContext, secrets: TenantSecrets) -> bool:
    return bool(secrets.carried(ask.headers)) or (bent.needs_way_in and scene.sign_in != ())


# ---- what is sent ----------------------------------------------------------------------------


def _most_telling(
    stops: Sequence[PlannedRequest], sent: Sequence[PlannedRequest], count: int
) -> list[PlannedRequest]:
    """Return the *count* stops that say most beside those *sent*: new claims, documented first.

    Of two that say as much the one that starts no sync is taken, then the earlier one.
    """
    if len(stops) <= count:
        return list(stops)
    seen: Counter[str] = Counter()
    for stop in sent:
        seen.update(_subjects(stop).keys())
    left = [(stop, _subjects(stop)) for stop in stops]
    chosen = []
    for _ in range(count):
        best = max(left, key=lambda one: (_news(seen, one[1]), not one[0].accepted))
        left.remove(best)
        chosen.append(best[0])
        seen.update(best[1].keys())
    return chosen


def _news(seen: Mapping[str, int], subjects: Mapping[str, float]) -> float:
    return sum(weight / 8.0 ** seen[one] for one, weight in subjects.items())


def _subjects(stop: PlannedRequest) -> Mapping[str, float]:
    """Return what *stop* is about, with weights: its claims, and its media type if documented."""
    (operation,) = operations.load().operations.values()
    known = claims.load()
    found = {id_: 2.0 if known[id_].kind == "documented" else 1.0 for id_ in stop.claims}
    media_type = dict(stop.ask.headers).get("Content-Type", "")
    return {**found, media_type: 2.0} if media_type in operation.bodies else found
