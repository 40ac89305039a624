"""A Chromium, and a page in it that may have no error."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.chromium import open_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of a module; tests of other modules may need an event loop."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page; the test fails if the page logs an error or breaks its policy."""
    problems: list[str] = []
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{error}"))
        page.on(
            "console", lambda line: problems.append(line.text) if line.type == "error" else None
        )
        yield page
    assert problems == []
