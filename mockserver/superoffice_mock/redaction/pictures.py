"""Pictures of recordings without their secrets, for reports that are passed on."""

from collections.abc import Sequence

from superoffice_contract import har, har_log
from superoffice_contract.grading.grade import read_calls
from superoffice_contract.grading.har_timeline import Extra, har_timelines
from superoffice_contract.timeline.model import Message, Timeline
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry, RecordedRequest, RecordedResponse, Recording
from superoffice_mock.redaction.redactor import Redactor


def draw_recordings(
    *recordings: tuple[str, Sequence[Entry]],
) -> tuple[tuple[Timeline, ...], ...]:
    """Return the pictures of *recordings*, which have titles: one for each tenant.

    Those of a tenant stand one above the other. Equal secrets get the same pseudonym in all.
    """
    redactor = Redactor()
    timelines = [_read_timelines(title, entries, redactor) for title, entries in recordings]
    count = max(map(len, timelines), default=0)
    return tuple(
        tuple(each[place] for each in timelines if place < len(each)) for place in range(count)
    )


def _read_timelines(
    title: str, entries: Sequence[Entry], redactor: Redactor
) -> tuple[Timeline, ...]:
    redacted = [redactor.redact_entry(entry) for entry in entries]
    log = har_log.read_log(har_file.encode(Recording(tuple(redacted))))
    parsed = har.parse_entries(log).entries
    extras = {index: _extra_of(entry) for index, entry in enumerate(redacted)}
    return har_timelines(title, parsed, read_calls(parsed), extras)


def _extra_of(entry: Entry) -> Extra:
    response = entry.response
    return Extra(
        _message_of(entry.request),
        _message_of(response) if response.status else None,
        None if entry.label.outcome == "unknown" else entry.label.outcome,
        entry.label.confidence,
    )


def _message_of(message: RecordedRequest | RecordedResponse) -> Message:
    body = "(not on record)" if message.body is None else message.body.decode("utf-8", "replace")
    return Message(message.headers, body)
