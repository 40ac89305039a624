"""The dashboard of a mock with a control token, and pages of other sites that try to use it."""

import http.server
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.local_servers import QuietHandler, serve_in_thread
from tests.support.server_process import ServerProcess, run_server

pytestmark = pytest.mark.slow
TOKEN: Final = "sesame"
ATTEMPTS: Final = """async ([mock, calls]) => {
  const outcomes = [];
  for (const [method, path] of calls) {
    const init = {method, credentials: "include", headers: {"X-Superoffice-Mock": "dashboard"}};
    outcomes.push(await fetch(mock + path, init).then(() => "read", error => error.name));
    const blind = {method: "POST", mode: "no-cors", credentials: "include", body: "{}"};
    await fetch(mock + path, blind).catch(() => null);
    const frame = document.createElement("iframe");
    frame.name = `f${outcomes.length}`;
    const form = Object.assign(document.createElement("form"),
      {method: "post", action: mock + path, target: frame.name, enctype: "text/plain"});
    document.body.append(frame, form);
    const loaded = new Promise(resolve => { frame.onload = resolve; });
    form.submit();
    await loaded;
  }
  outcomes.push(await new Promise(resolve => {
    const events = new EventSource(mock + "/_mock/events", {withCredentials: true});
    events.onopen = () => resolve("read");
    events.onerror = () => { events.close(); resolve("TypeError"); };
  }));
  return outcomes;
}"""
"""Makes each call with the cookie, if the browser sends it: by scripts and by a form."""


class Blank(QuietHandler):
    """Serves an empty page at every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>another site</title><body>")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A mock with a control token."""
    with run_server("--log", "off", "--control-token", TOKEN) as server:
        yield server


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new session of the browser."""
    with browser.new_context() as context:
        yield context


def control(server: ServerProcess, context: BrowserContext, path: str) -> Any:
    """Read at /_mock/ with the token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return context.request.get(f"{server.url}/_mock/{path}", headers=headers).json()


def sign_in(page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/")
    page.get_by_role("textbox", name="Control token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_text("Live")


def test_the_token_is_asked_for_once_and_sign_out_ends_it(
    context: BrowserContext, server: ServerProcess
) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/")
    expect(page.get_by_role("textbox", name="Control token")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not the control token")
    sign_in(page, server)
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert TOKEN not in f"{cookie} {page.url} {page.content()}"
    page.reload()
    expect(page.locator("#live")).to_have_text("Live")
    page.get_by_role("button", name="Hold the lease").click()
    expect(page.locator("#lease")).to_contain_text("Held by hand")
    assert control(server, context, "lease")["held"] is True
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("textbox", name="Control token")).to_be_visible()
    assert context.cookies() == []
    assert context.request.get(f"{server.url}/_mock/lease").status == 401


def test_pages_of_other_sites_read_and_change_nothing_while_the_browser_is_signed_in(
    context: BrowserContext, server: ServerProcess
) -> None:
    sign_in(context.new_page(), server)
    paths = control(server, context, "openapi.json")["paths"]
    calls = [
        (method.upper(), path.replace("{id}", "1"))
        for path, methods in paths.items()
        for method in methods
        if method != "get" or path in ("/_mock/requests", "/_mock/credentials")
    ]
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    with serve_in_thread(site):
        for host in ("127.0.0.1", "localhost"):
            before = snapshot(server, context)
            page = context.new_page()
            page.goto(f"http://{host}:{site.server_port}/")
            outcomes = page.evaluate(ATTEMPTS, [server.url, calls])
            assert set(outcomes) == {"TypeError"}, host
            assert snapshot(server, context) == before, host


def snapshot(server: ServerProcess, context: BrowserContext) -> str:
    """Return all that a control call could have changed."""
    paths = ("lease", "faults", "tenants", "readings", "state", "credentials")
    seen = {path: control(server, context, path) for path in paths}
    seen["clock"] = control(server, context, "clock")["clock"]
    for tenant in seen["tenants"]["tenants"]:
        tenant["holder"] = None
    return json.dumps(seen)
