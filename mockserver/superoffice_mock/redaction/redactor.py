"""Exchanges made harmless before anything is written: secrets and names become pseudonyms."""

import re
from http import HTTPMethod
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from superoffice_contract.openapi import claims
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
from superoffice_mock.redaction import bodies, pseudonyms, urls
from superoffice_mock.redaction import headers as redaction_headers
from superoffice_mock.redaction.pseudonyms import Pseudonyms

MOST: Final = 100_000
"""So many newest values of a whole recording are looked for in all of it."""


UNKNOWN_METHOD: Final = "UNKNOWN"


FAILED: Final = "failed"


FAILURES: Final = re.compile(
    r"(?:net::ERR|NS_ERROR|NS_BINDING)_[A-Z_]{1,40}"
    r"|refused|reset|timed out|cut off|unreachable|aborted|caller left|TLS failed"
)
"""How browsers and our recorder call it when no answer came; anything else is `failed`."""


class Redactor:
    """Makes the exchanges of one recording harmless; equal values get equal pseudonyms in it.

    *key* is for tests and fixtures; without one it is random and goes with this object.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._names = Pseudonyms(key)

    @property
    def counts(self) -> dict[str, int]:
        """How many values of which kind were replaced, and headers left out."""
        return dict(sorted(self._names.counts.items()))

    def about(self, about: About) -> About:
        """Return *about* with the counts so far."""
        return About(self._prose(about.proves), self.counts)

    def recording(self, recording: Recording) -> Recording:
        """Return *recording* made harmless: what any exchange says is looked for in all."""
        self._hear(recording)
        entries = tuple(map(self.entry, recording.entries))
        return Recording(entries, self.about(recording.about), recording.note)

    def _hear(self, recording: Recording) -> None:
        """Learn what is said in *recording*, and count nothing; all of it is in memory anyway."""
        self._names.hearsay.newest = MOST
        before = self._names.counts.copy()
        for one in recording.entries:
            self.entry(one)
        self._names.counts = before

    def entry(self, entry: Entry) -> Entry:
        """Return *entry* made harmless; notes in its label say what was left out."""
        self._names.hearsay.next()
        request, about_request = self._request(entry.request)
        response, about_response = self._response(entry.response)
        notes = tuple(filter(None, (about_request, about_response)))
        label = self._label(entry.label, notes)
        return replace(entry, request=request, response=response, label=label)

    def _request(self, request: RecordedRequest) -> tuple[RecordedRequest, str | None]:
        known = request.method in HTTPMethod.__members__
        cleaned = bodies.request(request, self._names)
        harmless = RecordedRequest(
            request.method if known else UNKNOWN_METHOD,
            urls.url(request.url, self._names),
            headers=redaction_headers.request(request.headers, self._names),
            body=cleaned.body,
        )
        return harmless, cleaned.note

    def _response(self, response: RecordedResponse) -> tuple[RecordedResponse, str | None]:
        headers = redaction_headers.response(response.headers, self._names)
        cleaned = bodies.response(response, self._names)
        failed = response.failed
        if failed is not None and not FAILURES.fullmatch(failed):
            failed = FAILED
        return RecordedResponse(
            response.status, failed, headers=headers, body=cleaned.body
        ), cleaned.note

    def _label(self, label: Label, notes: tuple[str, ...]) -> Label:
        known = claims.load()
        tenant = label.tenant
        before = (pseudonyms.redact_text(one, self._names) for one in label.notes)
        return replace(
            label,
            tenant=None if tenant is None else urls.tenant(tenant, self._names),
            claims=tuple(one for one in label.claims if one in known),
            proves=self._prose(label.proves),
            notes=tuple(dict.fromkeys((*before, *notes))),
        )

    def _prose(self, text: str | None) -> str | None:
        return None if text is None else pseudonyms.redact_text(text, self._names)


IN_PLACE: Final = "is the file to read; name another one, or say --in-place to replace it"


def redact(source: str, target: str, max_bytes: int) -> Recording:
    """Write what is in the HAR *source*, made harmless, to *target*; return it.

    Raise SetupError if *source* is no HAR or *target* can't be written.
    """
    recording = Redactor().recording(har_file.load(source, max_bytes))
    har_file.write(target, recording)
    return recording


def check_other(source: str, target: str) -> None:
    """Raise SetupError if *target* is the file *source*."""
    try:
        same = Path(source).samefile(target)
    except OSError:  # one of them is not there yet
        same = False
    if same:
        msg = f"{target} {IN_PLACE}"
        raise SetupError(msg)
