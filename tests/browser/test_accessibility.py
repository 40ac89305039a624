"""axe-core finds nothing serious in the pages, in their main states, light and dark."""

from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Page

from superoffice_mock import MockServer
from tests.browser.scenarios import SILENT_DROP, TEN_TASKS, played
from tests.support.node_packages import MODULES, find_node

pytestmark = pytest.mark.slow
SERIOUS: Final = ("serious", "critical")
SHAPES: Final[tuple[tuple[Literal["light", "dark"], int], ...]] = (("light", 390), ("dark", 1440))


def find_problems(page: Page) -> list[str]:
    """Return the serious problems of *page*, each with its first element."""
    page.evaluate(Path(MODULES, "axe-core/axe.min.js").read_text(encoding="utf-8"))
    violations: list[dict[str, Any]] = page.evaluate("axe.run().then(found => found.violations)")
    return [
        f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]}"
        for each in violations
        if each["impact"] in SERIOUS
    ]


def test_the_pages_have_no_serious_problem(browser: Browser) -> None:
    find_node()
    with (
        MockServer() as server,
        played(server, SILENT_DROP) as office,
        played(server, TEN_TASKS) as busy,
        server.tenant() as idle,
    ):
        addresses = [
            *(f"{server.url}/_mock/?tenant={each.id}" for each in (idle, busy, office)),
            f"{server.url}/_mock/timeline?tenant={office.id}&format=html",
        ]
        for scheme, width in SHAPES:
            with browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
            ) as context:
                page = context.new_page()
                for address in addresses:
                    page.goto(address)
                    page.locator(".timeline-headline").first.wait_for()
                    assert find_problems(page) == [], (address, scheme, width)
