"""A report as Markdown, for the summary of a CI job."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from superoffice_contract.messages import one_line, printable
from superoffice_contract.report import WRONG_GUESS, Finding, Report, Result
from superoffice_contract.report_formats.text import (
    describe_place,
    explain_claims,
    name_claims,
    show_reason,
)

_MARKUP: Final = re.compile(r"[\\`*_{}\[\]<>#|~&!$@]|:(?=//)|(?<=\bwww)\.|\A[-+=]|\A\d+[.)]")
"""What Markdown, tables, HTML and links that need no brackets are made of; the last character of a
match is replaced."""


def as_markdown(report: Report) -> str:
    """Return *report* as Markdown: verdict, failures and their commands, notes, figures.

    Text from outside stands as it is: nothing in it is markup.
    """
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"### {_escape(report.heading)}"
    yield ""
    yield f"**{_escape(report.verdict)}**"
    failures = [*list_failures(report.results)]
    if failures:
        rows = (
            (str(number), check, _describe(finding), explain_claims(finding))
            for number, (check, finding) in enumerate(failures, 1)
        )
        yield from ("", *_table(("", "Check", "What", "Breaks"), rows))
    for number, (_, finding) in enumerate(failures, 1):
        if finding.reproduce:
            yield from ("", f"Failure {number}:", "", *_code_block(finding.reproduce))
    guesses = [result for result in report.results if result.status == WRONG_GUESS]
    others = [result for result in report.results if result.status != WRONG_GUESS]
    yield from _list("Our guess is wrong", map(show_reason, guesses))
    yield from _list("Notes", _note_items(others))
    skipped = (result for result in others if result.kind == "skipped")
    yield from _list("Skipped", map(show_reason, skipped))
    if report.facts:
        yield from ("", *_table(("Figure", "Value"), report.facts))


def list_failures(results: Iterable[Result]) -> Iterator[tuple[str, Finding]]:
    """Yield each failure and its check; a result that failed without findings is one."""
    for result in results:
        if result.kind in ("failure", "error"):
            findings = result.findings or (Finding("", result.reason or result.status),)
            yield from ((result.check, finding) for finding in findings)


def _describe(finding: Finding) -> str:
    place = describe_place(finding)
    return f"{finding.what} ({place})" if place else finding.what


def _note_items(results: Iterable[Result]) -> Iterator[str]:
    for result in results:
        for note in result.notes:
            claims = name_claims(note)
            yield f"{result.check}: {_describe(note)}{f': {claims}' if claims else ''}"


# ---- Markdown --------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_escape, row))} |"


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"- {_escape(item)}" for item in items]
    if lines:
        yield from ("", f"{title}:", "", *lines)


def _code_block(text: str) -> Iterator[str]:
    """Yield *text* between fences that are longer than any row of backticks in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}sh", printable(text), fence)


def _escape(text: str) -> str:
    """Return *text* in one line, with a reference in place of each character of markup."""
    clean = one_line(" ".join(text.split()))
    return _MARKUP.sub(lambda match: f"{match[0][:-1]}&#{ord(match[0][-1])};", clean)
