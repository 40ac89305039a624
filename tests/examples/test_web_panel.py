"""A web panel in a real Chromium, signed in by the demo page of the mock and on another port."""

import http.server
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.support.chromium import Browse, open_chromium, visitor
from tests.support.local_servers import QuietHandler, serve_in_thread
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.slow
HERE: Final = Path(__file__).parent
DEMO_SYNCS: Final = """new Promise(resolve => {
  const truth = document.getElementById("truth"), status = document.getElementById("status");
  new MutationObserver(() => truth.className && resolve([status.textContent, truth.textContent]))
    .observe(truth, {attributes: true});
  document.querySelector("button").click();
})"""
"""Presses the button of the demo page and returns the texts that it shows then."""


class Quiet(QuietHandler, http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of the partner's web server, which has the panel."""
    panel = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=HERE))
    with serve_in_thread(panel):
        yield panel.server_port


@pytest.fixture(scope="module")
def browse() -> Iterator[Browse]:
    """Visits pages in a new tab, and evaluates an expression in each."""
    with open_chromium() as browser:
        yield visitor(browser)


def test_a_panel_signs_in_with_the_session_and_the_xsrf_value_of_the_demo_page(
    browse: Browse, port: int, server: ServerProcess
) -> None:
    # Online, because the challenge of an onsite tenant makes a browser ask for a password.
    panel = f"http://127.0.0.1:{port}/panel.html?mock={server.url}/Cust12345"
    field = "document.getElementById('XSRF_TOKEN').value"
    values = browse(
        (panel, "sync()"),
        (f"{server.url}/_mock/demo?tenant=Cust12345", field),
        (panel, "[xsrf(), document.cookie.includes('SessionId')]"),
        (panel, "sync('wrong')"),
        (panel, "sync()"),
    )
    assert values == [401, "demo-xsrf", ["demo-xsrf", False], 401, 204]
    posts = [call for call in server.exchanges("Cust12345") if call["method"] == "POST"]
    *refused, started = posts
    assert [call["outcome"] for call in refused] == ["rejected", "rejected"]
    assert (started["outcome"], started["principal"]["user"]) == ("started", "tje0")


def test_a_panel_of_another_site_is_not_signed_in_and_cannot_read_the_control_surface(
    browse: Browse, port: int, server: ServerProcess
) -> None:
    other_site = f"http://localhost:{port}/panel.html?mock={server.url}"
    same_site = f"http://127.0.0.1:{port}/panel.html?mock={server.url}"
    frame = """new Promise(resolve => {
      const frame = document.createElement("iframe");
      frame.onload = () => resolve(frame.contentDocument === null);
      frame.src = mock + "/_mock/demo";
      document.body.append(frame);
    })"""
    reads = "fetch(mock + '/_mock/demo', {credentials: 'include'}).then(() => 'read', e => e.name)"
    values = browse(
        (f"{server.url}/_mock/demo", "1"),
        (other_site, "sync('demo-xsrf')"),
        (other_site, reads),
        (same_site, reads),
        (other_site, frame),
    )
    assert values == [1, 401, "TypeError", "TypeError", True]


def test_the_demo_page_calls_and_shows_what_really_happened(
    browse: Browse, server: ServerProcess
) -> None:
    server.control("POST", "clock/jump")
    demo = f"{server.url}/_mock/demo"
    first, second, lines = browse(
        (demo, DEMO_SYNCS),
        (demo, DEMO_SYNCS),
        (demo, "fetch(truth).then(show).then(() => document.querySelectorAll('tr').length)"),
    )
    assert (first, second) == (["204 No Content", "started"], ["204 No Content", "turned away"])
    assert lines == 2
