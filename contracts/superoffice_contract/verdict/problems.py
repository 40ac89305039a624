"""What is wrong with the traffic of a tenant, kind by kind, and the verdict on it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract.control.answers import (
    ArmedFault,
    Exchange,
    ExchangeDetails,
    Problem,
    Verdict,
)
from superoffice_contract.lost_accounts import Confidence, find_lost_accounts
from superoffice_contract.messages import describe_unknown, printable
from superoffice_contract.report import Finding, Result
from superoffice_contract.verdict.losses import describe_losses, explain_losses
from superoffice_contract.verdict.timeline import (
    count_calls,
    forgotten_note,
    format_accounts,
    timeline,
)
from superoffice_contract.verdict.traffic import Traffic

DEFAULT_KINDS: Final = ("lost", "rejected", "unfired", "unplayed")
"""What fails a test unless it says otherwise."""
CRASHED: Final = "crashed"
NEVER: Final = "never-called"
NEVER_CALLED: Final = "no request reached the mock; does the app call its URL?"
MAX_DETAILS: Final = 10
"""Lines about one problem; the number of the others is told."""
_REJECTED: Final = (400, 413, 415)
_NOT_LET_IN: Final = (401, 403)


class Evidence(msgspec.Struct, frozen=True):
    """What a verdict on a tenant rests on.

    *recorded* counts the recorded calls that it could play, *unplayed* names those that it did not.
    *strict* are the kinds of problems that fail a test of it; None: those of whoever judges.
    *expect_lost* are the accounts that are known to be lost.
    """

    tenant: str
    traffic: Traffic
    faults: Sequence[ArmedFault] = ()
    recorded: int = 0
    unplayed: Sequence[str] = ()
    strict: Collection[str] | None = None
    expect_lost: Collection[int] = frozenset()


def judge(evidence: Evidence, default: Collection[str] = DEFAULT_KINDS) -> Verdict:
    """Return the verdict on a tenant; *default* kinds fail it unless it has its own.

    If the mock crashed, it fails always.
    """
    kinds = default if evidence.strict is None else evidence.strict
    problems = tuple(
        Problem(kind, *found, fails=kind in kinds or kind == CRASHED)
        for kind, find in FINDERS.items()
        if (found := find(evidence)) is not None
    )
    failing = [problem for problem in problems if problem.fails]
    traffic = evidence.traffic
    if not failing:
        allowed = [f"allowed: {each.message}" for each in problems if each.kind != NEVER]
        text = "\n".join((count_calls(traffic), *allowed))
        return Verdict(evidence.tenant, passed=True, text=text, problems=problems)
    lines = [line for problem in failing for line in (problem.message, *problem.details)]
    text = "\n".join((*lines, "", timeline(traffic)))
    return Verdict(evidence.tenant, passed=False, text=text, problems=problems)


Found = tuple[str, tuple[str, ...]] | None
"""A problem in a sentence, and lines about it; None if there is none."""


def _find_losses(evidence: Evidence) -> Found:
    traffic, expected = evidence.traffic, evidence.expect_lost
    candidates = find_lost_accounts(traffic.attempts)
    lost = [each for each in candidates if each.confidence > Confidence.UNKNOWN]
    unexpected = [each for each in lost if each.account not in expected]
    sentences = [describe_losses(unexpected)] if unexpected else []
    if synced := sorted(set(expected) - {each.account for each in lost}):
        are, them = ("is", "it") if len(synced) == 1 else ("are", "them")
        sentences.append(f"{format_accounts(synced)} {are} not lost, but expect_lost names {them}")
    elif traffic.forgotten and not unexpected:
        sentences.append(f"whether accounts are lost is {forgotten_note(traffic)}")
    if not sentences:
        return None
    return sentences[0], (*sentences[1:], *_shorten(explain_losses(unexpected, traffic)))


def _find_rejections(evidence: Evidence) -> Found:
    calls = [*_rejections(evidence.traffic, lambda status: status in _REJECTED)]
    return _describe_calls(calls, "rejected for the body or the media type")


def _find_unserved(evidence: Evidence) -> Found:
    known = (*_REJECTED, *_NOT_LET_IN)
    calls = [*_rejections(evidence.traffic, lambda status: status not in known)]
    return _describe_calls(calls, "answered with an error")


def _describe_calls(calls: Sequence[Exchange], how: str) -> Found:
    if not calls:
        return None
    were = "1 call was" if len(calls) == 1 else f"{len(calls)} calls were"
    first, *others = map(_describe_rejection, calls)
    return f"{were} {how}: {first}", _shorten(others)


def _find_oddities(evidence: Evidence) -> Found:
    lines = [*oddities(evidence.traffic)]
    return (f"odd, though allowed: {lines[0]}", _shorten(lines[1:])) if lines else None


def _find_unfired(evidence: Evidence) -> Found:
    idle = [fault for fault in evidence.faults if fault.sure and not fault.fired]
    if not idle:
        return None
    names = ", ".join(f"{fault.id} ({fault.effect})" for fault in idle)
    return f"armed faults that never fired: {names}; so the test did not test them", ()


def _find_unplayed(evidence: Evidence) -> Found:
    unplayed = evidence.unplayed
    if not unplayed:
        return None
    were = "was" if len(unplayed) == 1 else "were"
    message = f"{len(unplayed)} of {evidence.recorded} recorded calls {were} never asked for"
    return f"{message}: {unplayed[0]}", _shorten(unplayed[1:])


def _find_no_calls(evidence: Evidence) -> Found:
    traffic = evidence.traffic
    return None if traffic.requests or traffic.forgotten else (NEVER_CALLED, ())


def _find_crashes(evidence: Evidence) -> Found:
    calls = [call for call in evidence.traffic.requests if call.outcome == CRASHED]
    if not calls:
        return None
    ids = ", ".join(f"#{call.id}" for call in calls)
    traces = (call.crash or "" for call in calls if isinstance(call, ExchangeDetails))
    return f"the mock crashed in {ids}", _shorten([printable(trace) for trace in traces])


FINDERS: Final[Mapping[str, Callable[[Evidence], Found]]] = {
    CRASHED: _find_crashes,
    "lost": _find_losses,
    "rejected": _find_rejections,
    "unfired": _find_unfired,
    "unplayed": _find_unplayed,
    NEVER: _find_no_calls,
    "unserved": _find_unserved,
    "odd": _find_oddities,
}
KINDS: Final[Mapping[str, str]] = {
    "lost": "accounts are lost: answered 204, and no run covers them",
    "rejected": "a call was rejected for its body or media type (400, 413, 415)",
    "unfired": "an armed fault never fired",
    "unplayed": "a recorded call was never asked for",
    NEVER: "no request came at all",
    "unserved": "a call got another error, but 401 and 403, such as 404",
    "odd": "a call was odd, though allowed",
}
"""The kinds of problems that can be chosen, and what each is."""


def check_kinds(kinds: Iterable[str]) -> frozenset[str]:
    """Return *kinds*. Raise ValueError if one is unknown."""
    chosen = frozenset(kinds)
    for kind in sorted(chosen - KINDS.keys()):
        known = f"the kinds are: {', '.join(KINDS)}"
        raise ValueError(describe_unknown("kind of problem", kind, KINDS, known))
    return chosen


def violations(traffic: Traffic) -> Iterator[str]:
    """Yield a line for each violation and each rejected call; a 401 or 403 is not a violation."""
    yield from oddities(traffic)
    yield from map(_describe_rejection, _rejections(traffic, lambda code: code not in _NOT_LET_IN))


def oddities(traffic: Traffic) -> Iterator[str]:
    """Yield a line for what was odd in a call, though allowed."""
    for call in traffic.requests:
        for violation in call.violations:
            yield f"#{call.id}: {violation}"


def _rejections(traffic: Traffic, counts: Callable[[int | None], bool]) -> Iterator[Exchange]:
    return (call for call in traffic.requests if call.outcome == "rejected" and counts(call.status))


def _describe_rejection(call: Exchange) -> str:
    return f"#{call.id}: {call.status}: {call.reason}"


def _shorten(lines: Sequence[str]) -> tuple[str, ...]:
    omitted = len(lines) - MAX_DETAILS
    return (*lines[:MAX_DETAILS], *([f"and {omitted} more"] if omitted > 0 else []))


# ---- in a report -------------------------------------------------------------------------------

_CLAIMS: Final = {
    "lost": ("silent-drop", "single-run"),
    "rejected": ("request-body", "media-types"),
    "odd": ("unknown-members", "query-names"),
}


def result_of(kind: str, verdicts: Iterable[Verdict]) -> Result:
    """Return what *verdicts* say about a *kind* of problem; what fails nothing is a note."""
    claims = _CLAIMS.get(kind, ())
    found = [
        (problem.fails, Finding(f"tenant {verdict.tenant}", text_of(problem), claims))
        for verdict in verdicts
        for problem in verdict.problems
        if problem.kind == kind
    ]
    failures = tuple(finding for fails, finding in found if fails)
    notes = tuple(finding for fails, finding in found if not fails)
    return Result(kind, "failed" if failures else "passed", claims, failures, notes=notes)


def text_of(problem: Problem) -> str:
    """Return the sentence about *problem* with its details."""
    return "\n".join((problem.message, *problem.details))
