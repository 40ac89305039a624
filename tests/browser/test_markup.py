"""Markup in whatever comes from outside is a text in the dashboard and in its files."""

from typing import Final
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Page, expect

from superoffice_mock import MockServer
from tests.support.server_process import PATH

pytestmark = pytest.mark.slow
MARKUP: Final = "<img src=x onerror=\"document.title='run'\"><b>\"'&amp;"


def test_no_field_from_outside_is_markup(page: Page) -> None:
    account = {"id": 507, "address": MARKUP, "associate": MARKUP, "fails": MARKUP, "seconds": 1}
    options = {
        "users": [{"name": "tje0", "password": MARKUP}],
        "tickets": [f"7T:{MARKUP}"],
        "accounts": [account],
    }
    with MockServer() as server, server.tenant(clock="jump", **options) as office:  # type: ignore[arg-type]
        office.faults.arm(status=503, message=MARKUP, every=3)
        headers = {"Authorization": f"Basic {MARKUP}", "Accept": MARKUP, "Origin": "null"}
        with httpx2.Client(trust_env=False) as client:
            for path in (f"{PATH}?a={quote(MARKUP)}", f"/api/v1/Agents/{quote(MARKUP, safe='')}/x"):
                client.post(f"{office.url}{path}", content=MARKUP, headers=headers)
            credentials = {**office.credentials.headers, "Content-Type": "application/json"}
            body = b'{"SyncUserAccounts": [{"AccountId": 507, "AssociateName": "<b>"}]}'
            client.post(f"{office.url}{PATH}", content=body, headers=credentials)
            office.clock.advance_until_idle()
        page.goto(f"{server.url}/_mock/?tenant={office.id}")
        expect(page.locator("#accounts")).to_contain_text(MARKUP)
        expect(page.locator("#journal tbody tr")).to_have_count(3)
        expect(page.locator("#credentials")).to_contain_text(MARKUP)
        for row in page.locator("#journal tbody tr").all():
            row.get_by_role("button").first.click()
            expect(page.locator(".timeline-details h3")).to_be_visible()
        page.get_by_text("Table of the calls in view").click()
        assert page.title() != "run"
        assert page.locator("img").count() == 0
        for format_ in ("html", "svg"):
            page.goto(f"{server.url}/_mock/timeline?tenant={office.id}&format={format_}")
            page.locator("svg").first.wait_for()
            assert page.title() != "run"
            assert page.locator("img").count() == 0
