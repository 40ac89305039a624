"""The journal of the dashboard: its filters, its details, and what it can be saved as."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from superoffice_mock import MockServer, SuperOffice
from superoffice_mock.recordings import har_file
from tests.browser.scenarios import CALLERS, SILENT_DROP, TICKET, Step, played, send, send_many

pytestmark = pytest.mark.slow

MARKUP = "<img src=x onerror=document.title='run'>"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@contextmanager
def shown(page: Page, office: SuperOffice) -> Iterator[Locator]:
    """Yield the journal of the tenant in a page that is live, and leave the page."""
    base, _, tenant = office.url.rpartition("/")
    page.goto(f"{base}/_mock/?tenant={tenant}")
    expect(page.locator("#live")).to_have_text("Live")
    yield page.locator("#journal")
    page.goto("about:blank")  # before the tenant is removed


def rows_of(journal: Locator) -> Locator:
    return journal.locator("tbody tr")


def test_all_filters_combine_and_new_calls_pass_them_too(page: Page, server: MockServer) -> None:
    with played(server, SILENT_DROP) as office, shown(page, office) as journal:
        rows, number = rows_of(journal), journal.get_by_role("status")
        expect(rows).to_have_count(6)
        expect(rows.first).to_contain_text("6")  # the newest is first
        expect(number).to_have_text("6 calls")
        for label, value, left in (
            ("Outcome", "turned_away", "3 of 6 calls"),
            ("Operation", "SyncEmailAccounts", "3 of 6 calls"),
            ("Account", "510", "2 of 6 calls"),
            ("Text in path, reason or caller", "SOTICKET", "2 of 6 calls"),
            ("Text in path, reason or caller", "run 1", "1 of 6 calls"),
        ):
            field = journal.get_by_label(label, exact=True)
            if label in ("Outcome", "Operation"):
                field.select_option(value)
            else:
                field.fill(value)
            expect(number).to_have_text(left)
        journal.get_by_label("Text in path, reason or caller").fill("")
        office.clock.advance(10)
        office.clock.jump()
        office.lease.hold()
        send(office, Step(0, (510,), TICKET))
        expect(number).to_have_text("3 of 7 calls")
        expect(rows.first).to_contain_text("turned away: ")


def test_a_call_is_chosen_by_keyboard_shown_whole_and_pinned_in_both_places(
    page: Page, server: MockServer
) -> None:
    body = json.dumps({"SyncUserAccounts": [{"AccountId": MARKUP}]}).encode()
    steps = (Step(0, (501,)), Step(1, (502,)), Step(2, body=body))
    with played(server, steps) as office, shown(page, office) as journal:
        page.evaluate("document.querySelector('#timeline').scrollIntoView()")
        journal.get_by_role("button", name="Call 3").focus()
        for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp", "Enter"):
            page.keyboard.press(key)
        chosen = journal.get_by_label("The chosen call")
        expect(chosen).to_contain_text("Call 3: POST")
        expect(chosen.get_by_label("Body")).to_have_text(body.decode())
        expect(chosen.get_by_label("Headers that the journal keeps")).to_contain_text(
            "authorization: Basic [redacted]"
        )
        expect(page.locator("#timeline")).to_contain_text("Call 3")
        assert page.title() != "run"
        # A new call moves the rows, and the focus stays with its call.
        office.clock.jump()
        send(office, Step(0, (503,)))
        expect(rows_of(journal)).to_have_count(4)
        expect(journal.get_by_role("button", name="Call 3")).to_be_focused()
        page.keyboard.press("Enter")
        expect(chosen).to_be_hidden()
        page.evaluate("document.querySelector('#timeline [tabindex=\"0\"]').focus()")
        for key in ("End", "ArrowLeft", "ArrowRight", "Enter"):
            page.keyboard.press(key)
        expect(journal.locator("[data-chosen=true]")).to_have_count(1)
        expect(chosen).to_be_visible()


def test_rows_are_bounded_and_the_journal_is_saved_and_cleared(
    page: Page, server: MockServer
) -> None:
    with server.tenant(clock="freeze", **CALLERS) as office:
        office.clock.jump()
        send_many(office, 120, seconds=0)
        with shown(page, office) as journal:
            expect(rows_of(journal)).to_have_count(100)
            journal.get_by_role("button", name="Show more").click()
            expect(rows_of(journal)).to_have_count(120)
            expect(journal.get_by_role("button", name="Show more")).to_be_hidden()
            for link, suffix, begins in (
                ("Journal as HAR", "har", b"{"),
                ("Picture as HTML", "html", b"<!doctype html>"),
                ("Picture as SVG", "svg", b"<svg"),
            ):
                with page.expect_download() as download:
                    journal.get_by_role("link", name=link).click()
                assert download.value.suggested_filename == f"{office.id}.{suffix}"
                content = download.value.path().read_bytes()
                assert content.lower().startswith(begins), link
                if suffix == "har":
                    assert len(har_file.read(content).entries) == 120
            journal.get_by_role("button", name="Clear the journal").click()
            expect(journal.get_by_role("status")).to_have_text("0 calls")
            expect(rows_of(journal)).to_have_count(0)
            assert list(office.requests) == []
