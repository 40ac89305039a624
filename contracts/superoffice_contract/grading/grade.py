"""Judges a client by its recorded traffic: a HAR, or the journal of a mock."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract import har, har_log
from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TrafficError
from superoffice_contract.grading import advice, behaviour, journal_client, requests
from superoffice_contract.grading.calls import Call, Violation
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
_NEED_ANSWERS: Final = ("not-due", "fast-polling", "not-advanced")
"""The checks that a journal can't serve."""
_NO_ANSWERS: Final = (
    "a journal keeps no answers and no whole requests; grade a HAR, or the recording of "
    "POST /_mock/recordings/stop"
)

Rule = Callable[[Sequence[Call]], Iterator[behaviour.CallProblem | tuple[Call, Violation]]]
SkipReason = Callable[[Sequence[Call]], str | None]


class Check(msgspec.Struct, frozen=True):
    """One *rule* for clients; *skip_reason* says why the calls can't be judged by it, if so.

    *operations* are those whose calls it is about, None is any. What an *is_advice* check finds are
    notes, and no failures.
    """

    name: str
    claims: tuple[str, ...]
    rule: Rule
    skip_reason: SkipReason
    operations: Container[str] | None = None
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
    calls = read_calls(traffic.entries, judged)
    _require_calls(calls, judged, show_path(path), f"among its {len(traffic.entries)} entries")
    return _build_report(path, calls, ())


def read_calls(
    entries: Sequence[har.Entry], judged: Sequence[Operation] | None = None
) -> tuple[Call, ...]:
    """Return the calls in *entries*, with an estimate of which were turned away."""
    calls = requests.read_calls(entries, judged)
    estimates = {call.id: call for call in behaviour.estimate_turned_away(_select_throttled(calls))}
    return tuple(estimates.get(call.id, call) for call in calls)


def grade_journal(
    url: str,
    tenants: tuple[str, ...],
    token: str | None = None,
    proxy: Proxy | None = None,
) -> Report:
    """Judge the clients of the mock at *url* by the journals of *tenants*; none is its default one.

    *token* is the control token of the mock. Raise TrafficError if the mock does not answer, or if
    no call is in the journals.
    """
    journal = journal_client.load_calls(url, tenants, token, proxy)
    names = ", ".join(journal.tenants)
    _require_calls(journal.calls, None, show_url(url), f"in the journal of {names}")
    forgotten = (("forgotten exchanges", str(journal.forgotten)),) if journal.forgotten else ()
    report = _build_report(f"the journal of {names}", journal.calls, forgotten)
    results = (
        msgspec.structs.replace(result, reason=_NO_ANSWERS)
        if result.check in _NEED_ANSWERS
        else result
        for result in report.results
    )
    return msgspec.structs.replace(report, results=tuple(results))


def grade_calls(calls: Sequence[Call]) -> Report:
    """Judge the clients that made *calls*, which may be none."""
    return _build_report("", calls, ())


def _require_calls(
    calls: Sequence[Call], judged: Sequence[Operation] | None, source: str, where: str
) -> None:
    if not calls:
        names = " or ".join([operation.name for operation in judged or ()] or [_DESCRIBED])
        raise TrafficError(f"{source}: no call of {names} {where}")


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


def _run_check(check: Check, all_calls: Sequence[Call]) -> Result:
    kinds = check.operations
    calls = [call for call in all_calls if kinds is None or call.operation in kinds]
    findings = tuple(_finding(check, *problem) for problem in check.rule(calls))
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
    unchecked = sum(1 for call in all_calls if check.name in call.assessment.unchecked)
    note = f"{unchecked} of {len(all_calls)} calls can't be checked" if unchecked else None
    return Result(check.name, "passed", check.claims, reason=note)


def _finding(check: Check, call: Call, what: str | Violation) -> Finding:
    if isinstance(what, Violation):
        return Finding(call.where, what.what, what.claims)
    return Finding(call.where, what, check.claims)


# ---- checks of single requests ---------------------------------------------------------------


def _request_check(name: str, *claims: str) -> Check:
    def rule(calls: Sequence[Call]) -> Iterator[tuple[Call, Violation]]:
        for call in calls:
            yield from ((call, each) for each in call.assessment.violations if each.check == name)

    def skip_reason(calls: Sequence[Call]) -> str | None:
        is_unchecked = all(name in call.assessment.unchecked for call in calls)
        return "not recorded for any call" if is_unchecked else None

    return Check(name, claims, rule, skip_reason)


def _find_unexplained_responses(calls: Sequence[Call]) -> Iterator[tuple[Call, Violation]]:
    """Yield the 4xx answers that no other check explains."""
    for call in calls:
        is_explained = call.assessment.violations or "answers" in call.assessment.unchecked
        if call.rejected and not is_explained:
            unknown = ("read the message in the response", "no-content")
            what, claim = _RESPONSE_ADVICE.get(call.status or 0, unknown)
            yield call, Violation("answers", f"answered {call.status}: {what}", (claim,))


# ---- checks of behaviour over time -----------------------------------------------------------


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
    Check(
        "gave-up",
        ("busy-second",),
        behaviour.find_early_disconnects,
        _skip_unless("no call shows how it ended", lambda call: call.gave_up is not None),
        THROTTLED,
    ),
    Check(
        "tight-retry",
        ("busy-second", "lease-end"),
        behaviour.find_tight_retries,
        _retry_skip_reason,
        THROTTLED,
    ),
    Check(
        "overlap",
        ("single-run", "lease-tenant"),
        behaviour.find_overlaps,
        _overlap_skip_reason,
        THROTTLED,
    ),
    Check(
        "duplicate-account",
        ("duplicates",),
        behaviour.find_duplicates,
        _skip_unless("no call has recorded accounts", lambda call: bool(call.accounts)),
        THROTTLED,
    ),
    Check(
        "lost-accounts",
        ("silent-drop", "single-run"),
        behaviour.find_losses,
        _loss_skip_reason,
        SYNCS,
    ),
    Check(
        "not-due",
        ("ready-list",),
        advice.find_not_due,
        _skip_unless(
            "no recorded answer lists the accounts that are due",
            lambda call: call.due is not None,
        ),
        is_advice=True,
    ),
    Check(
        "fast-polling",
        ("throttle-purpose",),
        advice.find_fast_polling,
        _skip_unless(
            "no look with a time of its own is recorded",
            lambda call: (
                call.operation in POLLED and call.client is not None and bool(call.elapsed)
            ),
        ),
        is_advice=True,
    ),
    Check(
        "no-look",
        ("silent-drop",),
        advice.find_syncs_without_look,
        _skip_unless("no call with accounts was answered 204", advice.is_sync),
        is_advice=True,
    ),
    Check(
        "not-advanced",
        ("last-fetch",),
        advice.find_forgotten_accounts,
        _skip_unless(
            "no recorded answer shows the LastFetch of an account",
            lambda call: call.fetch is not None,
        ),
        is_advice=True,
    ),
)
