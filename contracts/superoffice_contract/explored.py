"""What came of a run of Schemathesis: what was sent, answered and found, by its engine's events."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from schemathesis.engine import events
from schemathesis.engine.recorder import Request

LONGEST_SHOWN: Final = 800
MOST_SHOWN: Final = 12
"""How much of a request, and of what was found, is told."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What one request was and which status it got; None: no answer."""

    method: str
    media_type: str | None
    status: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that failed, and the request that failed it."""

    check: str
    phase: str
    message: str
    curl: str

    def __str__(self) -> str:
        curl = self.curl if len(self.curl) <= LONGEST_SHOWN else self.curl[:LONGEST_SHOWN] + " …"
        return f"{self.check} ({self.phase}): {self.message}\n    {curl}"


@dataclass(slots=True)
class Exploration:
    """What came of it; *requests* are digests, in the order in which they were sent.

    *errors* are the engine's: they mean that something was not tested.
    """

    sent: Counter[Sent] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    phases: dict[str, str] = field(default_factory=dict)
    false_alarms: int = 0
    requests: list[str] = field(default_factory=list)

    def count(self, **wanted: object) -> int:
        """Return how many requests had the *wanted* method, media type or status."""
        return sum(
            number
            for sent, number in self.sent.items()
            if all(getattr(sent, name) == value for name, value in wanted.items())
        )

    def __str__(self) -> str:
        told = [*self.errors, *map(str, self.findings)]
        more = [f"… and {len(told) - MOST_SHOWN} more"] if len(told) > MOST_SHOWN else []
        return "\n".join(told[:MOST_SHOWN] + more)


# ---- events ----------------------------------------------------------------------------------


def note(exploration: Exploration, event: events.EngineEvent) -> None:
    """Take in what *event* of the engine tells."""
    match event:
        case events.ScenarioFinished():
            _note_scenario(exploration, event)
        case events.PhaseFinished():
            exploration.phases[event.phase.name.value] = event.status.value
        case events.SchemaAnalysisWarnings():
            exploration.errors += [f"description: {one.message}" for one in event.warnings]
        case events.NonFatalError():
            exploration.errors.append(f"{event.label}: {event.info}")
        case events.FatalError():
            exploration.errors.append(f"engine: {event.exception!r}")
        case events.EngineFinished():
            exploration.errors += [f"after the run: {one}" for one in event.failures]


def _note_scenario(exploration: Exploration, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for id_, node in recorder.cases.items():
        answer = recorder.find_response(case_id=id_)
        status = None if answer is None else answer.status_code
        exploration.sent[Sent(node.value.method, node.value.media_type, status)] += 1
        if (interaction := recorder.interactions.get(id_)) is not None:
            exploration.requests.append(_digest(interaction.request))
        for check in recorder.checks.get(id_, ()):
            if (info := check.failure_info) is not None:
                found = Finding(check.name, event.phase.value, str(info.failure), info.code_sample)
                exploration.findings.append(found)
    exploration.false_alarms += sum(recorder.filtered_failures.values())


def _digest(request: Request) -> str:
    line = f"{request.method} {request.uri}\n".encode()
    return hashlib.sha256(line + (request.body or b"")).hexdigest()
