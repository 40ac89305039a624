"""The calls that the dashboard makes itself: what the app sees, and what really happened."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.server_process import ServerProcess, run_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with run_server() as server:
        yield server


def open_tenant(page: Page, server: ServerProcess, tenant: str) -> Locator:
    """Show the tenant, live; return what the page has sent, newest first."""
    page.goto(f"{server.url}/_mock/?tenant={tenant}")
    expect(page.locator("#live")).to_have_text("Live")
    return page.locator("#send li")


def test_the_silent_drop_is_seen_with_two_clicks_on_a_real_clock(
    page: Page, server: ServerProcess
) -> None:
    for tenant, first, second in (
        ("onsite", "tje0, with a password", "ticket"),
        ("Cust12345", "access token of demo-app", "ticket"),
    ):
        sent = open_tenant(page, server, tenant)
        page.get_by_label("Accounts of the sample").fill("508, 509")
        page.get_by_role("button", name="Send the sample").click()
        expect(sent.first).to_have_text(
            f"{first} asked for 508, 509. The app sees: 204 after 0.0 s. "
            "What really happened: started run 1."
        )
        page.get_by_role("button", name="Send as a second caller").click()
        expect(sent.first).to_contain_text(
            f"{second} asked for 511. The app sees: waiting for the answer …"
        )
        expect(sent.first).to_contain_text(
            "The app sees: 204 after 1.0 s. "
            "What really happened: turned away: nothing was started (run 1 holds the lease"
        )
        expect(page.locator("#timeline")).to_contain_text("account 511 was never synced")
        principals = [exchange["principal"] for exchange in server.exchanges(tenant)]
        assert principals[0] != principals[1]


def test_a_frozen_clock_a_wrong_id_and_a_tenant_with_one_caller_or_none(
    page: Page, server: ServerProcess
) -> None:
    made = {"clock": "freeze", "sessions": [], "tickets": []}
    tenant = server.control("POST", "tenants", made)["id"]
    sent = open_tenant(page, server, tenant)
    page.get_by_role("button", name="Send the sample").click()
    expect(sent.first).to_contain_text("started run 1")
    page.get_by_role("button", name="Send as a second caller").click()
    expect(sent.first).to_contain_text(
        "mock-user, with a password, the only caller that the tenant knows, asked for 511. "
        "The app sees: no answer yet, as the clock is frozen: advance the clock."
    )
    page.get_by_role("button", name="Advance by 5 s").click()
    expect(sent.first).to_contain_text("turned away: nothing was started")
    page.get_by_label("Accounts of the sample").fill("five")
    page.get_by_role("button", name="Send the sample").click()
    expect(page.locator("#message")).to_have_text(
        "Accounts of the sample: write ids, such as 501, 502."
    )
    expect(sent).to_have_count(2)
    nobody = server.control("POST", "tenants", {"users": [], "sessions": [], "tickets": []})["id"]
    sent = open_tenant(page, server, nobody)
    page.get_by_role("button", name="Send the sample").click()
    expect(page.locator("#message")).to_contain_text("The tenant has no credentials that a page")
    expect(page.locator("#credentials")).to_contain_text("The tenant accepts no credentials")
