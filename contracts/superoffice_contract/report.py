"""What a harness found: text for people, JSON for programs, JUnit for CI."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal
from xml.etree import ElementTree as ET

import msgspec

Progress = Callable[[str, int, int], None]
"""Is told, as a check starts, its name, how many are finished, and of how many."""


class Steps:
    """Counts the checks that have ended, and tells *progress* of each that begins."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def begin(self, name: str) -> None:
        """Say that *name* starts."""
        self._progress(name, self._done, self._total)

    def end(self) -> None:
        """Count one that has ended."""
        self._done += 1

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Begin *name*, and end it with the block."""
        self.begin(name)
        try:
            yield
        finally:
            self.end()


Status = Literal["passed", "failed", "skipped", "error", "agrees", "differs", "cannot be observed"]
"""What a check came to; the last three are for claims, held against a real tenant."""


Kind = Literal["passed", "failure", "skipped", "error"]


FOUND: Final = 1


FINE: Final = 0


_SHOWN: Final[Mapping[Status, tuple[str, Kind]]] = {
    "passed": ("ok", "passed"),
    "failed": ("FAILED", "failure"),
    "error": ("ERROR", "error"),
    "skipped": ("skipped", "skipped"),
    "agrees": ("agrees", "passed"),
    "differs": ("DIFFERS", "failure"),
    "cannot be observed": ("cannot be observed", "skipped"),
}
"""By status: how text marks it, and what JUnit calls it; in the order of a summary."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: *where*, *what*, the claims it breaks, how to see it again."""

    where: str
    what: str
    claims: tuple[str, ...] = ()
    reproduce: str | None = None


class Result(msgspec.Struct, frozen=True):
    """What one check came to; *note* says why it was skipped, or what it learned."""

    check: str
    status: Status
    claims: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    note: str | None = None
    seconds: float = 0.0


class Report(msgspec.Struct, frozen=True):
    """Everything that was checked, in order; *facts* are figures worth knowing beside that.

    *seconds* passed in all, where somebody looked; checks may be under way at the same time.
    """

    title: str
    results: tuple[Result, ...]
    facts: tuple[tuple[str, str], ...] = ()
    seconds: float | None = None

    @property
    def exit_code(self) -> int:
        """Return 1 if anything was found, else 0."""
        kinds = {_SHOWN[one.status][1] for one in self.results}
        return FOUND if kinds & {"failure", "error"} else FINE

    @property
    def findings(self) -> Iterator[Finding]:
        """Yield all findings, in order."""
        return (finding for result in self.results for finding in result.findings)


def as_text(report: Report) -> str:
    """Return *report* for people, a line a check and a paragraph a finding."""
    return _printable("\n".join(_lines(report))) + "\n"


def as_json(report: Report) -> str:
    """Return *report* for programs."""
    content = msgspec.to_builtins(report) | {"exit_code": report.exit_code}
    # Not msgspec: what a lone surrogate came from is told like the rest of it, with a mark for it.
    return _printable(json.dumps(content, ensure_ascii=False, indent=2)) + "\n"


def as_junit(report: Report) -> str:
    """Return *report* as JUnit XML: a suite, and a case a check."""
    kinds = [_SHOWN[one.status][1] for one in report.results]
    suite = ET.Element(
        "testsuite",
        name=_printable(report.title),
        tests=str(len(kinds)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
        time=f"{_seconds(report):.3f}",
    )
    for result in report.results:
        suite.append(_case(report, result))
    totals = {name: value for name, value in suite.attrib.items() if name != "skipped"}
    suites = ET.Element("testsuites", totals)
    suites.append(suite)
    ET.indent(suites)
    body = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _seconds(report: Report) -> float:
    each = sum(one.seconds for one in report.results)
    return each if report.seconds is None else report.seconds


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
}


def _case(report: Report, result: Result) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=_printable(report.title),
        name=_printable(result.check),
        time=f"{result.seconds:.3f}",
    )
    kind = _SHOWN[result.status][1]
    if kind == "skipped":
        ET.SubElement(case, "skipped", message=_printable(result.note or ""))
    elif kind != "passed":
        first = result.findings[0].what if result.findings else result.note or ""
        told = ET.SubElement(case, kind, type=result.status, message=_printable(first))
        told.text = _printable("\n".join(_paragraphs(result.findings)) or (result.note or ""))
    return case


def _lines(report: Report) -> Iterator[str]:
    yield report.title
    width = max([8, *(len(_SHOWN[one.status][0]) for one in report.results)])
    for result in report.results:
        note = f"  ({result.note})" if result.note else ""
        yield f"  {_SHOWN[result.status][0]:<{width}} {result.check}{note}"
        yield from (
            f"      {one}".replace("\n", "\n      ") for one in _paragraphs(result.findings)
        )
    for name, value in report.facts:
        yield f"  {name}: {value}"
    yield _summary(report)


def _paragraphs(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{finding.where}: {finding.what}" if finding.where else finding.what
        if finding.claims:
            yield f"  breaks {', '.join(finding.claims)}"
        if finding.reproduce:
            yield f"  {finding.reproduce}"


def _summary(report: Report) -> str:
    counts = [
        f"{count} {status}"
        for status in _SHOWN
        if (count := sum(1 for one in report.results if one.status == status))
    ]
    return ", ".join(counts) or "nothing checked"


def _printable(text: str) -> str:
    """Return *text* without what XML can't say, or a terminal would obey."""
    return "".join(one if one.isprintable() or one in "\n\t" else "�" for one in text)
