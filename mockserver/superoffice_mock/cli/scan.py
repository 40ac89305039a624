"""`superoffice-mock scan`: HAR files are searched for secrets."""

from collections.abc import Iterator

import click

from superoffice_contract.har_log import MAX_BYTES
from superoffice_contract.messages import show_path
from superoffice_contract.report import Finding, Report, Result, Status
from superoffice_contract.report_formats import FORMATS
from superoffice_mock.cli.base import WRONG_USAGE, Command, max_file_option
from superoffice_mock.cli.reports import end_with_report, report_options
from superoffice_mock.errors import SetupError
from superoffice_mock.scanning import scanner


@click.command("scan", cls=Command)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@max_file_option
@report_options
def command(paths: tuple[str, ...], max_file: int | None, format_: str, out: str | None) -> None:
    """Search HAR files and folders of them for secrets.

    Exit code 1 if there are any. Exit code 2 if a file could not be read; the other files are
    searched all the same. Files that gzip compressed are searched too. Standard error tells of the
    files of a folder that are not searched. No report has a secret in it.
    """
    results: list[Result] = []
    files: list[str] = []
    for path, outcome in scanner.scan_all(paths, max_file or MAX_BYTES):
        if isinstance(outcome, tuple):
            findings = tuple(Finding(secret.place, secret.kind) for secret in outcome)
            results.append(Result(path, "failed" if findings else "passed", findings=findings))
            files.append(path)
            continue
        click.echo(f"superoffice-mock: {outcome}", err=True)
        status: Status = "error" if isinstance(outcome, SetupError) else "skipped"
        results.append(Result(show_path(path), status, reason=str(outcome)))
    report = Report("scan", tuple(results))
    has_errors = any(result.status == "error" for result in results)
    exit_code = WRONG_USAGE if has_errors else report.exit_code
    end_with_report(report, format_, out, exit_code, {**FORMATS, "text": as_lines}, files)


def as_lines(report: Report) -> str:
    """Return a line for each place with a secret, and how many there are."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    files = sum(result.status in ("passed", "failed") for result in report.results)
    places = len([*report.findings])
    for result in report.results:
        for finding in result.findings:
            yield f"{result.check}: {finding.where}: {finding.what}"
    in_files = f"secrets in {files} file{'' if files == 1 else 's'}"
    if files and places:
        count = f"{places} place{'' if places == 1 else 's'}"
        yield f"{in_files}: {count}; `superoffice-mock redact IN OUT` cleans a file"
    elif files:
        yield f"no {in_files}"
