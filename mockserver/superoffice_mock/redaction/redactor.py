"""Redacts exchanges before they are written: secrets and names become pseudonyms."""

import re
from http import HTTPMethod
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from superoffice_contract import output_files
from superoffice_contract.messages import show_path
from superoffice_contract.openapi import claims, operations
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import (
    About,
    Entry,
    Label,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from superoffice_mock.redaction import bodies, headers, urls
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.secret_patterns import redact_text

MAX_KNOWN_VALUES: Final = 100_000
"""This many newest values of a whole recording are searched for in all of it."""
UNKNOWN_METHOD: Final = "UNKNOWN"
OTHER_FAILURE: Final = "failed"
KNOWN_FAILURES: Final = re.compile(
    r"(?:net::ERR|NS_ERROR|NS_BINDING)_[A-Z_]{1,40}"
    r"|refused|reset|timed out|cut off|unreachable|aborted|TLS failed"
)
"""What browsers and our recorder write if no response came; other texts become `failed`."""
SAME_FILE: Final = "is the file to read; name another file, or replace it with --in-place"


class Redactor:
    """Redacts the exchanges of one recording; equal values in it get equal pseudonyms.

    *key* is for tests and fixtures; the default is a random key that is gone with this object.
    What is in *allow_list* stays; by default it is made from the description of the product.
    """

    def __init__(self, key: bytes | None = None, allow_list: AllowList | None = None) -> None:
        self._pseudonyms = Pseudonyms(allow_list or AllowList(operations.load()), key)

    @property
    def counts(self) -> dict[str, int]:
        """The number of values replaced, and headers left out, by kind."""
        return dict(sorted(self._pseudonyms.counts.items()))

    def redact_about(self, about: About) -> About:
        """Return *about* with the counts so far."""
        return About(self._redact_text(about.proves), self.counts)

    def redact_recording(self, recording: Recording) -> Recording:
        """Return *recording* redacted: values of any exchange are replaced in all exchanges."""
        self._collect_values(recording)
        entries = tuple(map(self.redact_entry, recording.entries))
        return Recording(entries, self.redact_about(recording.about), recording.note)

    def _collect_values(self, recording: Recording) -> None:
        """Remember the values of *recording* without counting them."""
        self._pseudonyms.known_values.capacity = MAX_KNOWN_VALUES
        counts = self._pseudonyms.counts.copy()
        for entry in recording.entries:
            self.redact_entry(entry)
        self._pseudonyms.counts = counts

    def redact_entry(self, entry: Entry) -> Entry:
        """Return *entry* redacted; notes in its label say what was left out."""
        self._pseudonyms.known_values.begin_exchange()
        request, request_note = self._redact_request(entry.request)
        response, response_note = self._redact_response(entry.response)
        notes = tuple(filter(None, (request_note, response_note)))
        label = self._redact_label(entry.label, notes)
        return replace(entry, request=request, response=response, label=label)

    def _redact_request(self, request: RecordedRequest) -> tuple[RecordedRequest, str | None]:
        is_known = request.method in HTTPMethod.__members__
        body = bodies.redact_request(request, self._pseudonyms)
        redacted = RecordedRequest(
            request.method if is_known else UNKNOWN_METHOD,
            urls.redact_url(request.url, self._pseudonyms),
            headers=headers.redact_request(request.headers, self._pseudonyms),
            body=body.body,
        )
        return redacted, body.note

    def _redact_response(self, response: RecordedResponse) -> tuple[RecordedResponse, str | None]:
        kept_headers = headers.redact_response(response.headers, self._pseudonyms)
        body = bodies.redact_response(response, self._pseudonyms)
        failure = response.failure
        if failure is not None and not KNOWN_FAILURES.fullmatch(failure):
            failure = OTHER_FAILURE
        redacted = RecordedResponse(response.status, failure, headers=kept_headers, body=body.body)
        return redacted, body.note

    def _redact_label(self, label: Label, notes: tuple[str, ...]) -> Label:
        known_claims = claims.load()
        tenant = label.tenant
        old_notes = (redact_text(note, self._pseudonyms) for note in label.notes)
        return replace(
            label,
            tenant=None if tenant is None else urls.redact_tenant(tenant, self._pseudonyms),
            claims=tuple(claim for claim in label.claims if claim in known_claims),
            proves=self._redact_text(label.proves),
            notes=tuple(dict.fromkeys((*old_notes, *notes))),
        )

    def _redact_text(self, text: str | None) -> str | None:
        return None if text is None else redact_text(text, self._pseudonyms)


def redact_file(source: str, target: str, max_bytes: int) -> Recording:
    """Write the HAR *source*, redacted, to *target*, and return the redacted recording.

    Raise SetupError if *source* is not a HAR or *target* can't be written.
    """
    recording = Redactor().redact_recording(har_file.load(source, max_bytes))
    har_file.write(target, recording)
    return recording


def check_target(source: str, target: str, *, in_place: bool) -> None:
    """Raise SetupError if *target* is the file *source*, or a link to it: secrets would stay."""
    if output_files.is_same(source, target):
        if not in_place:
            msg = f"{show_path(target)} {SAME_FILE}"
            raise SetupError(msg)
        if Path(target).is_symlink():
            msg = f"{show_path(target)} is a link; redact {show_path(Path(target).resolve())}"
            raise SetupError(msg)
