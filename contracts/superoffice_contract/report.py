"""The report of a harness as text, JSON or JUnit XML."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal
from xml.etree import ElementTree as ET

import msgspec

from superoffice_contract.messages import one_line, printable

Progress = Callable[[str, int, int], None]
"""Called as a check starts, with its name, how many checks have ended, and how many there are."""
Status = Literal["passed", "failed", "skipped", "error", "agrees", "differs", "cannot be observed"]
"""The result of a check; the last three are for claims, compared with a real tenant."""
Kind = Literal["passed", "failure", "skipped", "error"]

_LABELS: Final[Mapping[Status, tuple[str, Kind]]] = {
    "passed": ("ok", "passed"),
    "failed": ("FAILED", "failure"),
    "error": ("ERROR", "error"),
    "skipped": ("skipped", "skipped"),
    "agrees": ("agrees", "passed"),
    "differs": ("DIFFERS", "failure"),
    "cannot be observed": ("cannot be observed", "skipped"),
}
"""By status: the mark in text, and the kind in JUnit; in the order of a summary."""
_PLURALS: Final = {"error": "errors", "agrees": "agree", "differs": "differ"}


class ProgressCounter:
    """Counts the checks that have ended, and calls *progress* for each one that begins."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def begin(self, name: str) -> None:
        """Report that *name* begins."""
        self._progress(name, self._done, self._total)

    def end(self) -> None:
        """Count one more check as ended."""
        self._done += 1

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Begin *name*, and end it with the block."""
        self.begin(name)
        try:
            yield
        finally:
            self.end()


class Finding(msgspec.Struct, frozen=True):
    """One problem: *where*, *what*, the claims it breaks, and a command that reproduces it."""

    where: str
    what: str
    claims: tuple[str, ...] = ()
    reproduce: str | None = None


class Result(msgspec.Struct, frozen=True):
    """The result of one check; *note* says why it was skipped, or what it counted."""

    check: str
    status: Status
    claims: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    note: str | None = None
    seconds: float = 0.0


class Report(msgspec.Struct, frozen=True):
    """All results, in order; *facts* are additional names and values.

    *seconds* is the duration of the run, if measured: less than the sum if checks overlap.
    """

    title: str
    results: tuple[Result, ...]
    facts: tuple[tuple[str, str], ...] = ()
    seconds: float | None = None

    @property
    def exit_code(self) -> int:
        """1 if a check failed or ended in an error, else 0."""
        kinds = {_LABELS[result.status][1] for result in self.results}
        return 1 if kinds & {"failure", "error"} else 0

    @property
    def findings(self) -> Iterator[Finding]:
        """All findings, in order."""
        return (finding for result in self.results for finding in result.findings)


def as_text(report: Report) -> str:
    """Return *report* as text: a line for each check, and below it its findings."""
    return printable("\n".join(_text_lines(report))) + "\n"


def as_json(report: Report) -> str:
    """Return *report* as JSON in ASCII, which survives a pipe of any encoding."""
    content = msgspec.to_builtins(report) | {"exit_code": report.exit_code}
    # Not with msgspec, which rejects a lone surrogate; here it becomes a replacement character.
    text = printable(json.dumps(content, ensure_ascii=False))
    return json.dumps(json.loads(text), indent=2) + "\n"


def as_junit(report: Report) -> str:
    """Return *report* as JUnit XML in ASCII: one suite, with a case for each check."""
    kinds = [_LABELS[result.status][1] for result in report.results]
    seconds = report.seconds
    if seconds is None:
        seconds = sum(result.seconds for result in report.results)
    suite = ET.Element(
        "testsuite",
        name=printable(report.title),
        tests=str(len(kinds)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
        time=f"{seconds:.3f}",
    )
    for result in report.results:
        suite.append(_junit_case(report, result))
    totals = {name: value for name, value in suite.attrib.items() if name != "skipped"}
    suites = ET.Element("testsuites", totals)
    suites.append(suite)
    ET.indent(suites)
    text = ET.tostring(suites, encoding="us-ascii", xml_declaration=False).decode()
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
}


def _junit_case(report: Report, result: Result) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=printable(report.title),
        name=printable(result.check),
        time=f"{result.seconds:.3f}",
    )
    kind = _LABELS[result.status][1]
    if kind == "skipped":
        ET.SubElement(case, "skipped", message=printable(result.note or ""))
    elif kind != "passed":
        message = result.findings[0].what if result.findings else result.note or ""
        failure = ET.SubElement(case, kind, type=result.status, message=printable(message))
        failure.text = printable("\n".join(_finding_lines(result.findings)) or (result.note or ""))
    return case


def _text_lines(report: Report) -> Iterator[str]:
    yield one_line(report.title)
    width = max([8, *(len(_LABELS[result.status][0]) for result in report.results)])
    for result in report.results:
        note = f"  ({result.note})" if result.note else ""
        yield f"  {_LABELS[result.status][0]:<{width}} {one_line(result.check + note)}"
        for line in _finding_lines(result.findings):
            yield f"      {line}".replace("\n", "\n      ")
    for name, value in report.facts:
        yield f"  {one_line(name)}: {one_line(value)}"
    counts = [
        f"{count} {status if count == 1 else _PLURALS.get(status, status)}"
        for status in _LABELS
        if (count := sum(result.status == status for result in report.results))
    ]
    yield ", ".join(counts) or "nothing checked"


def _finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{finding.where}: {finding.what}" if finding.where else finding.what
        if finding.claims:
            yield f"  breaks {', '.join(finding.claims)}"
        if finding.reproduce:
            yield f"  {finding.reproduce}"
