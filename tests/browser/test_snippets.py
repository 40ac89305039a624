"""The credentials of the dashboard: each can be copied, and the code that it shows works."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.server_process import ServerProcess, run_server

pytestmark = pytest.mark.slow

FILES: Final = {
    "curl": "call.sh",
    "TypeScript": "call.mjs",
    "C#": "Call.cs",
    "PHP": "call.php",
    "Python": "call.py",
}
PROGRAMS: Final = {
    "curl": ("sh", "call.sh"),
    "TypeScript": ("node", "call.mjs"),
    "C#": ("sh", "-c", "mcs -r:System.Net.Http Call.cs && mono Call.exe"),
    "PHP": ("php", "call.php"),
    "Python": (sys.executable, "call.py"),
}
NEEDED: Final = ("curl", "node", "php", "mcs", "mono")
ODD: Final = '7T:it\'s "so" \\n $HOME `id` {x}'
"""A ticket with characters that mean something in a language."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with run_server() as server:
        yield server


def open_credentials(page: Page, server: ServerProcess, tenant: str) -> Locator:
    """Show the tenant, live; return its credentials."""
    page.goto(f"{server.url}/_mock/?tenant={tenant}")
    expect(page.locator("#live")).to_have_text("Live")
    return page.locator("#credentials")


def read_snippets(panel: Locator) -> Iterator[tuple[str, str, str]]:
    """Yield a name of credentials, a language, and the code that the page shows for both."""
    choice = panel.get_by_label("Credentials in the code")
    for name in choice.locator("option").all_text_contents():
        choice.select_option(name)
        for language in FILES:
            tab = panel.get_by_role("button", name=language, exact=True)
            tab.click()
            expect(tab).to_have_attribute("aria-pressed", "true")
            yield name, language, panel.locator("pre").inner_text()


def run_snippet(folder: Path, language: str, code: str) -> str:
    """Run the code as a program of its language; return what it prints."""
    program = PROGRAMS[language]
    folder.joinpath(FILES[language]).write_text(code, encoding="utf-8")
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (language, code, done.stderr)
    return done.stdout


def test_the_code_that_the_page_shows_gets_a_204_in_every_language(
    page: Page, server: ServerProcess, tmp_path: Path
) -> None:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not on the path: {', '.join(missing)}")
    jobs: list[tuple[str, str, str]] = []
    for made in ({}, {"installation": "online", "tickets": [ODD]}):
        tenant = server.control("POST", "tenants", made)["id"]
        panel = open_credentials(page, server, tenant)
        expect(panel.locator("pre")).to_contain_text(tenant)
        jobs += [job for job in read_snippets(panel) if made or "password" in job[0]]
    # To compile takes a second each: a ticket with its app, and a session will do.
    compiled = [job for job in jobs if job[1] == "C#"]
    jobs = [job for job in jobs if job[1] != "C#"] + compiled[-2:]
    assert len(jobs) == 4 * 4 + 2

    def run(numbered: tuple[int, tuple[str, str, str]]) -> str:
        number, (_, language, code) = numbered
        folder = tmp_path / f"{number}"
        folder.mkdir()
        return run_snippet(folder, language, code)

    with ThreadPoolExecutor(4) as pool:
        printed = list(pool.map(run, enumerate(jobs)))
    for job, text in zip(jobs, printed, strict=True):
        status = text.split()[1] if job[1] == "curl" else text.strip()
        assert status == "204", (job, text)


def test_every_credential_has_a_button_that_copies_it_or_selects_it(
    page: Page, server: ServerProcess
) -> None:
    panel = open_credentials(page, server, "Cust12345")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name, value in (
        ("Copy access token of access token of demo-app", "8A:Cust12345.demo-token"),
        ("Copy SO-AppToken header of ticket", "SO-AppToken: demo-app-token"),
        ("Copy xsrf of web session of tje0", "demo-xsrf"),
        ("Copy client id of app demo-app", "demo-app"),
        ("Copy the code", "curl -i -X POST"),
    ):
        panel.get_by_role("button", name=name, exact=True).click()
        expect(panel.get_by_role("button", name=f"Copied: {name}")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").startswith(value), name
    # As at a host that is no secure context for a browser.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    panel.get_by_role("button", name="TypeScript").click()
    for name, value in (("Copy ticket of ticket", "7T:demo-ticket"), ("Copy the code", "const ")):
        panel.get_by_role("button", name=name, exact=True).click()
        expect(panel.get_by_role("button", name=f"Press Ctrl+C: {name}")).to_be_visible()
        assert page.evaluate("`${getSelection()}`").startswith(value), name


def test_credentials_are_never_markup_and_follow_the_tenant(
    page: Page, server: ServerProcess
) -> None:
    markup = "<img src=x onerror=document.title='run'>"
    made = {"users": [{"name": markup, "password": markup}], "tickets": [markup]}
    tenant = server.control("POST", "tenants", made)["id"]
    panel = open_credentials(page, server, tenant)
    expect(panel).to_contain_text(f"{markup}, with a password")
    assert page.title().startswith(tenant)
    session = server.control("GET", f"credentials?tenant={tenant}")["sign_ins"][-1]["values"]
    server.control("POST", f"sessions/end?tenant={tenant}", {"session": session["session"]})
    expect(panel).not_to_contain_text("web session of")
