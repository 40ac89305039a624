"""The report of a harness: results, findings and notes. `report_formats` writes it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

import msgspec

from superoffice_contract.timeline.model import Timeline

Progress = Callable[[str, int, int], None]
"""Called as a check starts, with its name, how many checks have ended, and how many there are."""
Status = Literal[
    "passed",
    "failed",
    "error",
    "skipped",
    "agrees",
    "differs",
    "our guess is wrong",
    "cannot be observed",
]
"""The result of a check; the last four are for claims, compared with a real tenant."""
WRONG_GUESS: Final = "our guess is wrong"
"""A real tenant refutes a claim that was only inferred."""
Kind = Literal["passed", "failure", "skipped", "error"]

_KINDS: Final[Mapping[Status, Kind]] = {
    "passed": "passed",
    "agrees": "passed",
    "failed": "failure",
    "differs": "failure",
    "error": "error",
}
"""The kind of a status that is not "skipped"."""


class ProgressCounter:
    """Counts the checks that have ended, and calls *progress* for each one that begins."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def begin(self, name: str) -> None:
        """Report that *name* begins."""
        self._progress(name, self._done, self._total)

    def end(self) -> None:
        """Count one more check as ended."""
        self._done += 1

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Begin *name*, and end it with the block."""
        self.begin(name)
        try:
            yield
        finally:
            self.end()


class CleanExchange(msgspec.Struct, frozen=True):
    """A request and its response, without the secrets of tenants."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes


class Finding(msgspec.Struct, frozen=True):
    """One problem: *where*, *what*, the claims it breaks, and a command that reproduces it.

    *count*: how often the same was found; *where* is the first place. *exchange* shows it.
    """

    where: str
    what: str
    claims: tuple[str, ...] = ()
    reproduce: str | None = None
    count: int = 1
    exchange: CleanExchange | None = None


class Result(msgspec.Struct, frozen=True):
    """The result of one check; *reason* says why it was skipped, or what it counted.

    *findings* are failures. *notes* are differences from inferred claims: they fail nothing.
    """

    check: str
    status: Status
    claims: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    reason: str | None = None
    seconds: float = 0.0
    notes: tuple[Finding, ...] = ()

    @property
    def kind(self) -> Kind:
        """What the status means for the exit code."""
        return _KINDS.get(self.status, "skipped")


class Report(msgspec.Struct, frozen=True):
    """All results, in order; *facts* are additional names and values.

    *title* names the kind of report, and *subject* what it is about, such as a URL or a file.
    *seconds* is the duration of the run, if measured: less than the sum if checks overlap.
    *pictures* show what happened; the timelines of one have a common axis.
    """

    title: str
    results: tuple[Result, ...]
    facts: tuple[tuple[str, str], ...] = ()
    seconds: float | None = None
    subject: str = ""
    joint: str = "of"
    pictures: tuple[tuple[Timeline, ...], ...] = ()

    @property
    def exit_code(self) -> int:
        """1 if a check failed or ended in an error, else 0."""
        kinds = {result.kind for result in self.results}
        return 1 if kinds & {"failure", "error"} else 0

    @property
    def heading(self) -> str:
        """The title and the subject with *joint* between them, such as "grade of app.har"."""
        return f"{self.title} {self.joint} {self.subject}" if self.subject else self.title

    @property
    def verdict(self) -> str:
        """The counts in one line, such as "3 failures, 5 notes, 21 checks passed in 24 s"."""
        counts = Counter(result.status for result in self.results)
        failures = sum(len(r.findings) or 1 for r in self.results if r.status == "failed")
        notes = sum(len(r.notes) for r in self.results if r.status != WRONG_GUESS)
        parts = [
            _count(failures, "failure"),
            _count(counts["error"], "error"),
            "no failures" if counts["passed"] and not self.exit_code else "",
            _count(counts["differs"], "differs", "differ"),
            _count(notes, "note"),
            _count(counts["passed"], "check passed", "checks passed"),
            _count(counts[WRONG_GUESS], "guess of ours is wrong", "guesses of ours are wrong"),
            _count(counts["agrees"], "agrees", "agree"),
            _count(counts["skipped"], "skipped", "skipped"),
            _count(counts["cannot be observed"], "cannot be observed", "cannot be observed"),
        ]
        text = ", ".join(filter(None, parts)) or "nothing checked"
        return text if self.seconds is None else f"{text} in {self.seconds:.0f} s"

    @property
    def notes(self) -> Iterator[Finding]:
        """All notes, in order."""
        return (note for result in self.results for note in result.notes)

    @property
    def findings(self) -> Iterator[Finding]:
        """All findings, in order."""
        return (finding for result in self.results for finding in result.findings)


def _count(number: int, noun: str, plural: str | None = None) -> str:
    """Return *number* and its noun, or nothing for 0."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}" if number else ""
