"""`python -m tests.browser.take_pictures`: makes the pictures of the READMEs from real runs."""

from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from superoffice_mock import MockServer
from tests.browser.scenarios import SILENT_DROP, played
from tests.support.chromium import open_chromium

FOLDER: Final = Path(__file__).parents[2] / "mockserver" / "pictures"
MAX_BYTES: Final = 200_000


def take(page: Page, name: str) -> None:
    """Write what *page* shows to the file *name*."""
    path = FOLDER / name
    page.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    assert size < MAX_BYTES, f"{path}: {size} bytes"
    print(f"{path.relative_to(Path.cwd())}: {size:,} bytes")  # noqa: T201 - a program


def main() -> None:
    """Take both pictures: the dashboard, and a timeline as a file."""
    FOLDER.mkdir(exist_ok=True)
    with MockServer() as server, played(server, SILENT_DROP) as office, open_chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
        page.goto(f"{server.url}/_mock/?tenant={office.id}")
        page.get_by_text("calls did nothing").first.wait_for()
        take(page, "dashboard.png")
        page.set_viewport_size({"width": 1280, "height": 560})
        page.goto(f"{server.url}/_mock/timeline?tenant={office.id}&format=html")
        page.get_by_text("calls did nothing").first.wait_for()
        take(page, "timeline.png")


if __name__ == "__main__":
    main()
