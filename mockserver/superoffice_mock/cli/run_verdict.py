"""What `superoffice-mock run` keeps of each tenant, and how it judges and reports all of them."""

from collections import Counter, deque
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from superoffice_contract.control.answers import Problem, Verdict
from superoffice_contract.grading.grade import grade_calls
from superoffice_contract.grading.journal_client import calls_of
from superoffice_contract.report import Finding, Report, Result
from superoffice_contract.verdict.problems import (
    CRASHED,
    KINDS,
    NEVER,
    NEVER_CALLED,
    Evidence,
    judge,
)
from superoffice_contract.verdict.timeline import count_requests

if TYPE_CHECKING:
    from superoffice_contract.grading.calls import Call

MAX_CALLS: Final = 20_000
"""The most calls that are graded; older ones are left out."""
MAX_TENANTS: Final = 10
"""Tenants whose problems are printed; the number of the others is told."""
_COVERED_CHECKS: Final = ("lost-accounts", "body", "media-type", "undocumented-members")
"""The checks of `grade` that say the same as a kind of problem."""
_CLAIMS: Final = {
    "lost": ("silent-drop", "single-run"),
    "rejected": ("request-body", "media-types"),
    "odd": ("unknown-members", "query-names"),
}


class Judgement:
    """The verdicts on all tenants of a run, with what *fail_on* names as failures."""

    def __init__(self, fail_on: Collection[str]) -> None:
        self._fail_on = fail_on
        self._calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self._call_count = 0
        self._outcomes: Counter[str] = Counter()
        self._verdicts: list[Verdict] = []

    def add(self, evidence: Evidence) -> None:
        """Judge a tenant whose traffic is complete. One that was not called counts for nothing."""
        requests = evidence.traffic.requests
        is_silent = not requests and not evidence.traffic.forgotten
        if is_silent and not evidence.faults and not evidence.unplayed:
            return
        kinds = set(self._fail_on if evidence.strict is None else evidence.strict) - {NEVER}
        self._verdicts.append(judge(evidence, kinds))
        self._outcomes.update(call.became for call in requests)
        self._outcomes["forgotten"] += evidence.traffic.forgotten
        calls = calls_of(requests, evidence.traffic.runs)
        self._calls.extend(calls)
        self._call_count += len(calls)

    @property
    def passed(self) -> bool:
        """Whether nothing happened that fails the run."""
        return not any(self._failing_kinds())

    def describe(self, code: int) -> str:
        """Return the problems with their timelines, and as the last line the verdict.

        *code* is the exit code of the command.
        """
        failing = [verdict for verdict in self._verdicts if not verdict.passed]
        blocks = [f"tenant {verdict.tenant}: {verdict.text}\n" for verdict in failing[:MAX_TENANTS]]
        if len(failing) > MAX_TENANTS:
            blocks.append(f"and {len(failing) - MAX_TENANTS} tenants more\n")
        kinds = ", ".join(dict.fromkeys(self._failing_kinds()))
        if self._is_never_called and NEVER in self._fail_on:
            blocks.append(f"{_describe_silence()}\n")
        tenants = len({verdict.tenant for verdict in self._verdicts})
        where = f" at {tenants} tenant{'' if tenants == 1 else 's'}"
        count = count_requests(+self._outcomes, where)
        allowed = ", ".join(dict.fromkeys(self._allowed_kinds()))
        parts = [
            f"the command ended with {code}" if code else "",
            f"failed: {kinds}" if kinds else "nothing is wrong at the mock" if code else "passed",
            count,
            f"allowed: {allowed}" if allowed else "",
        ]
        verdict = "; ".join(part for part in parts if part)
        return "\n".join((*blocks, f"superoffice-mock run: {verdict}"))

    def report(self) -> Report:
        """Return the report: a result for each kind of problem, and the notes of `grade`."""
        graded = grade_calls(tuple(self._calls))
        notes = [
            Result(each.check, "passed", each.claims, reason=each.reason, notes=each.findings)
            if each.findings
            else each
            for each in graded.results
            if each.check not in _COVERED_CHECKS
        ]
        left_out = self._call_count - len(self._calls)
        facts = (*graded.facts, *((("older calls left out", f"{left_out}"),) if left_out else ()))
        results = (*map(self._result_of, (CRASHED, *KINDS)), *notes)
        return Report("run", results, facts, joint="against", subject="the mock")

    def _result_of(self, kind: str) -> Result:
        found = [
            (problem, Finding(f"tenant {verdict.tenant}", text_of(problem), _CLAIMS.get(kind, ())))
            for verdict in self._verdicts
            for problem in verdict.problems
            if problem.kind == kind
        ]
        failures = tuple(finding for problem, finding in found if problem.fails)
        others = tuple(finding for problem, finding in found if not problem.fails)
        if kind == NEVER:
            silence = (Finding("all tenants", _describe_silence()),) * self._is_never_called
            failures, others = (silence, ()) if kind in self._fail_on else ((), silence)
        claims = _CLAIMS.get(kind, ())
        return Result(kind, "failed" if failures else "passed", claims, failures, notes=others)

    def _failing_kinds(self) -> Iterator[str]:
        for verdict in self._verdicts:
            yield from (problem.kind for problem in verdict.problems if problem.fails)
        if self._is_never_called and NEVER in self._fail_on:
            yield NEVER

    def _allowed_kinds(self) -> Iterator[str]:
        for verdict in self._verdicts:
            yield from (each.kind for each in verdict.problems if not each.fails)

    @property
    def _is_never_called(self) -> bool:
        return not +self._outcomes


def text_of(problem: Problem) -> str:
    """Return the sentence about *problem* with its details."""
    return "\n".join((problem.message, *problem.details))


def _describe_silence() -> str:
    return (
        f"{NEVER_CALLED} It is in SUPEROFFICE_URL; --env NAME=url gives it another name. (A mock "
        "that the tests start themselves, such as pytest's fixture, is not this one.)"
    )
