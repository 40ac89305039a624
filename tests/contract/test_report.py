"""The report as text, JSON and JUnit XML."""

import json
from typing import Final
from xml.etree import ElementTree as ET

import pytest

from superoffice_contract.report import (
    FORMATS,
    Finding,
    Report,
    Result,
    Status,
    as_json,
    as_junit,
    as_text,
)

FINDING = Finding("line 3", "two instead of one", ("single-run", "task-cap"), "curl -X POST /")
REPORT = Report(
    "check of a server",
    (
        Result("answers", "passed", ("no-content",), note="12 cases", seconds=0.25),
        Result("throttle", "failed", ("single-run",), (FINDING, Finding("", "late")), seconds=1.5),
        Result("tenants", "skipped", note="needs /_mock/"),
        Result("target", "error", note="it hung up"),
    ),
    (("layout", "text page"),),
)
EMPTY = Report("nothing", ())


def junit_cases(report: Report) -> list[ET.Element]:
    return list(ET.fromstring(as_junit(report).encode()).iter("testcase"))


def test_a_failure_or_an_error_is_exit_code_1() -> None:
    cases: dict[tuple[Status, ...], int] = {
        (): 0,
        ("passed", "skipped"): 0,
        ("passed", "failed"): 1,
        ("error", "passed"): 1,
    }
    for statuses, code in cases.items():
        report = Report("x", tuple(Result("check", status) for status in statuses))
        assert report.exit_code == code, statuses
        assert json.loads(as_json(report))["exit_code"] == code, statuses


def test_the_findings_of_a_report_are_those_of_its_results_in_order() -> None:
    assert [finding.what for finding in REPORT.findings] == ["two instead of one", "late"]


def test_text_has_a_line_for_each_check_and_its_findings_below() -> None:
    assert as_text(REPORT) == (
        "check of a server\n"
        "  ok       answers  (12 cases)\n"
        "  FAILED   throttle\n"
        "      line 3: two instead of one\n"
        "        breaks single-run, task-cap\n"
        "        curl -X POST /\n"
        "      late\n"
        "  skipped  tenants  (needs /_mock/)\n"
        "  ERROR    target  (it hung up)\n"
        "  layout: text page\n"
        "1 passed, 1 failed, 1 error, 1 skipped\n"
    )


def test_an_empty_report_says_so() -> None:
    assert as_text(EMPTY) == "nothing\nnothing checked\n"


def test_text_indents_every_line_of_a_finding() -> None:
    report = Report("x", (Result("check", "failed", findings=(Finding("here", "a\nb"),)),))
    assert "      here: a\n      b\n" in as_text(report)


def test_text_has_no_control_characters() -> None:
    finding = Finding("a\x1b[2J", "b\x07\r\x9b", ("c\x1b",), "d\u202e")
    text = as_text(Report("e\x1b]0;", (Result("f\x08", "failed", findings=(finding,)),)))
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert "a\ufffd[2J: b\ufffd\ufffd\ufffd" in text
    odd = "a\nforged"
    forged = Report(odd, (Result(odd, "skipped", note=odd),), facts=((odd, odd),))
    assert len(as_text(forged).splitlines()) == 4


def test_json_has_all_members() -> None:
    content = json.loads(as_json(REPORT))
    assert content["title"] == "check of a server"
    assert content["facts"] == [["layout", "text page"]]
    assert [result["status"] for result in content["results"]] == [
        "passed",
        "failed",
        "skipped",
        "error",
    ]
    assert content["results"][1]["findings"][0] == {
        "where": "line 3",
        "what": "two instead of one",
        "claims": ["single-run", "task-cap"],
        "reproduce": "curl -X POST /",
    }


def test_json_replaces_lone_surrogates() -> None:
    text = "a\ud800b\x1b"
    content = json.loads(as_json(Report(text, (Result(text, "skipped", note=text),))))
    assert content["title"] == content["results"][0]["note"] == "a\ufffdb\x1b"
    as_json(Report(text, ())).encode()


def test_junit_has_the_duration_of_the_run_if_checks_overlapped() -> None:
    report = Report("x", REPORT.results, seconds=1.6)
    (suite,) = ET.fromstring(as_junit(report).encode())
    assert suite.get("time") == "1.600"
    assert json.loads(as_json(report))["seconds"] == 1.6


def test_junit_counts_its_cases_by_kind() -> None:
    suites = ET.fromstring(as_junit(REPORT).encode())
    (suite,) = suites
    counts = {"tests": "4", "failures": "1", "errors": "1", "time": "1.750"}
    assert suites.attrib == {"name": "check of a server", **counts}
    assert suite.attrib == {**suites.attrib, "skipped": "1"}
    assert [(case.get("classname"), case.get("name"), case.get("time")) for case in suite] == [
        ("check of a server", "answers", "0.250"),
        ("check of a server", "throttle", "1.500"),
        ("check of a server", "tenants", "0.000"),
        ("check of a server", "target", "0.000"),
    ]


def test_junit_has_the_reason_why_a_case_did_not_pass() -> None:
    passed, failed, skipped, error = (list(case) for case in junit_cases(REPORT))
    assert passed == []
    assert [(element.tag, element.attrib) for element in (*failed, *skipped, *error)] == [
        ("failure", {"type": "failed", "message": "two instead of one"}),
        ("skipped", {"message": "needs /_mock/"}),
        ("error", {"type": "error", "message": "it hung up"}),
    ]
    assert failed[0].text == (
        "line 3: two instead of one\n  breaks single-run, task-cap\n  curl -X POST /\nlate"
    )
    assert error[0].text == "it hung up"


def test_junit_of_a_failure_without_findings_is_well_formed() -> None:
    ((failure,),) = junit_cases(Report("x", (Result("check", "failed"),)))
    assert (failure.get("message"), failure.text) == ("", None)


def test_junit_is_valid_xml_with_any_characters() -> None:
    escaped = "a\ufffd<&>\"'ü\n]]>"
    for letter in ("\x00", "\x1b", "\x85", "\ud800", "\ufffe", "\uffff"):
        text = f"a{letter}<&>\"'ü\n]]>"
        finding = Finding(text, text, (text,), text)
        results = (Result(text, "failed", findings=(finding,)), Result(text, "skipped", note=text))
        failed, skipped = junit_cases(Report(text, results))
        texts = [failed.get("name"), failed.get("classname"), failed[0].get("message")]
        assert [*texts, skipped[0].get("message")] == [escaped] * 4, repr(letter)
        assert failed[0].text == f"{escaped}: {escaped}\n  breaks {escaped}\n  {escaped}"


def test_junit_declares_its_encoding() -> None:
    assert as_junit(EMPTY).startswith('<?xml version="1.0" encoding="utf-8"?>\n<testsuites ')


def test_what_programs_read_survives_a_pipe_of_any_encoding() -> None:
    report = Report("tröll … 😀 \ud800", (Result("→", "skipped", note="“x”"),))
    junit, content = as_junit(report), json.loads(as_json(report))
    assert (as_json(report) + junit).isascii()
    assert content["title"] == "tröll … 😀 \ufffd"
    assert ET.fromstring(junit)[0].get("name") == content["title"]


JUNIT: Final = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, set()),
    "testsuite": (
        {
            *("name", "tests", "failures", "errors", "time", "disabled", "skipped", "skips"),
            *("timestamp", "hostname", "id", "package"),
        },
        {"name", "tests"},
    ),
    "testcase": ({"name", "assertions", "time", "classname", "status"}, {"name", "classname"}),
    "skipped": ({"message"}, set()),
    "error": ({"message", "type"}, set()),
    "failure": ({"message", "type"}, set()),
}
"""By element: the attributes that it may and must have in the schema of Jenkins."""
NESTING: Final = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"skipped", "error", "failure"},
}


@pytest.mark.parametrize("report", [REPORT, EMPTY], ids=["full", "empty"])
def test_junit_has_only_elements_and_attributes_of_the_schema(report: Report) -> None:
    root = ET.fromstring(as_junit(report).encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed, required = JUNIT[element.tag]
        assert required <= set(element.keys()) <= allowed
        assert {child.tag for child in element} <= NESTING.get(element.tag, set())
        for name in set(element.keys()) & {"tests", "failures", "errors", "skipped"}:
            assert element.attrib[name].isdecimal()
        assert float(element.attrib.get("time", "0")) >= 0


def test_every_format_has_a_writer() -> None:
    assert {name: write(REPORT) for name, write in FORMATS.items()} == {
        "text": as_text(REPORT),
        "json": as_json(REPORT),
        "junit": as_junit(REPORT),
    }
