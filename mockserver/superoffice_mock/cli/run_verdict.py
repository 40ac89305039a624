"""What `superoffice-mock run` keeps of each tenant, and how it judges and reports all of them."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from superoffice_contract.grading.grade import grade_calls
from superoffice_contract.grading.journal_client import calls_of
from superoffice_contract.report import Finding, Report, Result
from superoffice_contract.timeline.model import Timeline
from superoffice_contract.verdict.problems import (
    CRASHED,
    KINDS,
    NEVER,
    NEVER_CALLED,
    Evidence,
    judge,
    result_of,
)
from superoffice_contract.verdict.timeline import count_requests

if TYPE_CHECKING:
    from superoffice_contract.control.answers import Verdict
    from superoffice_contract.grading.calls import Call

MAX_CALLS: Final = 20_000
"""The most calls that are graded; older ones are left out."""
MAX_TENANTS: Final = 10
"""Tenants whose problems are printed, and whose pictures are in a report: failing ones first."""
_COVERED_CHECKS: Final = ("lost-accounts", "body", "media-type", "undocumented-members")
"""The checks of `grade` that say the same as a kind of problem."""


class Judgement:
    """The verdicts on all tenants of a run, with what *fail_on* names as failures."""

    def __init__(self, fail_on: Collection[str]) -> None:
        self._fail_on = fail_on
        self._calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self._call_count = 0
        self._outcomes: Counter[str] = Counter()
        self._verdicts: list[Verdict] = []
        self._pictures: dict[bool, list[tuple[Timeline, ...]]] = {False: [], True: []}

    def add(self, evidence: Evidence, take_timeline: Callable[[], Timeline] | None = None) -> None:
        """Judge a tenant whose traffic is complete. One that was not called counts for nothing.

        *take_timeline* returns what its picture shows, if the report needs it.
        """
        requests = evidence.traffic.requests
        is_silent = not requests and not evidence.traffic.forgotten
        if is_silent and not evidence.faults and not evidence.unplayed:
            return
        kinds = set(self._fail_on if evidence.strict is None else evidence.strict) - {NEVER}
        verdict = judge(evidence, kinds)
        self._verdicts.append(verdict)
        pictures = self._pictures[verdict.passed]
        if take_timeline is not None and len(pictures) < MAX_TENANTS:
            pictures.append((take_timeline(),))
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
        pictures = (*self._pictures[False], *self._pictures[True])[:MAX_TENANTS]
        return Report("run", results, facts, joint="against", subject="the mock", pictures=pictures)

    def _result_of(self, kind: str) -> Result:
        result = result_of(kind, self._verdicts)
        if kind != NEVER:
            return result
        silence = (Finding("all tenants", _describe_silence()),) * self._is_never_called
        if kind not in self._fail_on:
            return replace(result, status="passed", findings=(), notes=silence)
        return replace(result, status="failed" if silence else "passed", findings=silence, notes=())

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


def _describe_silence() -> str:
    return (
        f"{NEVER_CALLED} It is in SUPEROFFICE_URL; --env NAME=url gives it another name. (A mock "
        "that the tests start themselves, such as pytest's fixture, is not this one.)"
    )
