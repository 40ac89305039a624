"""A web panel in a real Chromium: signed in by the mock's demo page, served from another port."""

import functools
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.server_process import Running

pytestmark = pytest.mark.slow
HERE: Final = Path(__file__).parent
DEMO_SYNCS: Final = """new Promise(resolve => {
  const truth = document.getElementById("truth"), status = document.getElementById("status");
  new MutationObserver(() => truth.className && resolve([status.textContent, truth.textContent]))
    .observe(truth, {attributes: true});
  document.querySelector("button").click();
})"""
"""Presses the button of the demo page; what its user reads then."""

Visit = tuple[str, str]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a web server of the partner's own, with the panel."""
    handler = functools.partial(Quiet, directory=HERE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as panel:
        thread = threading.Thread(target=panel.serve_forever)
        thread.start()
        yield panel.server_port
        panel.shutdown()
        thread.join()


@pytest.fixture
def browse(tmp_path: Path) -> Callable[[*tuple[Visit, ...]], list[Any]]:
    """Visit pages with a new Chromium, in one tab, and evaluate an expression in each."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    if node is None or chromium is None:
        pytest.skip("a web panel needs Chromium, and Node.js to steer it; install both")

    def visits(*pages: Visit) -> list[Any]:
        told = json.dumps([{"url": url, "expression": expression} for url, expression in pages])
        command = [node, str(HERE / "browse.cjs"), chromium, str(tmp_path), told]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        seen: list[Any] = json.loads(done.stdout)
        return seen

    return visits


Browse = Callable[[*tuple[Visit, ...]], list[Any]]


def test_a_panel_signs_in_with_the_session_and_the_xsrf_value_of_the_demo_page(
    browse: Browse, port: int, server: Running
) -> None:
    # Online: the challenge of onsite names Basic, so a browser would ask its user for a password.
    panel = f"http://127.0.0.1:{port}/panel.html?mock={server.url}/Cust12345"
    field = "document.getElementById('XSRF_TOKEN').value"
    seen = browse(
        (panel, "sync()"),
        (f"{server.url}/_mock/demo?tenant=Cust12345", field),
        (panel, "[xsrf(), document.cookie.includes('SessionId')]"),
        (panel, "sync('wrong')"),
        (panel, "sync()"),
    )
    assert seen == [401, "demo-xsrf", ["demo-xsrf", False], 401, 204]
    posts = [one for one in server.exchanges("Cust12345") if one["method"] == "POST"]
    *refused, started = posts
    assert [one["outcome"] for one in refused] == ["rejected", "rejected"]
    assert (started["outcome"], started["principal"]["user"]) == ("started", "tje0")


def test_a_panel_of_another_site_is_not_signed_in_and_reads_nothing_of_the_control_surface(
    browse: Browse, port: int, server: Running
) -> None:
    other = f"http://localhost:{port}/panel.html?mock={server.url}"
    same = f"http://127.0.0.1:{port}/panel.html?mock={server.url}"
    framed = """new Promise(resolve => {
      const frame = document.createElement("iframe");
      frame.onload = () => resolve(frame.contentDocument === null);
      frame.src = mock + "/_mock/demo";
      document.body.append(frame);
    })"""
    reads = "fetch(mock + '/_mock/demo', {credentials: 'include'}).then(() => 'read', e => e.name)"
    seen = browse(
        (f"{server.url}/_mock/demo", "1"),
        (other, "sync('demo-xsrf')"),
        (other, reads),
        (same, reads),
        (other, framed),
    )
    assert seen == [1, 401, "TypeError", "TypeError", True]


def test_the_demo_page_calls_by_itself_and_shows_the_truth(browse: Browse, server: Running) -> None:
    server.control("POST", "clock/jump")
    demo = f"{server.url}/_mock/demo"
    first, second, lines = browse(
        (demo, DEMO_SYNCS),
        (demo, DEMO_SYNCS),
        (demo, "fetch(truth).then(show).then(() => document.querySelectorAll('tr').length)"),
    )
    assert (first, second) == (["204 No Content", "started"], ["204 No Content", "turned away"])
    assert lines == 2
