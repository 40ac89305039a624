"""The documents agree with the code: tables, commands with their output, and links."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from superoffice_contract.openapi.readings import READINGS
from superoffice_contract.verdict.problems import KINDS
from superoffice_mock.config.settings import options
from superoffice_mock.control import router as control
from superoffice_mock.control.exchange_view import exchange_view
from superoffice_mock.core.journal import OUTCOMES, Exchange
from superoffice_mock.core.sync_run import ExchangeId, Instant, TenantId
from superoffice_mock.webapi.operations import registry
from tests.support.claims import claims_document
from tests.support.documents import ROOT, pattern, read, table
from tests.support.server_process import environment, run_server

PAGES = sorted(
    [
        *(ROOT / "README.md", *ROOT.glob("*/*.md"), ROOT / "tests/examples/README.md"),
        ROOT / ".github/CONTRIBUTING.md",
    ]
)
DEFAULT_URL = "http://127.0.0.1:8204"


def consoles(name: str) -> Iterator[tuple[str, str]]:
    """Yield the commands in the console blocks of a document, each with its shown output."""
    for block in re.findall(r"```console\n(.*?)```", read(name), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def prose(document: Path) -> str:
    """Return the text of *document* without its blocks of code."""
    return re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of *document*."""
    headings = re.findall(r"^#+ (.*)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def run(command: str, url: str) -> str:
    """Run *command* as a reader would, against the server at *url*."""
    scripts = str(Path(sys.executable).parent)
    env = environment({"PATH": os.pathsep.join([scripts, os.environ["PATH"]])})
    done = subprocess.run(
        ["bash", "-c", command.replace(DEFAULT_URL, url)],
        capture_output=True,
        text=True,
        env=env,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_lists_every_setting_with_its_default() -> None:
    assert table(read("mockserver/README.md"), "Settings") == [
        f"| `{option.name}` "
        f"| {'none' if option.default is None else f'`{option.default}`'} | {option.help} |"
        for option in options()
    ]


def test_the_readme_lists_every_reading_with_its_values() -> None:
    assert table(read("mockserver/README.md"), "Readings") == [
        f"| `{reading.name}` | {', '.join(f'`{value}`' for value in reading.values)} "
        f"| {reading.why} | {reading.source} |"
        for reading in READINGS.values()
    ]


def test_the_table_of_claims_is_up_to_date() -> None:
    text = read("contracts/CLAIMS.md")
    assert text == claims_document(), "run python -m tests.support.claims"


def test_the_server_readme_lists_every_control_call() -> None:
    rows = table(read("mockserver/README.md"), "The control surface")
    assert {row.split("|")[1].strip() for row in rows} == {
        f"`{call.replace(' ', ' /_mock')}`" for call in control.CALLS
    }


def test_the_server_readme_lists_every_member_and_outcome_of_an_exchange() -> None:
    exchange = Exchange(ExchangeId(1), TenantId("onsite"), "GET", "/", Instant(0), 0)
    rows = table(read("mockserver/README.md"), "An exchange")
    names = re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in rows))
    assert sorted(names) == sorted(exchange_view(exchange, registry.load()))
    outcomes = next(row for row in rows if row.startswith("| `outcome`"))
    assert set(re.findall(r"`(\w+)`", outcomes)) == {"outcome", *OUTCOMES}


@pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("curl") is None,
    reason="the commands of the README need bash and curl",
)
@pytest.mark.parametrize("document", ["README.md", "mockserver/README.md"])
def test_the_commands_of_the_readmes_print_what_they_show(document: str) -> None:
    with run_server("--log", "off") as server:
        for command, example in consoles(document):
            output = run(command, server.url).replace("\r", "").strip()
            assert pattern(example.strip()).fullmatch(output), f"$ {command}\n{output}"


def test_every_test_that_the_page_of_advice_names_exists() -> None:
    cited = set(re.findall(r"`(test_\w+)`", read("mockserver/LOSE-NOTHING.md")))
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    defined = {name for text in tests for name in re.findall(r"def (test_\w+)", text)}
    assert len(cited) > 10
    assert cited <= defined


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_has_a_target(document: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)", prose(document))
    broken = [
        f"{path}#{anchor}"
        for path, anchor in links
        if not (document.parent / path).exists()
        or (anchor and anchor not in anchors(document.parent / path if path else document))
    ]
    assert broken == []


def test_ci_runs_the_readmes_own_test_line() -> None:
    line = next(
        block
        for block in re.findall(r"```sh\n(.*?)\n```", read("README.md"), re.DOTALL)
        if "pytest" in block
    )
    assert line.split("&&")[-1].strip() in read(".ci/run")


def test_the_server_readme_lists_every_kind_of_problem() -> None:
    rows = [row.split("|")[1:3] for row in table(read("mockserver/README.md"), "Verdicts")]
    assert {kind.strip(" `"): text.strip() for kind, text in rows} == KINDS
