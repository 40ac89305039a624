"""Pages in a real Chromium try to control the mock: of other sites, and by DNS rebinding."""

import http.server
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.recorders import record
from tests.e2e.upstreams import NO_CONTENT, raw_upstream
from tests.support.chromium import Browse, open_chromium, visitor
from tests.support.local_servers import QuietHandler, serve_in_thread
from tests.support.server_process import ServerProcess, run_server

pytestmark = pytest.mark.slow
HERE: Final = Path(__file__).parent
EVIL: Final = "evil.example"
"""A foreign host name that resolves to this machine."""
ATTEMPTS: Final = """
const call = (path, init) =>
  fetch(mock + "/_mock/" + path, init).then(response => response.status, error => error.name);
const post = (path, body = "", more = {}) => call(path, {method: "POST", body, ...more});
const NO_CORS = {mode: "no-cors", credentials: "include"};
const JSON_TYPE = {headers: {"Content-Type": "application/json"}};
const attempts = () => Promise.all([
  call("health"), call("requests"), call("lease"), call("demo"), call("openapi.json"),
  post("lease/hold"), post("clock/freeze"), post("reset"), post("tenants", "{}"),
  post("faults", '{"status": 503}', JSON_TYPE), post("credentials/expire", "{}"),
  call("faults", {method: "PUT", body: '{"faults": []}'}), call("requests", {method: "DELETE"}),
]);
const blindAttempts = () => Promise.all([
  post("lease/hold", "", NO_CORS), post("clock/freeze", "", NO_CORS),
  post("tenants", "{}", NO_CORS),
  post("faults", '{"status": 503}', NO_CORS), post("credentials/expire", "{}", NO_CORS),
]);
const load = (name, path) => new Promise(resolve => {
  const element = document.createElement(name);
  element.onload = () => resolve("loaded");
  element.onerror = () => resolve("refused");
  element.src = mock + "/_mock/" + path;
  document.body.append(element);
});
const submit = path => new Promise(resolve => {
  document.body.innerHTML = `<iframe name="f"></iframe><form method="post" target="f"
    enctype="text/plain" action="${mock}/_mock/${path}"><input name="{" value="}"></form>`;
  document.querySelector("iframe").onload = () => resolve("sent");
  document.forms[0].submit();
});
"""


class Blank(QuietHandler):
    """Serves an empty page at every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>evil</title><body>")


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """The port of a foreign web server."""
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    with serve_in_thread(site):
        yield site.server_port


@pytest.fixture(scope="module")
def visits() -> Iterator[Browse]:
    """Visits pages in a new tab, where `evil.example` is this machine."""
    with open_chromium(f"--host-resolver-rules=MAP {EVIL} 127.0.0.1") as browser:
        yield visitor(browser)


def state(server: ServerProcess) -> dict[str, Any]:
    """Return all that a page could have changed; a GET request is no change."""
    paths = ("lease", "faults", "runs")
    values: dict[str, Any] = {path: server.control("GET", path) for path in paths}
    values["tenants"] = [each["id"] for each in server.control("GET", "tenants")["tenants"]]
    values["clock"] = server.control("GET", "clock")["clock"]
    values["requests"] = [call for call in server.exchanges() if call["method"] != "GET"]
    return values


def with_attempts(mock: str, expression: str) -> str:
    return f"(() => {{ const mock = {json.dumps(mock)};{ATTEMPTS} return {expression}; }})()"


@pytest.mark.parametrize("host", [EVIL, "localhost", "127.0.0.1"])
def test_a_page_of_another_origin_reads_and_changes_nothing(
    host: str, site: int, visits: Browse, server: ServerProcess
) -> None:
    before = state(server)
    page = f"http://{host}:{site}/"
    everything = """Promise.all([attempts(), blindAttempts(), load("img", "lease"),
      load("script", "requests"), submit("lease/hold").then(() => submit("clock/freeze"))])"""
    ((read, blind, image, script, form),) = visits((page, with_attempts(server.url, everything)))
    assert set(read) == {"TypeError"}
    assert set(blind) == {0}
    assert (image, script, form) == ("refused", "refused", "sent")
    assert state(server) == before


def test_a_page_with_a_rebound_host_name_is_refused(visits: Browse, server: ServerProcess) -> None:
    before = state(server)
    port = server.address[1]
    rebound = f"http://{EVIL}:{port}"
    statuses, own_status = visits(
        (f"{rebound}/", with_attempts(rebound, "attempts()")),
        (f"{server.url}/_mock/demo", with_attempts(server.url, "call('lease')")),
    )
    assert set(statuses) == {403}
    assert own_status == 200  # the same request from a page of the mock itself
    assert state(server) == before


def test_no_foreign_page_reaches_the_upstream_of_a_recorder(
    site: int, visits: Browse, tmp_path: Path
) -> None:
    with raw_upstream(NO_CONTENT) as upstream, record(upstream.url, tmp_path / "a.har") as recorder:
        url = recorder.server.url
        rebound = url.replace("127.0.0.1", EVIL)
        everything = """Promise.all([attempts(), blindAttempts(), load("img", "lease"),
          load("script", "requests"), submit("lease/hold")])"""
        (read, blind, *_), statuses = visits(
            (f"http://{EVIL}:{site}/", with_attempts(url, everything)),
            (f"{rebound}/", with_attempts(rebound, "attempts()")),
        )
        assert (set(read), set(blind), set(statuses)) == ({"TypeError"}, {0}, {403})
        assert upstream.heads == []
        visits((f"http://localhost:{site}/", with_attempts(url, "blindAttempts()")))
        assert len(upstream.heads) == 5  # the same from a page of this machine


def test_on_a_host_that_is_not_loopback_a_page_needs_the_token(visits: Browse) -> None:
    right = {"headers": {"Authorization": "Bearer sesame"}}
    wrong = {"headers": {"Authorization": "Bearer open"}}
    with run_server("--log", "off", "--host", "0.0.0.0", "--control-token", "sesame") as server:
        url = f"http://{EVIL}:{server.address[1]}"
        expression = f"""Promise.all([call("health"), call("lease"), post("lease/hold"),
          call("lease", {json.dumps(wrong)}), call("lease", {json.dumps(right)})])"""
        ((health, *refused, accepted),) = visits((f"{url}/", with_attempts(url, expression)))
    assert health == 200
    assert refused == [401, 401, 401]
    assert accepted == 200
