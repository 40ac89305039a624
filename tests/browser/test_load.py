"""The dashboard with 10,000 calls in the journal, while 500 calls a second arrive.

Other work on the machine makes each task of the page take longer, so this runs at night.
"""

import http.client
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from superoffice_mock import MockServer, SuperOffice
from tests.browser.scenarios import CALLERS, Step
from tests.support.server_process import BASIC, PATH, address_of

CALLS: Final = 10_000
PER_SECOND: Final = 500
MAX_TASK: Final = 0.1
"""The longest task of the page's main thread, in seconds."""
MAX_GROWTH: Final = 3_000_000
"""The bytes by which the page may grow after it has settled."""
OBSERVE: Final = """window.tasks = [];
new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(e => e.duration)))
  .observe({type: "longtask", buffered: true});"""


def send(office: SuperOffice, count: int, stop: threading.Event | None = None) -> None:
    """Send *count* calls over one connection; with *stop*, `PER_SECOND` of them a second."""
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(*address_of(office.url))
    path = f"/{office.url.rpartition('/')[2]}{PATH}"
    started = time.monotonic()
    for number in range(count):
        if stop is not None and stop.wait(started + number / PER_SECOND - time.monotonic()):
            break
        body = Step(0, (501 + number % 50,)).content()
        connection.request("POST", path, body, headers)
        connection.getresponse().read()
    connection.close()


@contextmanager
def arriving(office: SuperOffice) -> Iterator[None]:
    """Let calls arrive until the block ends."""
    stop = threading.Event()
    sender = threading.Thread(target=send, args=(office, 10**9, stop))
    sender.start()
    try:
        yield
    finally:
        stop.set()
        sender.join()


def used_bytes(page: Page) -> int:
    """Return what the scripts of *page* use after a garbage collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: int = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


@pytest.mark.nightly
def test_many_calls_block_neither_the_page_nor_its_memory(browser: Browser) -> None:
    """SECONDS says how long calls arrive; 300 shows what the page needs in the long run."""
    seconds = int(os.environ.get("SECONDS_OF_LOAD", "6"))
    with (
        MockServer(journal_exchanges=CALLS) as server,
        server.tenant(clock="real", seconds_per_account=0, **CALLERS) as office,
        browser.new_context() as context,
    ):
        send(office, CALLS)
        page = context.new_page()
        page.add_init_script(OBSERVE)
        page.goto(f"{server.url}/_mock/?tenant={office.id}")
        page.get_by_role("img").first.wait_for()
        with arriving(office):
            page.wait_for_timeout(1000 * seconds / 3)
            settled = used_bytes(page)
            page.wait_for_timeout(1000 * seconds * 2 / 3)
            grown = used_bytes(page) - settled
        longest = page.evaluate("Math.max(0, ...window.tasks)") / 1000
        newest = office.requests[-1].id
        page.wait_for_function(f"document.body.innerText.includes('{newest}')")
    assert newest > CALLS + PER_SECOND * seconds / 2
    assert longest < MAX_TASK
    assert grown < MAX_GROWTH
