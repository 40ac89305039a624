"""A report as a page: what it says, what it may run, how long it is, and that text is no markup."""

import base64
import hashlib
import json
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract import timeline as timeline_package
from superoffice_contract.report import Report, Result
from superoffice_contract.report_formats import FORMATS
from superoffice_contract.report_formats.html import MAX_FINDINGS, as_html, as_page
from superoffice_contract.timeline.model import Message
from tests.contract.test_report import FINDING, REPORT, WITH_NOTES
from tests.contract.timeline.samples import TEXTS, TIMELINE, Markup, make_call, with_texts

PICTURES = ((TIMELINE,), (TIMELINE, TIMELINE))
WITH_PICTURES = replace(REPORT, pictures=PICTURES, results=REPORT.results + WITH_NOTES.results)


def test_a_page_has_the_pictures_the_findings_and_the_notes() -> None:
    page = as_html(WITH_PICTURES)
    for expected in (
        *("<h1>check of a server</h1>", WITH_PICTURES.verdict, "<h2>Failures</h2>", "it hung up"),
        *("<h3>throttle</h3><p>two instead of one</p>", '<p class="quiet">line 3</p>'),
        *("claim task-cap (documented, ", "<pre>curl -X POST /</pre>", "<h2>Notes</h2>"),
        *("<pre>curl -X GET /</pre>", "a; 7 times", "<li>tenants: needs /_mock/</li>"),
        *("<li>answers: 12 cases</li>", '<th scope="row">layout</th><td>text page</td>'),
        TIMELINE.advice[0],
    ):
        assert expected in page, expected
    assert page.count('<div class="timeline-static"><svg ') == 2
    data = [json.loads(text) for text in Markup(page).content("script")[:2]]
    assert data == [json.loads(msgspec.json.encode(each)) for each in PICTURES]
    assert TIMELINE.advice[0] in as_page(TIMELINE)
    assert FORMATS["html"] is as_html


def test_a_page_runs_its_own_script_only_and_loads_nothing() -> None:
    for page, has_picture in ((as_html(WITH_PICTURES), True), (as_html(REPORT), False)):
        markup = Markup(page)
        (policy, *_) = (text for text in markup.values["content"] if "default-src" in text)
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        (script, style) = (
            "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
            for text in (*(markup.content("script")[-1:] or [""]), *markup.content("style"))
        )
        assert f"style-src {style};" in policy
        assert f"script-src {script if has_picture else chr(39) + 'none' + chr(39)};" in policy
        assert {"src", "href", "style", "onclick", "onload"} & markup.values.keys() == set()
        assert (len(page) > 40_000) is has_picture
    folder = Path(timeline_package.__path__[0])
    component = (folder / "timeline.js").read_text(encoding="utf-8")
    assert "</script" not in component
    assert "<!--" not in component
    assert "</style" not in (folder / "timeline.css").read_text(encoding="utf-8")


def test_a_page_of_100_calls_takes_less_than_300_kb_and_says_what_is_cut() -> None:
    for count, size, is_whole in ((3, 150, True), (3, 20_000, False), (25, 20_000, False)):
        headers = tuple(
            (f"x-header-{n}", "a value of a header, as they are" * 2) for n in range(count)
        )
        message = Message(headers, '{"AccountId": "é"}' * (size // 18))
        calls = tuple(
            replace(make_call(n, "turned_away", f"app {n % 7}"), request=message, response=message)
            for n in range(100)
        )
        page = as_html(replace(WITH_PICTURES, pictures=((replace(TIMELINE, calls=calls),),)))
        assert len(page.encode()) < 300_000, (count, size)
        (data, _) = Markup(page).content("script")
        assert (" more characters" in data) is not is_whole, len(data)
        assert (" more headers" in data) is (count == 25)
        assert "x-header-2" in data
    (few, _) = Markup(as_page(replace(TIMELINE, calls=calls[:2]))).content("script")
    assert " more headers" not in few
    assert " more characters" in few
    huge = (Message((), "x" * 2_000),) * 2
    calls = tuple(
        replace(make_call(n, "started"), request=huge[0], response=huge[1]) for n in range(2_000)
    )
    assert len(as_page(replace(TIMELINE, calls=calls))) < 2_200_000


def test_a_page_shows_the_first_of_many_findings_and_counts_the_others() -> None:
    many = Report("x", (Result("throttle", "failed", findings=(FINDING,) * (MAX_FINDINGS + 7)),))
    page = as_html(many)
    assert page.count('<section class="finding">') == MAX_FINDINGS
    assert "and 7 more" in page


@settings(deadline=None, max_examples=50)
@given(texts=st.lists(TEXTS, min_size=7, max_size=7))
def test_no_text_of_a_report_becomes_markup(texts: list[str]) -> None:
    plain = Markup(as_html(WITH_PICTURES))
    given_texts = (text for _ in range(1_000) for text in texts)
    page = as_html(with_texts(WITH_PICTURES, lambda: next(given_texts)))
    markup = Markup(page.encode("utf-8", "backslashreplace").decode())
    assert {*markup.elements} <= {*plain.elements}
    assert len(markup.contents) == len(plain.contents)
    assert markup.content("style") == plain.content("style")
    assert markup.content("script")[-1] == plain.content("script")[-1]
    for data in markup.content("script")[:-1]:
        assert [each["now"] for each in json.loads(data)] == [TIMELINE.now] * len(json.loads(data))


def test_other_formats_leave_the_pictures_out() -> None:
    for name, render in FORMATS.items():
        if name != "html":
            assert render(WITH_PICTURES) == render(replace(WITH_PICTURES, pictures=())), name
