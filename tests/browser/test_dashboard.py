"""The dashboard in a real Chromium: what its buttons do at the mock, and who can use it."""

import re
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from superoffice_contract.control.client import ControlCall, ControlClient
from tests.support.server_process import BASIC, PATH, ServerProcess, run_server

pytestmark = pytest.mark.slow

SYNC: Final = """([path, authorization, account]) => {
  fetch(path, {
    method: "POST",
    headers: {authorization, "content-type": "application/json"},
    body: JSON.stringify({SyncUserAccounts: [{AccountId: account}]}),
  }).catch(() => null);
}"""
"""Makes a call from the page and does not wait for its answer."""
SEEN_AFTER: Final = """([path, authorization]) => new Promise(resolve => {
  const start = performance.now(), seen = {};
  const look = () => {
    for (const id of ["timeline", "lease", "tenants"])
      if (!(id in seen) && /run 1/i.test(document.getElementById(id).textContent))
        seen[id] = performance.now() - start;
    if (Object.keys(seen).length === 3 || performance.now() - start > 3000) resolve(seen);
    else requestAnimationFrame(look);
  };
  fetch(path, {
    method: "POST",
    headers: {authorization, "content-type": "application/json"},
    body: '{"SyncUserAccounts": [{"AccountId": 509}]}',
  });
  look();
})"""
"""Returns after how many milliseconds the parts of the page show a call."""
FAULTS: Final = {
    "Status 500": {"status": 500},
    "Status 503": {"status": 503},
    "Status 429, Retry-After 2": {"status": 429, "headers": {"Retry-After": "2"}},
    "Delay 2 s": {"delay": 2},
    "Connection reset": {"connection": "reset-by-peer"},
    "Expired credential": {"expired_credential": True},
}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
TOO_WIDE: Final = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A mock of its own, as tests reset it."""
    with run_server() as server:
        yield server


@pytest.fixture
def dashboard(server: ServerProcess, page: Page) -> Page:
    """The page at the tenant onsite, live."""
    server.control("POST", "reset?all=true")
    page.goto(f"{server.url}/_mock/?tenant=onsite")
    expect(page.locator("#live")).to_have_text("Live")
    return page


def panel(page: Page, name: str) -> Locator:
    """The part of the page with this heading."""
    return page.get_by_role("region", name=name, exact=True)


def press(page: Page, name: str, button: str) -> None:
    """Press a button of a part of the page, and wait until it has done what it says."""
    panel(page, name).get_by_role("button", name=button, exact=True).click(force=True)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def sync(page: Page, account: int = 507) -> None:
    """Begin a call of SyncEmailAccounts."""
    page.evaluate(SYNC, [PATH, BASIC, account])


def test_the_buttons_of_clock_and_lease_do_what_they_say(
    dashboard: Page, server: ServerProcess
) -> None:
    page, get = dashboard, partial(server.control, "GET")
    clock, lease = panel(page, "Clock"), panel(page, "Lease")
    press(page, "Clock", "Advance by 5 s")  # a real clock can't be advanced
    expect(clock).to_contain_text("Freeze the clock or let it jump")
    for button, name in (
        ("Let it jump", "jump"),
        ("Run in real time", "real"),
        ("Freeze", "freeze"),
    ):
        press(page, "Clock", button)
        expect(clock.get_by_role("button", name=button)).to_have_attribute("aria-pressed", "true")
        assert get("clock")["clock"] == name
    before = get("clock")["now"]
    sync(page)
    expect(lease).to_contain_text("Held by run 1, 5 s left")
    sync(page, 508)
    expect(clock).to_contain_text("1 in flight · 1 waiting")
    expect(page.locator("#tenants a[aria-current]")).to_contain_text("1 waiting")
    clock.get_by_label("Seconds to advance").fill("2.5")
    press(page, "Clock", "Advance by 2.5 s")
    answered = re.compile(r"answered: request \d+, outcome turned_away")
    expect(clock.get_by_role("list")).to_contain_text(answered)
    expect(lease).to_contain_text("Held by run 1, 2.5 s left")
    press(page, "Clock", "Advance until idle")
    expect(lease).to_contain_text("Free")
    assert get("clock")["now"][:19] != before[:19]
    press(page, "Lease", "Hold the lease")
    expect(lease).to_contain_text("Held by hand")
    assert get("lease")["holder"]["by"] == "hand"
    press(page, "Lease", "Hold the lease")  # does nothing, as it is held
    press(page, "Lease", "Release the lease")
    assert get("lease")["held"] is False
    sync(page)
    press(page, "Lease", "Release: end run 2")
    expect(page.locator("#message")).to_have_text("Run 2 is ended.")
    assert [run["state"] for run in get("runs")["runs"]] == ["ended", "released"]


def test_faults_are_armed_in_two_clicks_and_disarmed_one_by_one(
    dashboard: Page, server: ServerProcess
) -> None:
    page, faults = dashboard, panel(dashboard, "Faults")
    for scope, rule in (("the next call", {"times": 1}), ("every call", {"every": 1})):
        faults.get_by_label(scope).check()
        for label, effect in FAULTS.items():
            press(page, "Faults", label)
            fault = server.control("GET", "faults")["faults"][-1]
            assert fault | effect | rule == fault, (scope, label)
    expect(faults.get_by_role("listitem")).to_have_count(12)
    press(page, "Faults", "Disarm fault 2")
    with closing(ControlClient(server.url)) as client:  # a page would log the 500
        assert client.exchange(ControlCall("POST", PATH, b"{}"))[0] == 500
    expect(faults.get_by_role("listitem").first).to_contain_text("fired 1 time, used up")
    listed = server.control("GET", "faults")["faults"]
    assert [(fault["id"], fault["fired"]) for fault in listed[:2]] == [(1, 1), (3, 0)]
    press(page, "Faults", "Disarm all")
    expect(faults).to_contain_text("No fault is armed")
    assert server.control("GET", "faults") == {"faults": []}


def test_state_readings_accounts_and_resets(dashboard: Page, server: ServerProcess) -> None:
    page, state, accounts = dashboard, panel(dashboard, "State"), panel(dashboard, "Accounts")
    state.get_by_label("New state").select_option("suspended")
    press(page, "State", "Set the state")
    expect(state).to_contain_text("The API answers 503")
    expect(page.locator("#tenants a[aria-current]")).to_contain_text("suspended")
    assert server.control("GET", "state")["state"] == "suspended"
    for reading in server.control("GET", "readings")["readings"]:
        expect(panel(page, "Readings")).to_contain_text(f"{reading['name']} {reading['value']}")
    press(page, "Reset", "Reset onsite")
    expect(state).to_contain_text("The API answers calls")
    server.control("POST", "clock/freeze")
    expect(page.get_by_role("button", name="Freeze")).to_have_attribute("aria-pressed", "true")
    sync(page, 513)
    row = accounts.get_by_role("row").filter(has_text="513")
    expect(row).to_contain_text("syncing (run 1)")
    server.control("POST", "clock/advance", {"seconds": 5})
    expect(row).to_contain_text("Failing, dueThe mailbox is full. (1 in a row)")
    made = server.control("POST", "tenants", {})["id"]
    expect(page.locator("#tenants")).to_contain_text(made)
    page.get_by_role("button", name="Reset all tenants …").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert made in str(server.control("GET", "tenants"))
    page.get_by_role("button", name="Reset all tenants …").click()
    page.get_by_role("dialog").get_by_role("button", name="Reset all tenants").click()
    expect(page.locator("#tenants")).not_to_contain_text(made)
    assert server.control("GET", "requests")["requests"] == []


def test_a_call_is_seen_within_300_ms(dashboard: Page, server: ServerProcess) -> None:
    """The best of some tries counts, as other work on the machine delays some of them."""
    page, hint = dashboard, dashboard.locator("#first-minute")
    tries: list[dict[str, float]] = []
    while len(tries) < 4 and not (tries and tries[-1]["timeline"] < 300 > tries[-1]["lease"] / 3):
        server.control("POST", "reset")
        expect(hint).to_contain_text("Press “Send the sample”")
        expect(page.locator("#lease")).to_contain_text("Free")
        tries.append(page.evaluate(SEEN_AFTER, [PATH, BASIC]))
    assert min(seen["timeline"] for seen in tries) < 300, tries
    assert min(seen["lease"] for seen in tries) < 1000, tries
    expect(hint).to_be_hidden()


def test_a_page_goes_on_when_its_tenant_is_removed_and_when_the_mock_is_back(
    browser: Browser,
) -> None:
    page = browser.new_page()  # a call that is refused or lost is an error in its log
    with run_server() as server:
        made = server.control("POST", "tenants", {})["id"]
        page.goto(f"{server.url}/_mock/?tenant={made}")
        expect(page.locator("#live")).to_have_text("Live")
        server.control("POST", "reset?all=true")
        expect(page.locator("#message")).to_have_text(f"Tenant {made} was removed.")
        expect(page.get_by_role("heading", level=1)).to_have_text("onsite")
        expect(page.locator("#live")).to_have_text("Live")
        sync(page)
        expect(page.locator("#tenants a[aria-current]")).to_contain_text("1 call")
    expect(page.locator("#live")).to_have_text("Disconnected: trying again …")
    with run_server("--port", server.url.rpartition(":")[2]):
        expect(page.locator("#live")).to_have_text("Live", timeout=10_000)
        expect(page.locator("#first-minute")).to_be_visible()
    page.close()


def test_tenants_are_chosen_by_click_and_keyboard_and_stay_in_the_address(
    dashboard: Page, server: ServerProcess
) -> None:
    page = dashboard
    page.get_by_role("link", name="Cust12345").click()
    expect(page).to_have_url(re.compile(r"\?tenant=Cust12345$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Cust12345")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("onsite")
    page.goto(f"{server.url}/_mock/?tenant=gone")
    expect(page.locator("#message")).to_have_text("There is no tenant gone; this is onsite.")
    for _ in range(150):
        made = server.control("POST", "tenants", {})["id"]
    rows = page.locator("#tenants li")
    expect(page.locator("#tenants")).to_contain_text("53 more tenants: filter to find one")
    expect(rows).to_have_count(100)
    # From here on by keyboard alone.
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the tenant")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Filter tenants")).to_be_focused()
    page.keyboard.type(made)
    expect(rows).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(made)
    button = page.get_by_role("button", name="Hold the lease")
    for _ in range(100):
        if button.evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(panel(page, "Lease")).to_contain_text("Held by hand")
    expect(button).to_be_focused()
    assert server.control("GET", f"lease?tenant={made}")["held"] is True


def test_the_page_fits_into_every_width_and_has_a_drawer_of_tenants_on_a_narrow_one(
    dashboard: Page,
) -> None:
    page = dashboard
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in (390, 800, 1440, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(TOO_WIDE) is False, (scheme, width)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 23, 21)"
    page.set_viewport_size({"width": 390, "height": 800})
    link = page.get_by_role("link", name="Cust12345")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Tenant: onsite").click()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cust12345")
    expect(link).to_be_hidden()
    assert page.evaluate(TOO_WIDE) is False
