"""The timeline in a real Chromium: what is drawn, and how it is used by mouse and keyboard."""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from superoffice_contract.timeline.model import (
    Timeline,
    TimelineCall,
    TimelineHold,
    TimelineRun,
    TimelineStep,
)
from superoffice_mock import MockServer, SuperOffice
from tests.browser.scenarios import SILENT_DROP, played

pytestmark = pytest.mark.slow
AT: Final = 1_800_000_000.0
SHAPES: Final[tuple[tuple[Literal["light", "dark"], int], ...]] = (("light", 390), ("dark", 1440))
MARKUP: Final = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
MOUNT: Final = """async ([timelines, details]) => {
  const {TimelineView} = await import("/_mock/assets/timeline.js");
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = "/_mock/assets/timeline.css";
  const loaded = new Promise(resolve => { style.onload = resolve; });
  document.head.append(style);
  await loaded;
  document.body.replaceChildren(document.createElement("main"));
  const place = document.querySelector("main");
  const fetched = {request: {headers: [["x-fetched", "yes"]], body: "the body"}};
  window.chosen = [];
  window.view = new TimelineView(place, {
    onselect: call => window.chosen.push(call?.id ?? null),
    ...(details ? {details: async () => fetched} : {}),
  });
  window.view.show(timelines);
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
}"""
"""Puts the component with data into an empty page of the mock."""
SHAPE: Final = """bar => [...bar.children].map(part => part.tagName + part.getAttribute("rx")
  + (part.getAttribute("d") ?? "").replace(/[-.0-9]+/g, "")).join()"""
"""Returns the shape of a bar, whatever its place and its length."""
LONGEST_TASK: Final = """async calls => {
  const tasks = [];
  new PerformanceObserver(list => tasks.push(...list.getEntries().map(each => each.duration)))
    .observe({type: "longtask"});
  for (let first = 0; first < calls.length; first += 50) {
    window.view.update({calls: calls.slice(first, first + 50)});
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  await new Promise(resolve => setTimeout(resolve, 100));
  return Math.max(0, ...tasks);
}"""


@pytest.fixture(scope="module")
def office() -> Iterator[SuperOffice]:
    """A tenant at which a call of a second caller did nothing."""
    with MockServer() as server, played(server, SILENT_DROP) as office:
        yield office


@pytest.fixture
def mounted(page: Page, office: SuperOffice) -> Page:
    """A page of the mock, to show data in."""
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(f"{office.url.rpartition('/')[0]}/_mock/health")
    return page


def call(
    number: int, at: float, outcome: str = "served", took: float | None = 0.5, **more: Any
) -> TimelineCall:
    answered_at = None if took is None else AT + at + took
    caller, path = more.pop("caller", "Basic tje0"), more.pop("path", "/api")
    return TimelineCall(
        f"{number}", AT + at, caller, "POST", path, outcome, answered_at=answered_at, **more
    )


def show(page: Page, *timelines: Timeline, details: bool = False) -> Locator:
    page.evaluate(MOUNT, [[msgspec.to_builtins(each) for each in timelines], details])
    return page.locator(".timeline-stage")


def bars(stage: Locator, kind: str) -> Locator:
    return stage.locator(f".timeline-{kind}[data-bar]")


def test_a_silent_drop_is_drawn_and_explored_by_mouse_and_keyboard(
    page: Page, office: SuperOffice
) -> None:
    base = office.url.rpartition("/")[0]
    page.goto(f"{base}/_mock/timeline?tenant={office.id}&format=html")
    stage, tooltip = page.locator(".timeline-stage"), page.locator(".timeline-tooltip")
    expect(page.locator(".timeline-headline")).to_have_text(
        "3 of 6 calls did nothing; accounts 509, 510, 512 were never synced; 1 was refused"
    )
    expect(page.locator(".timeline-advice li")).to_have_count(3)
    for kind, count in (("started", 2), ("turned_away", 3), ("rejected", 1)):
        expect(bars(stage, kind)).to_have_count(count)
    expect(stage.locator(".timeline-lane")).to_have_text(["Basic tje0", "SOTicket"])
    expect(stage.locator(".timeline-lease")).to_have_count(2)
    expect(stage.locator(".timeline-step")).to_have_count(10)
    stage.locator(".timeline-lease").first.click(position={"x": 200, "y": 3})
    expect(stage.locator(".timeline-step")).to_have_count(0)
    page.get_by_role("button", name="Tasks").click()
    expect(stage.locator(".timeline-step")).to_have_count(10)
    dropped = bars(stage, "turned_away").nth(1)
    dropped.hover()
    expect(tooltip).to_contain_text("#2 POST SyncEmailAccounts 509, 510, 512: 204 after 1.0 s")
    expect(tooltip).to_contain_text("never synced: 512")
    dropped.click()
    panel = page.locator(".timeline-details")
    expect(panel).to_contain_text("SOTicket [redacted]")
    expect(panel.locator("pre")).to_contain_text('"AccountId": 509')
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    stage.focus()
    for _ in range(3):  # the second call was chosen
        page.keyboard.press("ArrowRight")
    expect(tooltip).to_contain_text("#5 POST")
    expect(stage).to_contain_text("ask again here")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(panel).to_contain_text("Basic [redacted]")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.keyboard.press("t")
    expect(stage.locator(".timeline-step")).to_have_count(0)
    page.get_by_text("Table of the calls in view").click()
    expect(page.locator(".timeline-table tbody tr")).to_have_count(6)


def test_each_kind_of_call_has_a_shape_of_its_own_and_a_guess_says_so(mounted: Page) -> None:
    kinds = ("started", "served", "turned_away", "rejected", "faulted", "crashed", "unknown")
    calls = [call(number, number * 2, kind) for number, kind in enumerate(kinds, 1)]
    calls += [
        call(20, 16, "replayed", became="turned_away", confidence="medium"),
        call(21, 18, "pending", took=None),
    ]
    run = TimelineRun(1, "1", AT, AT + 3, confidence="low", latest_end=AT + 6)
    hold = TimelineHold(AT + 10, AT + 12)
    stage = show(mounted, Timeline("t", "h", tuple(calls), (run,), (hold,)))
    drawn = {kind: bars(stage, kind).first.evaluate(SHAPE) for kind in (*kinds, "pending")}
    assert len({*drawn.values()}) >= 5, drawn
    expect(stage.locator(".timeline-replayed")).to_have_count(1)
    expect(stage.locator("rect.timeline-guess")).to_have_count(2)
    expect(stage.locator(".timeline-hold")).to_have_count(1)
    legend = mounted.locator(".timeline-legend")
    for words in ("a guess", "replayed", "refused", "turned away: 204, and nothing was done"):
        expect(legend).to_contain_text(words)
    bars(stage, "turned_away").last.hover()
    expect(mounted.locator(".timeline-tooltip")).to_contain_text("medium confidence")


def test_a_call_without_its_request_fetches_it_and_tells_that_it_was_chosen(mounted: Page) -> None:
    stage = show(mounted, Timeline("t", "h", (call(1, 0), call(2, 5))), details=True)
    bars(stage, "served").first.click()
    expect(mounted.locator(".timeline-details pre")).to_have_text("x-fetched: yes\n\nthe body")
    assert mounted.evaluate("window.chosen") == ["1"]
    mounted.evaluate("window.view.select('2')")
    expect(mounted.locator(".timeline-details h3")).to_have_text("Call 2")
    mounted.evaluate("window.view.update({calls: [], headline: 'something new'})")
    expect(mounted.locator(".timeline-headline")).to_have_text("something new")
    mounted.evaluate("window.view.clear()")
    expect(stage).to_contain_text("Nothing has been read yet")


def test_it_zooms_by_buttons_keys_wheel_and_dragging(mounted: Page) -> None:
    calls = tuple(call(number, number * 10.0) for number in range(11))
    stage = show(mounted, Timeline("t", "h", calls))
    shown = bars(stage, "served")
    expect(shown).to_have_count(11)
    mounted.get_by_role("button", name="Zoom in").click()
    expect(shown).not_to_have_count(11)
    mounted.get_by_role("button", name="All").click()
    expect(shown).to_have_count(11)
    stage.focus()
    mounted.keyboard.press("+")
    expect(shown).not_to_have_count(11)
    mounted.keyboard.press("Home")
    expect(shown).to_have_count(11)
    box = stage.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + 60)
    mounted.mouse.move(*middle)
    mounted.keyboard.down("Control")
    for _ in range(4):
        mounted.mouse.wheel(0, -200)
    mounted.keyboard.up("Control")
    expect(shown).not_to_have_count(11)
    first = stage.locator("text.timeline-quiet").first
    before = first.text_content()
    mounted.mouse.down()
    mounted.mouse.move(middle[0] + 300, middle[1], steps=5)
    mounted.mouse.up()
    expect(first).not_to_have_text(before or "")


def test_very_many_calls_are_grouped_and_drawn_in_short_tasks(mounted: Page) -> None:
    kinds = ("started", "turned_away", "served", "rejected")
    calls = [
        call(number, number * 0.3, kinds[number % 4], caller=f"caller {number % 40}")
        for number in range(12_000)
    ]
    runs = tuple(
        TimelineRun(number, each.id, each.at, each.at + 0.2)
        for number, each in enumerate(calls[:2_000:4])
    )
    stage = show(mounted, Timeline("t", "h", tuple(calls[:9_000]), runs))
    assert stage.evaluate("stage => stage.querySelectorAll('*').length") < 3_000
    expect(stage.locator(".timeline-lane")).to_have_count(31)
    longest = mounted.evaluate(LONGEST_TASK, [msgspec.to_builtins(each) for each in calls[9_000:]])
    assert longest < 1_000  # alone on a machine it is below 100: test_load.py
    assert stage.evaluate("stage => stage.querySelectorAll('*').length") < 3_000
    expect(mounted.locator("p.timeline-quiet").first).to_contain_text("older calls not shown")
    number = stage.locator(".timeline-number").first
    expect(number).to_have_text(re.compile(r"\d+"))
    number.click(force=True)
    expect(mounted.get_by_role("button", name="All")).to_be_visible()


def test_two_timelines_stand_one_above_the_other_on_one_axis(mounted: Page) -> None:
    later = tuple(call(number, 5_000 + number) for number in range(3))
    old = Timeline("recorded", "2 calls", tuple(call(number, number) for number in range(3)))
    stage = show(mounted, old, Timeline("new", "3 calls", later))
    expect(mounted.locator(".timeline-headline")).to_have_text(["2 calls", "3 calls"])
    places = stage.locator("[data-bar] rect").evaluate_all(
        "all => all.map(each => [each.x.baseVal.value, each.y.baseVal.value])"
    )
    xs, ys = [place[0] for place in places], [place[1] for place in places]
    assert xs[:3] == xs[3:]
    assert max(ys[:3]) < min(ys[3:])
    mounted.keyboard.press("Tab")
    stage.focus()
    mounted.keyboard.press("ArrowRight")
    mounted.keyboard.press("ArrowDown")
    mounted.keyboard.press("Enter")
    expect(mounted.locator(".timeline-details")).to_contain_text("Call 0")


def test_no_text_is_markup_and_the_page_fits_any_width(
    browser: Browser, office: SuperOffice
) -> None:
    bad = call(
        1,
        0,
        "rejected",
        caller=MARKUP,
        path=MARKUP,
        reason=MARKUP,
        violations=(MARKUP,),
        operation=MARKUP,
    )
    step = TimelineStep(507, AT, AT + 1, MARKUP)
    run = TimelineRun(1, "1", AT, AT + 1, tasks=((step,),))
    timeline = Timeline(MARKUP, MARKUP, (bad,), (run,), advice=(MARKUP,))
    for scheme, width in SHAPES:
        with browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}
        ) as context:
            page = context.new_page()
            page.goto(f"{office.url.rpartition('/')[0]}/_mock/health")
            stage = show(page, timeline)
            bars(stage, "rejected").click()
            page.get_by_text("Table of the calls in view").click()
            expect(page.locator(".timeline-table tbody tr")).to_have_count(1)
            expect(page.locator(".timeline-headline")).to_have_text(MARKUP)
            assert page.locator("img:not(svg)").count() == 0
            assert page.locator("main script").count() == 0
            assert page.title() != "run"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
