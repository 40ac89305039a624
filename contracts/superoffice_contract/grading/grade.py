"""The client's behaviour, judged by its own traffic: from a HAR, or from a mock's journal."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec

from superoffice_contract import har
from superoffice_contract.errors import TrafficError
from superoffice_contract.grading import behaviour, journal_client, requests
from superoffice_contract.grading.calls import Call, Confidence
from superoffice_contract.report import Finding, Report, Result

MAX_FINDINGS: Final = 50
"""How many findings of one check are told; the note says how many there are."""


class Check(msgspec.Struct, frozen=True):
    """One thing that a client can do wrong; *idle* says why there is nothing to judge, if so."""

    name: str
    claims: tuple[str, ...]
    find: Callable[[Sequence[Call]], Iterator[Finding]]
    idle: Callable[[Sequence[Call]], str | None]


def grade_har(path: str) -> Report:
    """Judge the client whose traffic is in the HAR at *path*. Raise TrafficError if it is none."""
    entries = har.load_entries(path)
    calls = behaviour.suspected(requests.calls(entries))
    _some(calls, f"{path}: no call of SyncEmailAccounts among its {len(entries)} entries")
    return _report(f"grade {path}", calls, ())


def grade_journal(url: str, tenants: tuple[str, ...], token: str | None = None) -> Report:
    """Judge the clients of the mock at *url* by the journals of *tenants*.

    *token* is the mock's control token. Raise TrafficError if the mock can't be asked.
    """
    told = journal_client.load(url, tenants, token)
    named = ", ".join(dict.fromkeys(tenants))
    _some(told.calls, f"{url}: no call of SyncEmailAccounts in the journal of {named}")
    forgotten = (("forgotten exchanges", str(told.forgotten)),) if told.forgotten else ()
    return _report(f"grade the journal of {named}", told.calls, forgotten)


def _some(calls: Sequence[Call], otherwise: str) -> None:
    if not calls:
        raise TrafficError(otherwise)


def _report(title: str, calls: Sequence[Call], facts: tuple[tuple[str, str], ...]) -> Report:
    away = sum(1 for one in calls if one.turned_away is not None)
    certain = all(one.turned_away in (None, Confidence.CERTAIN) for one in calls)
    counts = (
        ("calls", str(len(calls))),
        ("tenants", str(len({one.tenant for one in calls}))),
        ("turned away" if certain else "perhaps turned away", str(away)),
    )
    return Report(title, tuple(_result(check, calls) for check in CHECKS), (*counts, *facts))


def _result(check: Check, calls: Sequence[Call]) -> Result:
    found = list(check.find(calls))
    if found:
        note = f"the first {MAX_FINDINGS} of {len(found)}" if len(found) > MAX_FINDINGS else None
        told = tuple(islice(found, MAX_FINDINGS))
        return Result(check.name, "failed", check.claims, told, note)
    idle = check.idle(calls)
    if idle is not None:
        return Result(check.name, "skipped", check.claims, note=idle)
    unjudged = sum(1 for one in calls if check.name in one.judged.unjudged)
    note = f"{unjudged} of {len(calls)} calls can't be judged" if unjudged else None
    return Result(check.name, "passed", check.claims, note=note)


# ---- requests against the contract -----------------------------------------------------------


def _request_check(name: str, *claims: str) -> Check:
    def find(calls: Sequence[Call]) -> Iterator[Finding]:
        for one in calls:
            for mistake in one.judged.mistakes:
                if mistake.check == name:
                    yield Finding(one.where, mistake.what, mistake.claims)

    def idle(calls: Sequence[Call]) -> str | None:
        nothing = all(name in one.judged.unjudged for one in calls)
        return "no call has it on record" if nothing else None

    return Check(name, claims, find, idle)


_ANSWERS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("the server refuses the body; its message names the place", "body-shape"),
    401: (
        "the credentials are unknown or expired, or the app lacks the EMail agent",
        "unauthorized",
    ),
    403: ("the app was not granted the EMail agent; ask for it", "restricted-status"),
    404: ("there is no such tenant or path; look at the base URL", "path-unknown-tenant"),
    405: ("the verb is not allowed; send POST", "method-not-allowed"),
    413: ("the body is too long; send fewer accounts in a call", "body-limit"),
    415: ("the media type is refused; send application/json", "media-type-other"),
}


def _answers(calls: Sequence[Call]) -> Iterator[Finding]:
    """Yield the 4xx answers that no other check explains."""
    for one in calls:
        explained = one.judged.mistakes or "answers" in one.judged.unjudged
        if one.refused and not explained:
            what, claim = _ANSWERS.get(one.status or 0, ("read its message", "no-content"))
            yield Finding(one.where, f"answered {one.status}: {what}", (claim,))


# ---- behaviour -------------------------------------------------------------------------------


def _conduct_check(
    name: str,
    claims: tuple[str, ...],
    rule: Callable[[Sequence[Call]], Iterable[behaviour.Told]],
    idle: Callable[[Sequence[Call]], str | None],
) -> Check:
    def find(calls: Sequence[Call]) -> Iterator[Finding]:
        return (Finding(call.where, what, claims) for call, what in rule(calls))

    return Check(name, claims, find, idle)


def _unless(note: str, some: Callable[[Call], bool]) -> Callable[[Sequence[Call]], str | None]:
    return lambda calls: None if any(map(some, calls)) else note


def _several(calls: Sequence[Call]) -> str | None:
    groups = behaviour.by_tenant(calls)
    timed = any(len(one) > 1 and all(call.at is not None for call in one) for one in groups)
    return None if timed else "no tenant has two calls with a time"


def _busy(calls: Sequence[Call]) -> str | None:
    away = any(one.turned_away is not None and one.at is not None for one in calls)
    return None if away else "no call with a time was turned away"


CHECKS: Final = (
    _request_check("address", "path", "path-tenant", "method"),
    _request_check("media-type", "media-types", "charset", "content-encoding"),
    _request_check("body", "request-body", "body-required", "body-syntax", "body-shape"),
    _request_check("credentials", "authorization-schemes", "schemes-by-installation"),
    _request_check("undocumented-members", "unknown-members", "query-names"),
    Check(
        "answers", ("no-content",), _answers, _unless("no answers", lambda one: bool(one.status))
    ),
    _conduct_check(
        "gave-up",
        ("busy-second",),
        behaviour.gave_up,
        _unless("no call has its duration on record", lambda one: one.gave_up is not None),
    ),
    _conduct_check("tight-retry", ("busy-second", "lease-end"), behaviour.tight_retries, _busy),
    _conduct_check("overlap", ("single-run", "lease-tenant"), behaviour.overlaps, _several),
    _conduct_check(
        "duplicate-account",
        ("duplicates",),
        behaviour.duplicates,
        _unless("no call has accounts on record", lambda one: bool(one.accounts)),
    ),
    _conduct_check(
        "lost-accounts",
        ("silent-drop", "single-run"),
        behaviour.losses,
        _unless(
            "no call with accounts was answered 204",
            lambda one: one.status == 204 and bool(one.accounts),
        ),
    ),
)
