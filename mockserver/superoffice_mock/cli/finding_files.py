"""Writes what a check found as small HAR files, which `replay --against` sends again."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from superoffice_contract import output_files
from superoffice_contract.messages import NO_NEW_FOLDER, describe_os_error, show_path
from superoffice_contract.report import CleanExchange, Finding, Report
from superoffice_mock.errors import SetupError

OWN_SECRETS: Final = "each mark stands for a secret of the tenant that was checked"
"""The note of an exchange that a check made: `replay --against` fills in those of its target."""
MAX_NAME: Final = 60
"""How many characters of a claim or a check are in the name of a file."""


def prepare_folder(folder: str) -> None:
    """Make *folder*, if it is missing. Raise SetupError if it can't be made, or is not empty."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        problem = "is not empty" if any(path.iterdir()) else None
    except OSError as error:
        problem = f"the folder can't be made or read: {describe_os_error(error, NO_NEW_FOLDER)}"
    if problem:
        msg = f"{show_path(folder)}: {problem}; name a new folder with --findings"
        raise SetupError(msg)


def write_findings(report: Report, folder: str) -> str:
    """Write each failure, then each note, of *report* that has an exchange to *folder*.

    Return in one line what was written. Raise SetupError, and overwrite nothing, if that fails.
    """
    found = [(result.check, finding) for result in report.results for finding in result.findings]
    found += ((result.check, note) for result in report.results for note in result.notes)
    width = max(2, len(str(len(found))))
    count = 0
    for number, (check, finding) in enumerate(found, 1):
        if finding.exchange is not None:
            name = f"{number:0{width}}-{_file_name(check, finding)}.har"
            _write(Path(folder) / name, check, finding, finding.exchange)
            count += 1
    rest = len(found) - count
    others = f"; {rest} of {len(found)} findings have no single exchange to show" if rest else ""
    return f"{count} file{'' if count == 1 else 's'} in {show_path(folder)}{others}"


def _file_name(check: str, finding: Finding) -> str:
    """Return the claim, or the check, as far as it can be the name of a file anywhere."""
    name = (*finding.claims, check)[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", name)[:MAX_NAME].strip("-") or "finding"


def _write(path: Path, check: str, finding: Finding, exchange: CleanExchange) -> None:
    """Write *exchange* to the new file *path*, with a label that says what it is."""
    from superoffice_mock.recordings import har_file
    from superoffice_mock.recordings.model import (
        Entry,
        Label,
        RecordedRequest,
        RecordedResponse,
        Recording,
    )

    proves = f"{check}: {finding.what} ({finding.where})"
    entry = Entry(
        request=RecordedRequest(
            exchange.method,
            exchange.url,
            headers=_lower_names(exchange.headers),
            body=exchange.body,
        ),
        response=RecordedResponse(
            exchange.status,
            headers=_lower_names(exchange.response_headers),
            body=exchange.response_body,
        ),
        at=0.0,  # a HAR has to have a time, and what this one shows does not depend on it
        label=Label(claims=finding.claims, proves=proves, notes=(OWN_SECRETS,)),
    )
    try:
        har_file.write(str(path), Recording((entry,)), output_files.create)
    except FileExistsError:
        msg = f"{show_path(path)} exists already; name a new folder with --findings"
        raise SetupError(msg) from None


def _lower_names(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return *headers* as a recording has them: with names in lower case."""
    return tuple((name.lower(), value) for name, value in headers)
