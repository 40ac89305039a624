"""The requests that a check has sent, as a timeline: what was sent when, and how it ended."""

import time
from collections import Counter, deque
from collections.abc import Collection
from typing import Final

from superoffice_contract.target.credentials import security_scheme
from superoffice_contract.target.hiding import hide_in_answer, hide_in_request, hide_in_text
from superoffice_contract.target.http import Request, Response
from superoffice_contract.timeline.model import MAX_CALLS, Message, Timeline, TimelineCall

MAX_SHOWN: Final = 4
"""The statuses that the headline counts."""


class SentCalls:
    """Keeps the newest calls of a check, with when they were answered."""

    def __init__(self) -> None:
        self._calls: deque[tuple[float, Request, Response]] = deque(maxlen=MAX_CALLS)
        self._count = 0

    def add(self, request: Request, response: Response) -> None:
        """Keep a *request* and its *response*, which has just come."""
        self._calls.append((time.time(), request, response))
        self._count += 1

    def timeline(self, server: str, secrets: Collection[str]) -> Timeline:
        """Return the timeline of the calls to *server*, without *secrets*."""
        calls = [
            _timeline_call(f"{number}", answered_at, request, response, secrets)
            for number, (answered_at, request, response) in enumerate(
                self._calls, self._count - len(self._calls) + 1
            )
        ]
        calls.sort(key=lambda call: call.at)
        counts = Counter(response.status for _, _, response in self._calls)
        parts = [f"{count} answered {status}" for status, count in counts.most_common(MAX_SHOWN)]
        headline = f"{self._count} requests were sent: {', '.join(parts)}"
        omitted = self._count - len(self._calls)
        return Timeline(f"the check of {server}", headline, calls=tuple(calls), omitted=omitted)


def _timeline_call(
    id_: str, answered_at: float, request: Request, response: Response, secrets: Collection[str]
) -> TimelineCall:
    clean = hide_in_request(request, secrets)
    headers = tuple((name, hide_in_text(value, secrets)) for name, value in response.headers)
    body = hide_in_answer(response.body, secrets).decode("utf-8", "replace")
    return TimelineCall(
        id_,
        answered_at - response.seconds,
        security_scheme(request.headers),
        clean.method,
        clean.path,
        "rejected" if response.status >= 400 else "served",
        answered_at=answered_at,
        status=response.status,
        request=Message(clean.headers, clean.body.decode("utf-8", "replace")),
        response=Message(headers, body),
    )
