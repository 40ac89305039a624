"""Judges a client by its recorded traffic: a HAR, or the journal of a mock."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract import har, har_log
from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TrafficError
from superoffice_contract.grading import advice, behaviour, journal_client, requests
from superoffice_contract.grading.calls import Call
from superoffice_contract.lost_accounts import Confidence
from superoffice_contract.messages import show_path, show_url
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations.registry import SYNCS, THROTTLED
from superoffice_contract.operations.sync_state import POLLED
from superoffice_contract.report import Finding, Report, Result

MAX_FINDINGS: Final = 50
"""How many findings of one check are reported; the note gives their number."""
_RESPONSE_ADVICE: Final[Mapping[int, tuple[str, str]]] = {
    400: ("the body is rejected; the message in the response says where", "body-shape"),
    401: (
        "the credentials are unknown or expired, or the app lacks the EMail agent",
        "unauthorized",
    ),
    403: ("the app was not granted the EMail agent; ask for it", "restricted-status"),
    404: ("there is no such tenant or path; check the base URL", "path-unknown-tenant"),
    405: ("the method is not allowed; send POST", "method-not-allowed"),
    413: ("the body is too long; send fewer accounts in a call", "body-limit"),
    415: ("the media type is not supported; send application/json", "media-type-other"),
}

_DESCRIBED: Final = "the EMail agent"

SkipReason = Callable[[Sequence[Call]], str | None]


class Check(msgspec.Struct, frozen=True):
    """One rule for clients; *skip_reason* says why the calls can't be judged by it, if so.

    What an *is_advice* check finds are notes, and no failures.
    """

    name: str
    claims: tuple[str, ...]
    find: Callable[[Sequence[Call]], Iterator[Finding]]
    skip_reason: SkipReason
    is_advice: bool = False


def grade_har(
    path: str,
    judged: Sequence[Operation] | None = None,
    tell: Callable[[str], object] | None = None,
) -> Report:
    """Judge the client that sent the calls of the operations in *judged*, from the HAR at *path*.

    *judged* are the known operations by default. *tell* what was not read as it stands in the file.
    Raise TrafficError if the file is not a HAR or has no call in it.
    """
    traffic = har_log.load(path, har.parse_entries)
    if tell is not None:
        for note in traffic.notes:
            tell(f"{show_path(path)}: {note}")
    calls = requests.read_calls(traffic.entries, judged)
    _require_calls(calls, judged, show_path(path), f"among its {len(traffic.entries)} entries")
    estimates = {call.id: call for call in behaviour.estimate_turned_away(_select_throttled(calls))}
    calls = tuple(estimates.get(call.id, call) for call in calls)
    return _build_report(path, calls, ())


def grade_journal(
    url: str,
    tenants: tuple[str, ...],
    token: str | None = None,
    proxy: Proxy | None = None,
) -> Report:
    """Judge the clients of the mock at *url* by the journals of *tenants*.

    *token* is the control token of the mock. Raise TrafficError if the mock does not answer, or if
    no call is in the journals.
    """
    journal = journal_client.load_calls(url, tenants, token, proxy)
    names = ", ".join(dict.fromkeys(tenants))
    _require_calls(journal.calls, None, show_url(url), f"in the journal of {names}")
    forgotten = (("forgotten exchanges", str(journal.forgotten)),) if journal.forgotten else ()
    return _build_report(f"the journal of {names}", journal.calls, forgotten)


def _require_calls(
    calls: Sequence[Call], judged: Sequence[Operation] | None, source: str, where: str
) -> None:
    if not calls:
        names = " or ".join([operation.name for operation in judged or ()] or [_DESCRIBED])
        msg = f"{source}: no call of {names} {where}"
        raise TrafficError(msg)


def _select_throttled(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Return the calls that may be turned away: the rules of behaviour over time are for these."""
    return tuple(call for call in calls if call.operation in THROTTLED)


def _build_report(
    subject: str, calls: Sequence[Call], facts: tuple[tuple[str, str], ...]
) -> Report:
    confidences = [call.turned_away_confidence for call in calls if call.turned_away_confidence]
    is_certain = all(confidence is Confidence.CERTAIN for confidence in confidences)
    counts = (
        ("calls", str(len(calls))),
        ("tenants", str(len({call.tenant for call in calls}))),
        ("turned away" if is_certain else "perhaps turned away", str(len(confidences))),
    )
    results = tuple(_run_check(check, calls) for check in CHECKS)
    return Report("grade", results, (*counts, *facts), subject=subject)


def _run_check(check: Check, calls: Sequence[Call]) -> Result:
    findings = tuple(check.find(calls))
    if findings:
        is_cut = len(findings) > MAX_FINDINGS
        note = f"the first {MAX_FINDINGS} of {len(findings)}" if is_cut else None
        findings = findings[:MAX_FINDINGS]
        if check.is_advice:
            return Result(check.name, "passed", check.claims, reason=note, notes=findings)
        return Result(check.name, "failed", check.claims, findings, note)
    reason = check.skip_reason(calls)
    if reason is not None:
        return Result(check.name, "skipped", check.claims, reason=reason)
    unchecked = sum(1 for call in calls if check.name in call.assessment.unchecked)
    note = f"{unchecked} of {len(calls)} calls can't be checked" if unchecked else None
    return Result(check.name, "passed", check.claims, reason=note)


# ---- checks of single requests ---------------------------------------------------------------


def _request_check(name: str, *claims: str) -> Check:
    def find(calls: Sequence[Call]) -> Iterator[Finding]:
        for call in calls:
            for violation in call.assessment.violations:
                if violation.check == name:
                    yield Finding(call.where, violation.what, violation.claims)

    def skip_reason(calls: Sequence[Call]) -> str | None:
        is_unchecked = all(name in call.assessment.unchecked for call in calls)
        return "not recorded for any call" if is_unchecked else None

    return Check(name, claims, find, skip_reason)


def _find_unexplained_responses(calls: Sequence[Call]) -> Iterator[Finding]:
    """Yield the 4xx answers that no other check explains."""
    for call in calls:
        is_explained = call.assessment.violations or "answers" in call.assessment.unchecked
        if call.rejected and not is_explained:
            unknown = ("read the message in the response", "no-content")
            what, claim = _RESPONSE_ADVICE.get(call.status or 0, unknown)
            yield Finding(call.where, f"answered {call.status}: {what}", (claim,))


# ---- checks of behaviour over time -----------------------------------------------------------


def _behaviour_check(
    name: str,
    claims: tuple[str, ...],
    rule: Callable[[Sequence[Call]], Iterable[behaviour.CallProblem]],
    skip_reason: SkipReason,
    operations: Container[str] = THROTTLED,
) -> Check:
    """Return the check of *rule*, which is about the calls of *operations*."""

    def select(calls: Sequence[Call]) -> Sequence[Call]:
        return [call for call in calls if call.operation in operations]

    def find(calls: Sequence[Call]) -> Iterator[Finding]:
        return (Finding(call.where, what, claims) for call, what in rule(select(calls)))

    return Check(name, claims, find, lambda calls: skip_reason(select(calls)))


def _advice(
    name: str,
    claim: str,
    rule: Callable[[Sequence[Call]], Iterable[behaviour.CallProblem]],
    reason: str,
    can_judge: Callable[[Call], bool],
) -> Check:
    def find(calls: Sequence[Call]) -> Iterator[Finding]:
        return (Finding(call.where, what, (claim,)) for call, what in rule(calls))

    return Check(name, (claim,), find, _skip_unless(reason, can_judge), is_advice=True)


def _skip_unless(reason: str, can_judge: Callable[[Call], bool]) -> SkipReason:
    """Skip the check with *reason* unless it can judge at least one call."""
    return lambda calls: None if any(map(can_judge, calls)) else reason


def _overlap_skip_reason(calls: Sequence[Call]) -> str | None:
    groups = behaviour.group_by_tenant(calls)
    can_overlap = any(
        len(group) > 1 and all(call.at is not None for call in group) for group in groups
    )
    return None if can_overlap else _time_problem(calls) or "no tenant has two calls with a time"


def _retry_skip_reason(calls: Sequence[Call]) -> str | None:
    turned_away = [call for call in calls if call.turned_away_confidence]
    if any(call.at is not None for call in turned_away):
        return None
    return _time_problem(turned_away) or "no call with a time was turned away"


def _loss_skip_reason(calls: Sequence[Call]) -> str | None:
    throttled = _select_throttled(calls)
    answered = [call for call in throttled if call.status == 204 and call.accounts]
    if not answered:
        return "no call with accounts was answered 204"
    if any(call.turned_away_confidence is not Confidence.UNKNOWN for call in answered):
        return None
    return _time_problem(answered) or "nothing shows whether a call was turned away"


def _time_problem(calls: Sequence[Call]) -> str | None:
    return next((call.time_problem for call in calls), None)


CHECKS: Final = (
    _request_check("address", "path", "path-tenant", "method"),
    _request_check("media-type", "media-types", "charset", "content-encoding"),
    _request_check("body", "request-body", "body-required", "body-syntax", "body-shape"),
    _request_check("credentials", "authorization-schemes", "schemes-by-installation"),
    _request_check("undocumented-members", "unknown-members", "query-names"),
    Check(
        "answers",
        ("no-content",),
        _find_unexplained_responses,
        _skip_unless("no answers", lambda call: bool(call.status)),
    ),
    _behaviour_check(
        "gave-up",
        ("busy-second",),
        behaviour.find_early_disconnects,
        _skip_unless("no call shows how it ended", lambda call: call.gave_up is not None),
    ),
    _behaviour_check(
        "tight-retry",
        ("busy-second", "lease-end"),
        behaviour.find_tight_retries,
        _retry_skip_reason,
    ),
    _behaviour_check(
        "overlap", ("single-run", "lease-tenant"), behaviour.find_overlaps, _overlap_skip_reason
    ),
    _behaviour_check(
        "duplicate-account",
        ("duplicates",),
        behaviour.find_duplicates,
        _skip_unless("no call has recorded accounts", lambda call: bool(call.accounts)),
    ),
    _behaviour_check(
        "lost-accounts",
        ("silent-drop", "single-run"),
        behaviour.find_losses,
        _loss_skip_reason,
        SYNCS,
    ),
    _advice(
        "not-due",
        "ready-list",
        advice.find_not_due,
        "no recorded answer lists the accounts that are due",
        lambda call: call.due is not None,
    ),
    _advice(
        "fast-polling",
        "throttle-purpose",
        advice.find_fast_polling,
        "no look with a time of its own is recorded",
        lambda call: call.operation in POLLED and call.client is not None and bool(call.elapsed),
    ),
    _advice(
        "no-look",
        "silent-drop",
        advice.find_syncs_without_look,
        "no call with accounts was answered 204",
        advice.is_sync,
    ),
    _advice(
        "not-advanced",
        "last-fetch",
        advice.find_forgotten_accounts,
        "no recorded answer shows the LastFetch of an account",
        lambda call: call.fetch is not None,
    ),
)
