"""A report as a file, opened as a reader opens it: the picture is alive, and nothing is loaded."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from superoffice_contract.report import Report
from superoffice_contract.report_formats.html import as_html
from tests.contract.test_report import REPORT
from tests.contract.timeline.samples import TIMELINE

pytestmark = pytest.mark.slow


def test_a_file_shows_calls_by_click_and_asks_for_nothing(
    page: Page, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    report = Report(
        REPORT.title, REPORT.results, REPORT.facts, pictures=((TIMELINE,), (TIMELINE,) * 2)
    )
    file.write_text(as_html(report), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    expect(page.locator(".timeline")).to_have_count(2)
    expect(page.locator(".timeline-static")).to_have_count(0)
    view = page.locator(".timeline").first
    view.locator("[data-bar].timeline-turned_away").first.click()
    details = view.locator(".timeline-details")
    expect(details).to_contain_text("accept: application/json")
    expect(details).to_contain_text('{"SyncUserAccounts": []}')
    page.keyboard.press("Escape")
    expect(details).not_to_contain_text("accept")
    for width, scheme in ((390, "dark"), (1440, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=tmp_path / "report.png", full_page=True)
    assert asked == [file.as_uri()]

    with browser.new_context(java_script_enabled=False) as context:
        still = context.new_page()
        still.goto(file.as_uri())
        expect(still.locator(".timeline-static svg")).to_have_count(2)
        expect(still.locator(".timeline-static").first).to_contain_text(TIMELINE.headline)
        colour = "getComputedStyle(document.querySelector('.bar.started rect')).fill"
        assert still.evaluate(colour) == "rgb(26, 127, 55)"
