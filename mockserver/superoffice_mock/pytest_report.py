"""The files of `--superoffice-mock-report`: what reached the mock in each test, as a page."""

import hashlib
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace

from superoffice_contract import output_files
from superoffice_contract.messages import NO_NEW_FOLDER, describe_os_error, show_path
from superoffice_contract.report import Report
from superoffice_contract.report_formats.html import as_html
from superoffice_contract.timeline.model import Message, Timeline
from superoffice_contract.verdict.problems import CRASHED, KINDS, NEVER, result_of
from superoffice_mock.errors import ControlFailed
from superoffice_mock.pytest_plugin import REPORT
from superoffice_mock.testing.tenant import SuperOffice, read_for_report

if TYPE_CHECKING:
    from superoffice_contract.control.answers import Verdict

MAX_DETAILS: Final = 200
"""The newest calls of a test that are shown with their headers and bodies."""
MAX_NAME: Final = 100
Seen = tuple[list["Verdict"], Timeline]
"""The verdicts on a tenant, and its timeline."""


def prepare_folder(folder: Path) -> Path:
    """Make *folder* if it is missing, and return its absolute path. Raise UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder.resolve()
    except (OSError, ValueError) as error:
        reason = describe_os_error(error, NO_NEW_FOLDER)
        msg = f"{REPORT} {show_path(folder)}: {reason}; name a folder that can be written to"
        raise pytest.UsageError(msg) from None


def path_for(folder: Path, node_id: str) -> Path:
    """Return the file of a test: no two have the same, whatever the case of letters means."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", node_id).strip("-.")[-MAX_NAME:]
    digest = hashlib.sha256(node_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return folder / f"{name}-{digest}.html"


def write_report(path: Path, node_id: str, tenants: Collection[Seen], *, has_failed: bool) -> None:
    """Write what happened at *tenants* to *path*. Raise OSError if it can't be written."""
    verdicts = [verdict for of_one, _ in tenants for verdict in of_one]
    kinds = (CRASHED, *(kind for kind in KINDS if kind != NEVER))
    results = tuple(result_of(kind, verdicts) for kind in kinds)
    facts = (("test", "failed" if has_failed else "passed"),)
    pictures = tuple((timeline,) for _, timeline in tenants)
    report = Report("report", results, facts, subject=node_id, pictures=pictures)
    output_files.replace(path, as_html(report).encode("utf-8", "backslashreplace"))


def read_tenants(offices: Iterable[SuperOffice]) -> Iterator[Seen]:
    """Yield the verdicts on each of *offices* that was not removed, and its timeline."""
    for office in offices:
        with suppress(ControlFailed):
            verdicts, timeline = read_for_report(office)
            yield verdicts, _with_requests(timeline, office)


def _with_requests(timeline: Timeline, office: SuperOffice) -> Timeline:
    calls = [*timeline.calls]
    for index in range(max(len(calls) - MAX_DETAILS, 0), len(calls)):
        details = office.request(int(calls[index].id))
        headers = tuple((header.name, header.value) for header in details.headers)
        calls[index] = replace(calls[index], request=Message(headers, details.body))
    return replace(timeline, calls=tuple(calls))
