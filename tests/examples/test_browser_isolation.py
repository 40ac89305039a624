"""Pages in a real Chromium that try to control the mock: of other sites, and of a rebound name."""

import http.server
import json
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.server_process import Running, serving

pytestmark = pytest.mark.slow
HERE: Final = Path(__file__).parent
EVIL: Final = "evil.example"
"""A name of somebody else's, which leads to this machine."""
TRIES: Final = """
const asked = (path, init) => fetch(mock + "/_mock/" + path, init).then(a => a.status, e => e.name);
const post = (path, body = "", more = {}) => asked(path, {method: "POST", body, ...more});
const blind = {mode: "no-cors", credentials: "include"};
const JSON_TYPE = {headers: {"Content-Type": "application/json"}};
const tries = () => Promise.all([
  asked("health"), asked("requests"), asked("lease"), asked("demo"), asked("openapi.json"),
  post("lease/hold"), post("clock/freeze"), post("reset"), post("tenants", "{}"),
  post("faults", '{"status": 503}', JSON_TYPE), post("credentials/expire", "{}"),
  asked("faults", {method: "PUT", body: '{"faults": []}'}), asked("requests", {method: "DELETE"}),
]);
const unseen = () => Promise.all([
  post("lease/hold", "", blind), post("clock/freeze", "", blind), post("tenants", "{}", blind),
  post("faults", '{"status": 503}', blind), post("credentials/expire", "{}", blind),
]);
const loaded = (name, path) => new Promise(resolve => {
  const one = document.createElement(name);
  one.onload = () => resolve("loaded");
  one.onerror = () => resolve("refused");
  one.src = mock + "/_mock/" + path;
  document.body.append(one);
});
const sent = path => new Promise(resolve => {
  document.body.innerHTML = `<iframe name="f"></iframe><form method="post" target="f"
    enctype="text/plain" action="${mock}/_mock/${path}"><input name="{" value="}"></form>`;
  document.querySelector("iframe").onload = () => resolve("sent");
  document.forms[0].submit();
});
"""

Visits = Callable[[*tuple[tuple[str, str], ...]], list[Any]]


class Blank(http.server.BaseHTTPRequestHandler):
    """Serves an empty page, whatever is asked for, without a log."""

    def do_GET(self) -> None:
        """Answer with the page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>evil</title><body>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """The port of a web server of somebody else's."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Blank) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield site.server_port
        site.shutdown()
        thread.join()


@pytest.fixture
def visits(tmp_path: Path) -> Visits:
    """Visit pages with a new Chromium to which `evil.example` is this machine."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    if node is None or chromium is None:
        pytest.skip("pages need Chromium, and Node.js to steer it; install both")
    rebound = tmp_path / "chromium"
    rule = shlex.quote(f"--host-resolver-rules=MAP {EVIL} 127.0.0.1")
    rebound.write_text(f'#!/bin/sh\nexec {shlex.quote(chromium)} {rule} "$@"\n', encoding="utf-8")
    rebound.chmod(0o755)

    def visits(*pages: tuple[str, str]) -> list[Any]:
        told = json.dumps([{"url": url, "expression": expression} for url, expression in pages])
        command = [node, str(HERE / "browse.cjs"), str(rebound), str(tmp_path / "profile"), told]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        seen: list[Any] = json.loads(done.stdout)
        return seen

    return visits


def told(server: Running) -> dict[str, Any]:
    """Return all that a page might have changed; to look for a page at / is no change."""
    paths = ("lease", "faults", "tenants", "runs")
    shown: dict[str, Any] = {path: server.control("GET", path) for path in paths}
    shown["clock"] = server.control("GET", "clock")["clock"]
    shown["requests"] = [one for one in server.exchanges() if one["method"] != "GET"]
    return shown


def trying(mock: str, expression: str) -> str:
    """Return *expression* with all the ways to try, at *mock*."""
    return f"(() => {{ const mock = {json.dumps(mock)};{TRIES} return {expression}; }})()"


@pytest.mark.parametrize("host", [EVIL, "localhost", "127.0.0.1"])
def test_a_page_of_another_origin_reads_and_changes_nothing(
    host: str, site: int, visits: Visits, server: Running
) -> None:
    before = told(server)
    page = f"http://{host}:{site}/"
    everything = """Promise.all([tries(), unseen(), loaded("img", "lease"),
      loaded("script", "requests"), sent("lease/hold").then(() => sent("clock/freeze"))])"""
    ((read, blind, image, script, form),) = visits((page, trying(server.url, everything)))
    assert set(read) == {"TypeError"}
    assert set(blind) == {0}
    assert (image, script, form) == ("refused", "refused", "sent")
    assert told(server) == before


def test_a_page_whose_name_was_rebound_to_this_machine_is_refused(
    visits: Visits, server: Running
) -> None:
    before = told(server)
    port = server.address[1]
    rebound = f"http://{EVIL}:{port}"
    seen, own = visits(
        (f"{rebound}/", trying(rebound, "tries()")),
        (f"{server.url}/_mock/demo", trying(server.url, "asked('lease')")),
    )
    assert set(seen) == {403}
    assert own == 200  # the same from a page of the mock's own name
    assert told(server) == before


def test_on_a_host_that_others_reach_a_page_needs_the_token_too(visits: Visits) -> None:
    signed = {"headers": {"Authorization": "Bearer sesame"}}
    wrong = {"headers": {"Authorization": "Bearer open"}}
    with serving("--log", "off", "--host", "0.0.0.0", "--control-token", "sesame") as server:
        url = f"http://{EVIL}:{server.address[1]}"
        asked = f"""Promise.all([asked("health"), asked("lease"), post("lease/hold"),
          asked("lease", {json.dumps(wrong)}), asked("lease", {json.dumps(signed)})])"""
        ((health, *without, right),) = visits((f"{url}/", trying(url, asked)))
    assert health == 200
    assert without == [401, 401, 401]
    assert right == 200
