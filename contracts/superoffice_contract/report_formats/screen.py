"""A report as text that fits a screen, whatever was found: the worst first, what is cut counted.

A failure has three lines: what, the claim with its evidence, and a command that shows it. If there
is no room, the first failures have three lines and the others one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final

import msgspec

from superoffice_contract.messages import one_line
from superoffice_contract.report import WRONG_GUESS, Finding, Report, Result
from superoffice_contract.report_formats.text import (
    describe_place,
    explain_claims,
    mark_of,
    name_claims,
    show_reason,
)

MAX_LINES: Final = 40
MAX_FACT_LINES: Final = 3
MAX_WIDTH: Final = 160
"""How long a line may be, in characters; a source, a command and a wrong guess are whole."""
MAX_PLACE: Final = 50
SHOW_ALL: Final = "--verbose shows all"
_ADDRESS: Final = re.compile(r" \((?:https?://|npm )[^()]*\)")
"""The address behind the name of a source; `check --list` and the other formats show it."""
_LABEL_WIDTH: Final = 8


def as_screen(report: Report) -> str:
    """Return *report* in at most `MAX_LINES` lines; the last one is the verdict."""
    facts = _fact_lines(report.facts)
    failures = [failure for result in report.results for failure in _failures_of(result)]
    notes = [line for result in report.results for line in _note_lines(result)]
    skipped = _skipped_lines(report.results)
    room = MAX_LINES - 2 - len(facts)
    lines = _fit_failures(failures, room - bool(notes) - bool(skipped))
    lines += _fit(notes, room - len(lines) - bool(skipped), "note")
    lines += _fit(skipped, room - len(lines), "reason to skip", "reasons to skip")
    return "\n".join((_cut(report.heading), *lines, *facts, report.verdict)) + "\n"


def _note_lines(result: Result) -> Iterator[str]:
    """Yield a line for each note; a wrong guess is one, with all that was seen of it."""
    if result.status == WRONG_GUESS:
        yield f"{'guess':<{_LABEL_WIDTH}}{one_line(show_reason(result))}"
    else:
        yield from (_in_one_line("note", result, note) for note in result.notes)


class _Failure(msgspec.Struct, frozen=True):
    """A failure in one line, and in all of them, and the claims that it breaks."""

    short: str
    whole: tuple[str, ...]
    claims: tuple[str, ...] = ()


def _failures_of(result: Result) -> Iterator[_Failure]:
    if result.kind not in ("failure", "error"):
        return
    mark = mark_of(result.status)
    if not result.findings:
        line = _label(mark, show_reason(result))
        yield _Failure(line, (line,))
    for finding in result.findings:
        evidence = f"breaks {explain_claims(finding)}" if finding.claims else ""
        evidence = _ADDRESS.sub("", evidence)
        more = (text.replace("\n", " ") for text in (evidence, finding.reproduce) if text)
        whole = (_label(mark, _describe(result, finding)), *map(_indent, more))
        yield _Failure(_in_one_line(mark, result, finding), whole, finding.claims)


def _in_one_line(mark: str, result: Result, finding: Finding) -> str:
    claims = f": {name_claims(finding)}" if finding.claims else ""
    return _label(mark, _describe(result, finding, len(claims)) + claims)


def _describe(result: Result, finding: Finding, reserved: int = 0) -> str:
    """Return check, problem and place, and leave so many characters of the line *reserved*."""
    short = msgspec.structs.replace(finding, where=_cut(finding.where, MAX_PLACE))
    place = describe_place(short)
    place = f" ({place})" if place else ""
    width = MAX_WIDTH - _LABEL_WIDTH - len(place) - reserved
    return _cut(f"{result.check}: {finding.what}", width) + place


def _skipped_lines(results: Sequence[Result]) -> list[str]:
    """Return a line for each reason to skip, with the checks it holds for."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.kind == "skipped" and result.status != WRONG_GUESS:
            key = mark_of(result.status), result.reason or ""
            by_reason.setdefault(key, []).append(result.check)
    return [
        _label(mark, f"{reason}: {', '.join(checks)}" if reason else ", ".join(checks))
        for (mark, reason), checks in by_reason.items()
    ]


def _fact_lines(facts: Sequence[tuple[str, str]]) -> list[str]:
    """Return *facts* in at most `MAX_FACT_LINES` lines."""
    lines: list[str] = []
    for index, (name, value) in enumerate(facts):
        words = _cut(f"{name}: {value}", MAX_WIDTH - 20)
        if lines and len(lines[-1]) + len(words) + 2 <= MAX_WIDTH - 20:
            lines[-1] += f"; {words}"
        elif len(lines) < MAX_FACT_LINES:
            lines.append(words)
        else:
            lines[-1] += f"; … and {len(facts) - index} more"
            break
    return lines


# ---- room ------------------------------------------------------------------------------------


def _fit_failures(failures: Sequence[_Failure], room: int) -> list[str]:
    """Return all *failures*: the first whole, the others in one line each.

    If there are too many even so, the first of each claim come first.
    """
    if len(failures) > room:
        seen = Counter[tuple[str, ...]]()
        ranked = []
        for failure in failures:
            ranked.append((seen[failure.claims], failure.short))
            seen[failure.claims] += 1
        ranked.sort(key=itemgetter(0))
        return _fit([short for _, short in ranked], room, "failure")
    spare = room - len(failures)
    lines: list[str] = []
    for failure in failures:
        is_whole = len(failure.whole) - 1 <= spare
        spare = spare - len(failure.whole) + 1 if is_whole else 0
        lines += failure.whole if is_whole else (failure.short,)
    return lines


def _fit(lines: Sequence[str], room: int, noun: str, plural: str = "") -> list[str]:
    """Return *lines* in so much *room*, the last of them with how many are left out."""
    if len(lines) <= room:
        return [*lines]
    shown = max(room - 1, 0)
    count = len(lines) - shown
    name = noun if count == 1 else plural or f"{noun}s"
    more = f"… and {count} more {name}" if shown else f"{count} {name}"
    return [*lines[:shown], f"{more}; {SHOW_ALL}"]


def _label(mark: str, text: str) -> str:
    return _cut(f"{mark:<{_LABEL_WIDTH - 1}} {' '.join(text.split())}", MAX_WIDTH)


def _indent(text: str) -> str:
    return " " * _LABEL_WIDTH + one_line(text)


def _cut(text: str, width: int = MAX_WIDTH) -> str:
    """Return *text* in one line, cut to *width* at a blank if there is one near."""
    clean = one_line(text.replace("\n", " "))
    if len(clean) <= width:
        return clean
    words = clean[: width - 1]
    start, blank, _ = words.rpartition(" ")
    return f"{(start if blank and len(start) > width - 30 else words).rstrip()}…"
