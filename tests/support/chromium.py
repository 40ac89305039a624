"""A real Chromium, controlled by Playwright."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

Browse = Callable[[*tuple[tuple[str, str], ...]], list[Any]]
"""Takes URLs and expressions, visits the pages in one tab, and returns the values."""


@contextmanager
def open_chromium(*flags: str) -> Iterator[Browser]:
    """Start Chromium with *flags* until the block ends; skip the test where there is none.

    Until then no event loop can run in this thread, because Playwright has one.
    """
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("pages need Chromium; install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *flags])
        try:
            yield browser
        finally:
            browser.close()


def visitor(browser: Browser) -> Browse:
    """Return a function that visits pages in a new tab, without what the tabs before it know."""

    def visit(*pages: tuple[str, str]) -> list[Any]:
        values = []
        with browser.new_context() as context, context.new_page() as page:
            for url, expression in pages:
                page.goto(url)
                values.append(page.evaluate(expression))
        return values

    return visit
