"""A report as JSON and as JUnit XML, in ASCII, which survives a pipe of any encoding."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
from msgspec.structs import replace

from superoffice_contract.messages import printable
from superoffice_contract.report import Finding, Report, Result
from superoffice_contract.report_formats.text import describe_evidence, finding_lines

# ---- JSON ------------------------------------------------------------------------------------


def as_json(report: Report) -> str:
    """Return *report* as JSON: all but the pictures, and exchanges, which `--findings` writes."""
    content = msgspec.to_builtins(replace(report, pictures=()))
    del content["joint"], content["pictures"]
    for result, members in zip(report.results, content["results"], strict=True):
        members["findings"] = [*map(_finding_members, result.findings)]
        members["notes"] = [*map(_finding_members, result.notes)]
    content |= {"verdict": report.verdict, "exit_code": report.exit_code}
    # Not with msgspec, which rejects a lone surrogate; here it becomes a replacement character.
    text = printable(json.dumps(content, ensure_ascii=False))
    return json.dumps(json.loads(text), indent=2) + "\n"


def _finding_members(finding: Finding) -> dict[str, Any]:
    """Return *finding* as JSON, with the kind and the source of each claim as its evidence."""
    evidence = ((id_, *describe_evidence(id_)) for id_ in finding.claims)
    return {
        "where": finding.where,
        "what": finding.what,
        "claims": [*finding.claims],
        "evidence": [{"claim": id_, "kind": kind, "source": src} for id_, kind, src in evidence],
        "count": finding.count,
        "reproduce": finding.reproduce,
    }


# ---- JUnit -----------------------------------------------------------------------------------


def as_junit(report: Report) -> str:
    """Return *report* as JUnit XML: one suite, with a case for each check and for each note.

    The names are the same whatever server was checked, so that a CI can compare runs.
    """
    cases = [case for result in report.results for case in _junit_cases(report, result)]
    kinds = Counter(child.tag for case in cases for child in case)
    seconds = report.seconds
    if seconds is None:
        seconds = sum(result.seconds for result in report.results)
    suite = ET.Element(
        "testsuite",
        name=printable(report.title),
        tests=str(len(cases)),
        failures=str(kinds["failure"]),
        errors=str(kinds["error"]),
        skipped=str(kinds["skipped"]),
        time=f"{seconds:.3f}",
    )
    totals = {name: value for name, value in suite.attrib.items() if name != "skipped"}
    facts = (("subject", report.subject), *report.facts) if report.subject else report.facts
    if facts:
        properties = ET.SubElement(suite, "properties")
        for name, value in facts:
            ET.SubElement(properties, "property", name=printable(name), value=printable(value))
    suite.extend(cases)
    suites = ET.Element("testsuites", totals)
    suites.append(suite)
    ET.indent(suites)
    text = ET.tostring(suites, encoding="us-ascii", xml_declaration=False).decode()
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _junit_cases(report: Report, result: Result) -> Iterator[ET.Element]:
    """Yield the case of *result*, and one that is skipped for each note.

    Few tools show what a case that passed has to say; that of a wrong guess is skipped itself.
    """
    yield _junit_case(report, result)
    numbers = Counter[str]()
    for note in result.notes if result.kind != "skipped" else ():
        name = f"{result.check}: note {', '.join(note.claims)}".rstrip()
        numbers[name] += 1
        if numbers[name] > 1:
            name += f" ({numbers[name]})"
        case = _new_case(report, name, 0.0)
        text = _text_of([note])
        message = text.partition("\n")[0]
        ET.SubElement(case, "skipped", message=message).text = text
        yield case


def _junit_case(report: Report, result: Result) -> ET.Element:
    case = _new_case(report, result.check, result.seconds)
    if result.kind == "skipped":
        skipped = ET.SubElement(case, "skipped", message=printable(result.reason or ""))
        skipped.text = _text_of(result.notes) or None
    elif result.kind != "passed":
        message = result.findings[0].what if result.findings else result.reason or ""
        attributes = {"type": result.status, "message": printable(message)}
        failure = ET.SubElement(case, result.kind, attributes)
        failure.text = _text_of(result.findings) or printable(result.reason or "")
    return case


def _new_case(report: Report, name: str, seconds: float) -> ET.Element:
    classname, name = printable(report.title), printable(name)
    return ET.Element("testcase", classname=classname, name=name, time=f"{seconds:.3f}")


def _text_of(findings: Iterable[Finding]) -> str:
    return printable("\n".join(finding_lines(findings)))
