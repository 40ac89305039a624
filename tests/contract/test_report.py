"""The report, and its formats as text, JSON and JUnit XML."""

import json
from typing import Final
from xml.etree import ElementTree as ET

import pytest

from superoffice_contract.openapi import claims
from superoffice_contract.report import (
    WRONG_GUESS,
    CleanExchange,
    Finding,
    Report,
    Result,
    Status,
)
from superoffice_contract.report_formats import as_json, as_junit, as_text

FINDING = Finding("line 3", "two instead of one", ("single-run", "task-cap"), "curl -X POST /")
REPORT = Report(
    "check of a server",
    (
        Result("answers", "passed", ("no-content",), reason="12 cases", seconds=0.25),
        Result("throttle", "failed", ("single-run",), (FINDING, Finding("", "late")), seconds=1.5),
        Result("tenants", "skipped", reason="needs /_mock/"),
        Result("target", "error", reason="it hung up"),
    ),
    (("layout", "text page"),),
)
EXCHANGE = CleanExchange("GET", "http://127.0.0.1:1/", (), b"", 200, (), b"\xff")
NOTES = (
    Finding("a", "b", ("no-banner",), "curl -X GET /", count=7),
    Finding("", "c", ("no-banner",)),
    Finding("d", "e", ("cors-off",)),
)
WITH_NOTES = Report(
    "check",
    (Result("every-answer", "passed", notes=NOTES),),
    (("seed", "1"), ("reading expiry", "none")),
    subject="http://127.0.0.1:8204",
)
EMPTY = Report("nothing", ())


def junit_cases(report: Report) -> list[ET.Element]:
    return list(ET.fromstring(as_junit(report).encode()).iter("testcase"))


def test_a_failure_or_an_error_is_exit_code_1_and_a_note_is_none() -> None:
    cases: dict[tuple[Status, ...], int] = {
        (): 0,
        ("passed", "skipped", "agrees", "cannot be observed", WRONG_GUESS): 0,
        ("passed", "failed"): 1,
        ("error", "passed"): 1,
        ("agrees", "differs"): 1,
    }
    for statuses, code in cases.items():
        report = Report("x", tuple(Result("check", status, notes=NOTES) for status in statuses))
        assert report.exit_code == code, statuses
        assert json.loads(as_json(report))["exit_code"] == code, statuses


def test_the_verdict_counts_findings_and_results_by_what_they_mean() -> None:
    both = Result("x", "failed", findings=(FINDING, FINDING), notes=NOTES)
    bare, passed, error = Result("x", "failed"), Result("x", "passed"), Result("x", "error")
    for results, seconds, verdict in (
        ((), None, "nothing checked"),
        ((both, passed), 23.6, "2 failures, 3 notes, 1 check passed in 24 s"),
        ((both, bare, passed, passed), None, "3 failures, 3 notes, 2 checks passed"),
        ((bare,), 0.2, "1 failure in 0 s"),
        ((error, error, passed), None, "2 errors, 1 check passed"),
        ((passed, Result("x", "skipped")), None, "no failures, 1 check passed, 1 skipped"),
        (WITH_NOTES.results, None, "no failures, 3 notes, 1 check passed"),
        (
            (Result("x", "differs"), Result("x", "agrees"), Result("x", "cannot be observed")),
            None,
            "1 differs, 1 agrees, 1 cannot be observed",
        ),
        ((Result("x", WRONG_GUESS, notes=NOTES),), None, "1 guess of ours is wrong"),
    ):
        assert Report("x", results, seconds=seconds).verdict == verdict


def test_text_marks_notes_and_counts_what_was_found_often() -> None:
    assert as_text(WITH_NOTES) == (
        "check of http://127.0.0.1:8204\n"
        "  ok       every-answer\n"
        "      note: a; 7 times: b\n"
        "        breaks no-banner\n"
        "        curl -X GET /\n"
        "      note: c\n"
        "        breaks no-banner\n"
        "      note: d: e\n"
        "        breaks cors-off\n"
        "  seed: 1\n"
        "  reading expiry: none\n"
        "no failures, 3 notes, 1 check passed\n"
    )


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
        "2 failures, 1 error, 1 check passed, 1 skipped\n"
    )


def test_text_indents_every_line_of_a_finding() -> None:
    assert as_text(EMPTY) == "nothing\nnothing checked\n"
    report = Report("x", (Result("check", "failed", findings=(Finding("here", "a\nb"),)),))
    assert "      here: a\n      b\n" in as_text(report)


def test_text_has_no_control_characters() -> None:
    finding = Finding("a\x1b[2J", "b\x07\r\x9b", ("c\x1b",), "d\u202e")
    text = as_text(Report("e\x1b]0;", (Result("f\x08", "failed", findings=(finding,)),)))
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert "a\ufffd[2J: b\ufffd\ufffd\ufffd" in text
    odd = "a\nforged"
    forged = Report(odd, (Result(odd, "skipped", reason=odd),), facts=((odd, odd),))
    assert len(as_text(forged).splitlines()) == 4


def test_json_has_all_members_and_the_kind_of_each_claim_but_no_exchange() -> None:
    content = json.loads(as_json(REPORT))
    assert (content["title"], content["facts"]) == ("check of a server", [["layout", "text page"]])
    statuses = [result["status"] for result in content["results"]]
    assert statuses == ["passed", "failed", "skipped", "error"]
    verdict = "2 failures, 1 error, 1 check passed, 1 skipped"
    assert (content["verdict"], content["exit_code"]) == (verdict, 1)
    ids = ("task-cap", "no-banner", "unheard-of")
    finding = Finding("line 3", "two", ids, "curl -X POST /", 7, exchange=EXCHANGE)
    known = claims.load()
    expected = {
        "where": "line 3",
        "what": "two",
        "claims": [*ids],
        "evidence": [
            {"claim": ids[0], "kind": "documented", "source": known[ids[0]].source},
            {"claim": ids[1], "kind": "inferred", "source": known[ids[1]].because},
            {"claim": ids[2], "kind": "unknown", "source": ""},
        ],
        "count": 7,
        "reproduce": "curl -X POST /",
    }
    result = Result("x", "failed", findings=(finding,), notes=(finding,))
    (members,) = json.loads(as_json(Report("x", (result,))))["results"]
    assert (members["findings"], members["notes"]) == ([expected], [expected])


def test_junit_has_the_duration_of_the_run_if_checks_overlapped() -> None:
    report = Report("x", REPORT.results, seconds=1.6)
    (suite,) = ET.fromstring(as_junit(report).encode())
    assert suite.get("time") == "1.600"
    assert json.loads(as_json(report))["seconds"] == 1.6


JUNIT_TEXT: Final = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="contract check" tests="10" failures="2" errors="1" time="1.750">
  <testsuite name="contract check" tests="10" failures="2" errors="1" skipped="5" time="1.750">
    <properties>
      <property name="subject" value="http://127.0.0.1:8204" />
      <property name="seed" value="1" />
    </properties>
    <testcase classname="contract check" name="answers" time="0.250" />
    <testcase classname="contract check" name="throttle" time="1.500">
      <failure type="failed" message="two instead of one">line 3: two instead of one
  breaks single-run, task-cap
  curl -X POST /
late</failure>
    </testcase>
    <testcase classname="contract check" name="tenants" time="0.000">
      <skipped message="needs /_mock/" />
    </testcase>
    <testcase classname="contract check" name="target" time="0.000">
      <error type="error" message="it hung up">it hung up</error>
    </testcase>
    <testcase classname="contract check" name="bare" time="0.000">
      <failure type="failed" message="" />
    </testcase>
    <testcase classname="contract check" name="every-answer" time="0.000" />
    <testcase classname="contract check" name="every-answer: note no-banner" time="0.000">
      <skipped message="a; 7 times: b">a; 7 times: b
  breaks no-banner
  curl -X GET /</skipped>
    </testcase>
    <testcase classname="contract check" name="every-answer: note no-banner (2)" time="0.000">
      <skipped message="c">c
  breaks no-banner</skipped>
    </testcase>
    <testcase classname="contract check" name="every-answer: note cors-off" time="0.000">
      <skipped message="d: e">d: e
  breaks cors-off</skipped>
    </testcase>
    <testcase classname="contract check" name="cors-off" time="0.000">
      <skipped message="we guessed: x">a; 7 times: b
  breaks no-banner
  curl -X GET /</skipped>
    </testcase>
  </testsuite>
</testsuites>
"""


def test_junit_has_a_case_for_each_check_and_note_and_no_server_in_names() -> None:
    guess = Result("cors-off", WRONG_GUESS, reason="we guessed: x", notes=NOTES[:1])
    results = (*REPORT.results, Result("bare", "failed"), *WITH_NOTES.results, guess)
    facts, url = (("seed", "1"),), "http://127.0.0.1:8204"
    assert as_junit(Report("contract check", results, facts, subject=url)) == JUNIT_TEXT


def test_junit_is_valid_xml_with_any_characters() -> None:
    escaped = "a\ufffd<&>\"'ü\n]]>"
    for letter in ("\x00", "\x1b", "\x85", "\ud800", "\ufffe", "\uffff"):
        text = f"a{letter}<&>\"'ü\n]]>"
        finding = Finding(text, text, (text,), text)
        results = (
            Result(text, "failed", findings=(finding,)),
            Result(text, "skipped", reason=text),
        )
        failed, skipped = junit_cases(Report(text, results))
        texts = [failed.get("name"), failed.get("classname"), failed[0].get("message")]
        assert [*texts, skipped[0].get("message")] == [escaped] * 4, repr(letter)
        assert failed[0].text == f"{escaped}: {escaped}\n  breaks {escaped}\n  {escaped}"


def test_what_programs_read_survives_a_pipe_of_any_encoding() -> None:
    report = Report("tröll … 😀 \ud800", (Result("→", "skipped", reason="“x\x1b”"),))
    junit, content = as_junit(report), json.loads(as_json(report))
    assert (as_json(report) + junit).isascii()
    assert content["title"] == "tröll … 😀 \ufffd"
    assert content["results"][0]["reason"] == "“x\x1b”"
    assert junit.startswith('<?xml version="1.0" encoding="utf-8"?>\n<testsuites ')
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
    "properties": (set(), set()),
    "property": ({"name", "value"}, {"name", "value"}),
    "skipped": ({"message"}, set()),
    "error": ({"message", "type"}, set()),
    "failure": ({"message", "type"}, set()),
}
"""By element: the attributes that it may and must have in the schema of Jenkins."""
NESTING: Final = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase", "properties"},
    "properties": {"property"},
    "testcase": {"skipped", "error", "failure"},
}


@pytest.mark.parametrize("report", [REPORT, EMPTY, WITH_NOTES], ids=["full", "empty", "notes"])
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
