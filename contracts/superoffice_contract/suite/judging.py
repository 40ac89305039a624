"""Decides what is a failure and what is a note, and merges findings of one cause."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from superoffice_contract.openapi import claims
from superoffice_contract.report import Finding, Result, Status

Cause = tuple[tuple[str, ...], str]
"""The claims that findings break, and their words."""
TOLD_BEFORE: Final = "what it found is told under another check"


class Judge(msgspec.Struct, frozen=True):
    """Judges findings by the kind of the claim that they break.

    A difference from an inferred claim is a note, unless the check is *strict*, or the user told
    which reading the server follows: *told_readings* are their names.
    """

    strict: bool
    told_readings: frozenset[str] = frozenset()

    def is_failure(self, finding: Finding) -> bool:
        """Return whether *finding* is a failure; one without a claim is."""
        all_claims = claims.load()
        broken = [all_claims[id_] for id_ in finding.claims]
        has_evidence = any(
            claim.is_evidence or claim.reading in self.told_readings for claim in broken
        )
        return self.strict or not broken or has_evidence

    def conclude(
        self, check: str, claim_ids: tuple[str, ...], findings: Iterable[Finding], seconds: float
    ) -> Result:
        """Return the result of *check*, which took so many *seconds*: failed if it has failures."""
        merged = merge(findings)
        failures = tuple(finding for finding in merged if self.is_failure(finding))
        notes = tuple(finding for finding in merged if not self.is_failure(finding))
        status: Status = "failed" if failures else "passed"
        return Result(check, status, claim_ids, failures, None, seconds, notes)


def fold(results: Sequence[Result], generated: str) -> list[Result]:
    """Return *results* with what several checks found as one finding: that of the first of them.

    What the check *generated* finds is told with any finding that breaks the same claim: a request
    that was made by chance shows less than one that was chosen.
    """
    first_causes: dict[tuple[str, ...], Cause] = {}
    owners: dict[Cause, Finding] = {}
    counts = Counter[Cause]()
    for result in results:
        for finding in (*result.findings, *result.notes):
            own_cause = finding.claims, finding.what
            first_cause = first_causes.setdefault(finding.claims, own_cause)
            is_generated = result.check.startswith(generated)
            cause = first_cause if is_generated else own_cause
            owners.setdefault(cause, finding)
            counts[cause] += finding.count

    def keep(findings: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(
            msgspec.structs.replace(finding, count=counts[finding.claims, finding.what])
            for finding in findings
            if owners.get((finding.claims, finding.what)) is finding
        )

    return [_keep(result, keep(result.findings), keep(result.notes)) for result in results]


def _keep(result: Result, findings: tuple[Finding, ...], notes: tuple[Finding, ...]) -> Result:
    """Return *result* with these *findings* and *notes*; skipped if all failures are elsewhere."""
    kept = msgspec.structs.replace(result, findings=findings, notes=notes)
    if findings or not result.findings:
        return kept
    return msgspec.structs.replace(kept, status="skipped", reason=TOLD_BEFORE)


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* with those of one cause as one: the same claims, and the same words."""
    by_cause: dict[object, Finding] = {}
    for finding in findings:
        cause = finding.claims, finding.what
        first = by_cause.setdefault(cause, finding)
        if first is not finding:
            by_cause[cause] = msgspec.structs.replace(first, count=first.count + finding.count)
    return tuple(by_cause.values())
