"""A timeline as an SVG picture: what it shows, its bounds, and that text is never markup."""

import re
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.timeline import lanes, svg
from superoffice_contract.timeline.model import Timeline
from superoffice_contract.timeline.svg import as_svg
from tests.contract.timeline.samples import KINDS, TEXTS, TIMELINE, make_call, make_run, with_texts

SVG = "{http://www.w3.org/2000/svg}"


def texts_of(picture: ET.Element, name: str) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}{name}")]


def test_a_picture_tells_all_in_words_and_names_what_it_shows() -> None:
    picture = ET.fromstring(as_svg(TIMELINE))
    assert picture.get("role") == "img"
    assert texts_of(picture, "title")[0] == TIMELINE.title
    assert texts_of(picture, "desc") == [f"{TIMELINE.title}: {TIMELINE.headline}"]
    words = texts_of(picture, "text")
    for expected in (
        *(TIMELINE.headline, *TIMELINE.advice, "tenant onsite; 5 older calls are not shown"),
        *("app 0", "app 1", "10 tasks", "from 12:00:00 UTC", "+5 s"),
        *("turned away: 204, and nothing was done", "replayed", "the lease, held by hand"),
        *("the lease", "a guess"),
    ):
        assert expected in words, expected
    titles = texts_of(picture, "title")
    assert "#1 POST SyncEmailAccounts, 204 after 1.0 s\nturned away: 204, and nothing was done" in (
        title.removesuffix(": a reason") for title in titles
    )
    assert "account 502: synced, 1.0 s" in titles
    assert "prefers-color-scheme:dark" in "".join(texts_of(picture, "style"))


def test_each_outcome_has_a_colour_and_a_shape_of_its_own() -> None:
    seen = {}
    for kind in (*lanes.KINDS, "new outcome"):
        call = replace(make_call(1, kind), confidence=None)
        picture = ET.fromstring(as_svg(replace(TIMELINE, calls=(call,), runs=())))
        (bar, *_) = (each for each in picture.iter(f"{SVG}g"))
        shape = [(part.tag, re.sub(r"[\d.]+", "", part.get("d", ""))) for part in bar][1:]
        seen[kind] = (bar.get("class"), *shape)
        if bar.get("class") != "bar pending":
            assert f".{(bar.get('class') or '').removeprefix('bar ')}" in svg.STYLE
    assert seen["new outcome"] == seen["unknown"]
    shapes = [seen[kind][1:] for kind in ("turned_away", "rejected", "faulted", "pending")]
    assert len({*shapes, seen["started"][1:]}) == 5


def test_calls_that_overlap_stand_in_rows() -> None:
    for count in (2, 3, 11):
        calls = tuple(make_call(1, "turned_away") for _ in range(count))
        picture = ET.fromstring(as_svg(Timeline("x", "y", calls)))
        (legend, *bars) = reversed([*picture.iter(f"{SVG}g")])
        heights = {rect.get("y") for bar in bars for rect in bar.iter(f"{SVG}rect")}
        assert len(bars) == len(heights) == count
        assert legend.get("class") == "bar turned_away"


def test_two_timelines_stand_one_above_the_other_on_one_axis() -> None:
    later = replace(
        TIMELINE,
        title="later",
        calls=tuple(
            replace(call, at=call.at + 5_000, answered_at=call.at + 5_001)
            for call in TIMELINE.calls
        ),
        runs=(),
        holds=(),
        now=None,
    )
    earlier = replace(later, calls=TIMELINE.calls[:2], title="earlier")
    picture = ET.fromstring(as_svg(earlier, later))
    bars = [rect for group in picture.iter(f"{SVG}g") for rect in group.iter(f"{SVG}rect")]
    starts = [rect.get("x") for rect in bars if rect.get("x") == f"{svg.LEFT}"]
    assert len(starts) >= 2
    assert texts_of(picture, "text").count("+0 s") == 2
    many = ET.fromstring(as_svg(*[TIMELINE] * 7))
    assert "and 3 timelines more" in texts_of(many, "text")


def test_a_picture_has_at_most_2000_elements_and_groups_what_is_dense() -> None:
    calls = tuple(make_call(n, KINDS[n % 9], f"app {n % 50}", 30) for n in range(5_000))
    dense = replace(TIMELINE, calls=calls, advice=("again",) * 40)
    long_runs = tuple(make_run(n, n * 100, 50, 50) for n in range(3))
    short_runs = tuple(make_run(n, n * 2, 1, 1) for n in range(1_000))
    for timelines in (
        (replace(dense, runs=long_runs),),
        (replace(dense, runs=short_runs),),
        (replace(dense, runs=long_runs),) * 9,
    ):
        picture = ET.fromstring(as_svg(*timelines))
        assert sum(1 for _ in picture.iter()) <= 2_000
        titles = texts_of(picture, "title")
        groups = [int(match[1]) for title in titles if (match := re.match(r"(\d+) calls, ", title))]
        alone = sum(title.startswith("#") for title in titles)
        assert sum(groups) + alone == 5_000 * min(len(timelines), svg.MAX_TIMELINES)


@settings(deadline=None, max_examples=50)
@given(texts=st.lists(TEXTS, min_size=5, max_size=5))
def test_no_text_of_a_timeline_becomes_markup(texts: list[str]) -> None:
    plain = {element.tag for element in ET.fromstring(as_svg(TIMELINE)).iter()}
    given_texts = (text for _ in range(1_000) for text in texts)
    picture = ET.fromstring(as_svg(with_texts(TIMELINE, lambda: next(given_texts))))
    assert {element.tag for element in picture.iter()} <= plain


def test_a_timeline_without_calls_has_a_picture() -> None:
    picture = ET.fromstring(as_svg(Timeline("tenant onsite", "no call has arrived")))
    assert "no call has arrived" in texts_of(picture, "text")
