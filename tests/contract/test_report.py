"""The report: text for people, JSON for programs, JUnit for CI."""

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


def cases(report: Report) -> list[ET.Element]:
    return list(ET.fromstring(as_junit(report).encode()).iter("testcase"))


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((), 0),
        (("passed", "skipped"), 0),
        (("passed", "failed"), 1),
        (("error", "passed"), 1),
    ],
)
def test_anything_found_is_exit_code_1(statuses: tuple[Status, ...], code: int) -> None:
    report = Report("x", tuple(Result("one", status) for status in statuses))
    assert report.exit_code == code
    assert json.loads(as_json(report))["exit_code"] == code


def test_the_findings_of_a_report_are_those_of_its_results_in_order() -> None:
    assert [one.what for one in REPORT.findings] == ["two instead of one", "late"]


def test_text_has_a_line_a_check_and_a_paragraph_a_finding() -> None:
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


def test_text_of_nothing_says_so() -> None:
    assert as_text(EMPTY) == "nothing\nnothing checked\n"


def test_text_indents_every_line_of_a_finding() -> None:
    report = Report("x", (Result("one", "failed", findings=(Finding("here", "a\nb"),)),))
    assert "      here: a\n      b\n" in as_text(report)


def test_text_has_nothing_that_a_terminal_would_obey() -> None:
    finding = Finding("a\x1b[2J", "b\x07\r\x9b", ("c\x1b",), "d\u202e")
    text = as_text(Report("e\x1b]0;", (Result("f\x08", "failed", findings=(finding,)),)))
    assert all(one.isprintable() or one == "\n" for one in text)
    assert "a\ufffd[2J: b\ufffd\ufffd\ufffd" in text


def test_json_holds_everything() -> None:
    content = json.loads(as_json(REPORT))
    assert content["title"] == "check of a server"
    assert content["facts"] == [["layout", "text page"]]
    assert [one["status"] for one in content["results"]] == [
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


def test_json_marks_what_it_can_not_say() -> None:
    odd = "a\ud800b\x1b"
    content = json.loads(as_json(Report(odd, (Result(odd, "skipped", note=odd),))))
    assert content["title"] == content["results"][0]["note"] == "a\ufffdb\x1b"
    as_json(Report(odd, ())).encode()


def test_junit_tells_the_time_that_passed_where_checks_were_under_way_together() -> None:
    report = Report("x", REPORT.results, seconds=1.6)
    (suite,) = ET.fromstring(as_junit(report).encode())
    assert suite.get("time") == "1.600"
    assert json.loads(as_json(report))["seconds"] == 1.6


def test_junit_counts_what_it_holds() -> None:
    suites = ET.fromstring(as_junit(REPORT).encode())
    (suite,) = suites
    counts = {"tests": "4", "failures": "1", "errors": "1", "time": "1.750"}
    assert suites.attrib == {"name": "check of a server", **counts}
    assert suite.attrib == {**suites.attrib, "skipped": "1"}
    assert [(one.get("classname"), one.get("name"), one.get("time")) for one in suite] == [
        ("check of a server", "answers", "0.250"),
        ("check of a server", "throttle", "1.500"),
        ("check of a server", "tenants", "0.000"),
        ("check of a server", "target", "0.000"),
    ]


def test_junit_says_why_a_case_did_not_pass() -> None:
    passed, failed, skipped, error = (list(case) for case in cases(REPORT))
    assert passed == []
    assert [(one.tag, one.attrib) for one in (*failed, *skipped, *error)] == [
        ("failure", {"type": "failed", "message": "two instead of one"}),
        ("skipped", {"message": "needs /_mock/"}),
        ("error", {"type": "error", "message": "it hung up"}),
    ]
    assert failed[0].text == (
        "line 3: two instead of one\n  breaks single-run, task-cap\n  curl -X POST /\nlate"
    )
    assert error[0].text == "it hung up"


def test_junit_of_a_failure_without_words_is_well_formed() -> None:
    ((told,),) = cases(Report("x", (Result("one", "failed"),)))
    assert (told.get("message"), told.text) == ("", None)


@pytest.mark.parametrize("odd", ["\x00", "\x1b", "\x85", "\ud800", "\ufffe", "\uffff"])
def test_junit_is_xml_whatever_the_words(odd: str) -> None:
    words = f"a{odd}<&>\"'ü\n]]>"
    shown = "a\ufffd<&>\"'ü\n]]>"
    finding = Finding(words, words, (words,), words)
    results = (Result(words, "failed", findings=(finding,)), Result(words, "skipped", note=words))
    failed, skipped = cases(Report(words, results))
    assert [failed.get("name"), failed.get("classname"), skipped[0].get("message")] == [shown] * 3
    assert failed[0].get("message") == shown
    assert failed[0].text == f"{shown}: {shown}\n  breaks {shown}\n  {shown}"


def test_junit_declares_what_it_is_written_in() -> None:
    assert as_junit(EMPTY).startswith('<?xml version="1.0" encoding="utf-8"?>\n<testsuites ')


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
"""By element: the attributes that it may and must have in the schema that Jenkins reads by."""
NESTING: Final = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"skipped", "error", "failure"},
}


@pytest.mark.parametrize("report", [REPORT, EMPTY], ids=["full", "empty"])
def test_junit_has_the_elements_and_attributes_that_viewers_know(report: Report) -> None:
    root = ET.fromstring(as_junit(report).encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        may, must = JUNIT[element.tag]
        assert must <= set(element.keys()) <= may
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
