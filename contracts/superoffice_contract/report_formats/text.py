"""A report as text that lists all results, and the words that other formats share."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from superoffice_contract.messages import one_line, printable
from superoffice_contract.openapi import claims
from superoffice_contract.report import Finding, Report, Result, Status

_MARKS: Final[Mapping[Status, str]] = {
    "passed": "ok",
    "failed": "FAILED",
    "error": "ERROR",
    "differs": "DIFFERS",
}


def as_text(report: Report) -> str:
    """Return *report* as text: a line for each check, and below it its findings and notes."""
    return printable("\n".join(_text_lines(report))) + "\n"


def show_reason(result: Result) -> str:
    """Return the check and the reason of *result*."""
    return f"{result.check}: {result.reason}" if result.reason else result.check


def mark_of(status: Status) -> str:
    """Return the word for *status*; a problem is in capitals."""
    return _MARKS.get(status, status)


def describe_place(finding: Finding) -> str:
    """Return where *finding* was first found, and how often if it was more than once."""
    times = f"{finding.count} times" if finding.count > 1 else ""
    return "; ".join(filter(None, (finding.where, times)))


def describe_evidence(id_: str) -> tuple[str, str]:
    """Return the kind and the source of a claim; of an inferred one, the reason for our choice."""
    claim = claims.load().get(id_)
    return ("unknown", "") if claim is None else (claim.kind, claim.source or claim.because or "")


def name_claims(finding: Finding) -> str:
    """Return the claims that *finding* breaks, with their kinds: `task-cap (documented)`."""
    return ", ".join(f"{id_} ({describe_evidence(id_)[0]})" for id_ in finding.claims)


def explain_claims(finding: Finding) -> str:
    """Return the claims that *finding* breaks, with their kinds and sources."""
    evidence = ((id_, ", ".join(filter(None, describe_evidence(id_)))) for id_ in finding.claims)
    return "; ".join(f"{id_} ({words})" for id_, words in evidence)


def finding_lines(findings: Iterable[Finding], mark: str = "") -> Iterator[str]:
    """Yield a line for each finding, the claims it breaks, and the command that shows it."""
    for finding in findings:
        place = describe_place(finding)
        yield mark + (f"{place}: {finding.what}" if place else finding.what)
        if finding.claims:
            yield f"  breaks {', '.join(finding.claims)}"
        if finding.reproduce:
            yield f"  {finding.reproduce}"


def _text_lines(report: Report) -> Iterator[str]:
    yield one_line(report.heading)
    width = max([8, *(len(mark_of(result.status)) for result in report.results)])
    for result in report.results:
        reason = f"  ({result.reason})" if result.reason else ""
        yield f"  {mark_of(result.status):<{width}} {one_line(result.check + reason)}"
        lines = (*finding_lines(result.findings), *finding_lines(result.notes, "note: "))
        for line in lines:
            yield f"      {line}".replace("\n", "\n      ")
    for name, value in report.facts:
        yield f"  {one_line(name)}: {one_line(value)}"
    yield report.verdict
