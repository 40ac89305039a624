"""A report that fits a screen, and one for the summary of a CI job."""

import re
from html import unescape
from typing import Final, get_args

from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.openapi import claims
from superoffice_contract.report import WRONG_GUESS, Finding, Report, Result, Status
from superoffice_contract.report_formats import as_markdown, as_screen
from superoffice_contract.report_formats.screen import MAX_LINES, MAX_WIDTH

SOURCE: Final = claims.load()["task-cap"].source or ""
COMMAND: Final = "curl -i -X POST http://127.0.0.1:8204/x"
WHERE: Final = "onsite, an array"
FACTS: Final = (("requests", "1203"), ("answered 204", "170"), ("seed", "1"))


def finding(number: int, id_: str = "task-cap", count: int = 1) -> Finding:
    return Finding(WHERE, f"defect {number}", (id_,), COMMAND, count)


def report(*results: Result, facts: tuple[tuple[str, str], ...] = FACTS) -> Report:
    return Report("check", results, facts, 24.2, "http://127.0.0.1:8204")


def failed(count: int, notes: int = 0) -> Result:
    findings = tuple(map(finding, range(count)))
    inferred = tuple(finding(number, "no-banner") for number in range(notes))
    return Result("media-types", "failed" if count else "passed", (), findings, notes=inferred)


# ---- the screen ------------------------------------------------------------------------------


def test_a_failure_has_three_lines_a_note_one_and_the_last_line_is_the_verdict() -> None:
    broken, note = finding(1, "task-cap", 7), finding(2, "no-banner")
    text = as_screen(
        report(
            Result("ids", "passed"),
            Result("media-types", "failed", findings=(broken,), notes=(note,)),
            Result("throttle", "skipped", reason="needs /_mock/"),
            Result("lease", "skipped", reason="needs /_mock/"),
            Result("target", "error", reason="it hung up"),
            Result("cors-off", WRONG_GUESS, reason="we guessed: x; the tenant: y", notes=(note,)),
        )
    )
    assert text == (
        "check of http://127.0.0.1:8204\n"
        "FAILED  media-types: defect 1 (onsite, an array; 7 times)\n"
        f"        breaks task-cap (documented, page: Description)\n"
        f"        {COMMAND}\n"
        "ERROR   target: it hung up\n"
        "note    media-types: defect 2 (onsite, an array): no-banner (inferred)\n"
        "guess   cors-off: we guessed: x; the tenant: y\n"
        "skipped needs /_mock/: throttle, lease\n"
        "requests: 1203; answered 204: 170; seed: 1\n"
        "1 failure, 1 error, 1 note, 1 check passed, 1 guess of ours is wrong, 2 skipped in 24 s\n"
    )


def test_twenty_defects_are_on_one_screen_and_each_is_named() -> None:
    lines = as_screen(report(failed(20, notes=15), Result("x", "skipped", reason="y"))).splitlines()
    assert len(lines) == MAX_LINES
    assert [f"defect {n} (" in "\n".join(lines) for n in range(20)] == [True] * 20
    assert lines[1:4] == [
        "FAILED  media-types: defect 0 (onsite, an array)",
        "        breaks task-cap (documented, page: Description)",
        f"        {COMMAND}",
    ]
    assert any(line.endswith("notes; --verbose shows all") for line in lines)
    assert "FAILED  media-types: defect 19 (onsite, an array): task-cap (documented)" in lines
    assert "skipped y: x" in lines


def test_what_does_not_fit_is_counted() -> None:
    for result, expected in (
        (failed(200), "… and 164 more failures; --verbose shows all"),
        (failed(0, notes=200), "… and 164 more notes; --verbose shows all"),
        (failed(0, notes=37), None),
        (failed(36, notes=2), "2 notes; --verbose shows all"),
    ):
        lines = as_screen(report(result)).splitlines()
        assert len(lines) <= MAX_LINES
        more = [line for line in lines if line.endswith("--verbose shows all")]
        assert more == ([] if expected is None else [expected])


def test_of_too_many_failures_the_first_of_each_claim_are_shown() -> None:
    findings = (*map(finding, range(100)), finding(100, "path"), finding(101, "http-message"))
    lines = as_screen(report(Result("ids", "failed", findings=findings))).splitlines()
    shown = [line.partition("defect ")[2].partition(" ")[0] for line in lines[1:5]]
    assert shown == ["0", "100", "101", "1"]


def test_a_long_line_is_cut_at_a_word_but_evidence_a_command_and_a_guess_are_whole() -> None:
    command = f"curl {'x' * 500}"
    long = Finding("place " * 60, "word " * 60, ("task-cap",), command, 7)
    guess = Result("cors-off", WRONG_GUESS, reason="word " * 60 + "\x1b", notes=(long,))
    lines = as_screen(report(Result("ids", "failed", findings=(long,)), guess)).splitlines()
    first, second, third, fourth = lines[1:5]
    assert len(first) <= MAX_WIDTH
    assert re.fullmatch(r"FAILED  ids: (word )+word… \((place )+place…; 7 times\)", first)
    assert second == "        breaks task-cap (documented, page: Description)"
    assert third == f"        {command}"
    assert fourth == f"guess   cors-off: {'word ' * 60}\ufffd"


def test_figures_have_three_lines_at_most() -> None:
    facts = tuple((f"figure {number}", "x" * 40) for number in range(30))
    *lines, _verdict = as_screen(report(Result("ids", "passed"), facts=facts)).splitlines()
    assert len(lines) == 4
    assert lines[-1].endswith(" more")
    named = sum(line.count("figure") for line in lines)
    assert f"and {30 - named} more" in lines[-1]


TEXT: Final = st.text(max_size=400)
FINDINGS: Final = st.lists(
    st.builds(
        Finding,
        TEXT,
        TEXT,
        st.sampled_from([(), ("task-cap",), ("no-banner", "unheard-of")]),
        st.none() | TEXT,
        st.integers(1, 10**6),
    ),
    max_size=30,
).map(tuple)
STATUSES: Final = st.sampled_from(get_args(Status))


@given(
    st.lists(
        st.builds(
            Result, TEXT, STATUSES, findings=FINDINGS, reason=st.none() | TEXT, notes=FINDINGS
        ),
        max_size=60,
    ),
    st.lists(st.tuples(TEXT, TEXT), max_size=40),
)
def test_whatever_was_found_fits_a_screen(
    results: list[Result], facts: list[tuple[str, str]]
) -> None:
    screen = as_screen(report(*results, facts=tuple(facts)))
    lines = screen.split("\n")[:-1]
    assert len(lines) <= MAX_LINES
    assert all(line.isprintable() for line in lines)
    assert lines[-1].endswith(" in 24 s")


# ---- Markdown --------------------------------------------------------------------------------


def test_markdown_has_verdict_failures_commands_notes_and_figures() -> None:
    broken, note = finding(1, "task-cap", 7), finding(2, "no-banner")
    results = (
        Result("media-types", "failed", findings=(broken,), notes=(note,)),
        Result("throttle", "skipped", reason="needs x"),
        Result("target", "error", reason="it hung up"),
        Result("cors-off", WRONG_GUESS, reason="we guessed: x", notes=(note,)),
    )
    markdown_source = SOURCE.replace("://", "&#58;//").replace("_", "&#95;")
    assert as_markdown(report(*results)) == (
        "### check of http&#58;//127.0.0.1:8204\n"
        "\n"
        "**1 failure, 1 error, 1 note, 1 guess of ours is wrong, 1 skipped in 24 s**\n"
        "\n"
        "|  | Check | What | Breaks |\n"
        "| --- | --- | --- | --- |\n"
        "| 1 | media-types | defect 1 (onsite, an array; 7 times) "
        f"| task-cap (documented, {markdown_source}) |\n"
        "| 2 | target | it hung up |  |\n"
        "\n"
        "Failure 1:\n"
        "\n"
        "```sh\n"
        f"{COMMAND}\n"
        "```\n"
        "\n"
        "Our guess is wrong:\n"
        "\n"
        "- cors-off: we guessed: x\n"
        "\n"
        "Notes:\n"
        "\n"
        "- media-types: defect 2 (onsite, an array): no-banner (inferred)\n"
        "\n"
        "Skipped:\n"
        "\n"
        "- throttle: needs x\n"
        "\n"
        "| Figure | Value |\n"
        "| --- | --- |\n"
        "| requests | 1203 |\n"
        "| answered 204 | 170 |\n"
        "| seed | 1 |\n"
    )


def test_nothing_from_outside_is_markup_in_markdown() -> None:
    odd = "a|b `c` *d* <e> [f](g) # h\n- i\n\n![j](http://k) ~~l~~ &amp; @m \\| www.n.org"
    results = (Result(odd, "failed", (odd,), (Finding(odd, odd, (odd,), "x ``` ```` y"),)),)
    lines = as_markdown(report(*results, facts=((odd, odd),))).splitlines()
    texts = [line for line in lines if line.startswith("| ") and "---" not in line]
    assert [line.count("|") for line in texts] == [5, 5, 3, 3]
    for line in (texts[1], texts[3]):
        plain = re.sub(r"&#\d+;", "", line)
        assert re.search(r"[`*<>\[\]#~!@\\&]|://|www\.", plain) is None
        assert " ".join(odd.split()) in unescape(line)
    fence = "`" * 5
    assert lines[lines.index(f"{fence}sh") + 1 :][:2] == ["x ``` ```` y", fence]


def test_a_text_begins_no_list_in_markdown() -> None:
    for start in ("- a", "+ a", "= a", "1. a", "12) a", "    a"):
        text = as_markdown(Report("x", (Result(start, "skipped"),)))
        (item,) = [line for line in text.splitlines() if line.startswith("- ")]
        assert re.match(r"- ([-+=]|\d+[.)]| )", item) is None, start
        assert unescape(item.removeprefix("- ")) == start.strip()
