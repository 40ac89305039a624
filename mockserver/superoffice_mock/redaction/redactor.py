"""Redacts exchanges before they are written: secrets and names become pseudonyms."""

import re
from collections import Counter
from functools import cache
from http import HTTPMethod
from pathlib import Path
from threading import Lock
from typing import Final, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from superoffice_contract import output_files
from superoffice_contract.har import CLIENT_ABORT
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
from superoffice_mock.recordings.pseudonyms import Pseudonyms
from superoffice_mock.redaction import bodies, headers, urls
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.bodies import RedactedBody
from superoffice_mock.redaction.rules import KINDS, Rules

KNOWN_METHODS: Final = frozenset(
    {
        *(method.value for method in HTTPMethod),
        *("QUERY", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "REPORT", "SEARCH"),
        *("LINK", "UNLINK", "UNLOCK", "PURGE", "MERGE"),
    }
)
UNKNOWN_METHOD: Final = "UNKNOWN"
ABORTED: Final = "aborted"
OTHER_FAILURE: Final = "failed"
KNOWN_FAILURES: Final = re.compile(
    r"(?:net::ERR|NS_ERROR|NS_BINDING)_[A-Z_]{1,40}"
    r"|refused|reset|timed out|cut off|unreachable|aborted|stalled|TLS failed|failed"
)
"""What browsers and our recorder write if no response came; others become one of two words."""
KNOWN_NOTES: Final = re.compile(
    r"the (?:request|response) body (?:is kept without its Content-Encoding|was left out: (?:"
    r"it is not text in its charset|it is longer than [18] MiB|the journal does not keep it"
    r"|too many long bodies were in progress|its type is neither JSON, XML nor a form"
    r"|it did not arrive completely"
    r"|it can't be decompressed, or is too long (?:then|when decompressed)))"
    r"|the recorder answered [0-9]{3} in the upstream's place"
    r"|the recorder was stopped before the answer was complete"
)
"""What our own notes say; in the notes of others may be anything."""
SAME_FILE: Final = "is the file to read; name another file, or replace it with --in-place"
EXISTS: Final = "exists already; name another file, or add --overwrite to replace it"

AnyMessage = TypeVar("AnyMessage", RecordedRequest, RecordedResponse)


class Options(msgspec.Struct, frozen=True):
    """What redaction does on demand.

    *keep_messages*: the messages of errors and the notes of people stay, but for the secrets of
    their exchange. *hide_tenants*: the ids of tenants become pseudonyms.
    """

    keep_messages: bool = False
    hide_tenants: bool = False


@cache
def _load_allow_list() -> AllowList:
    return AllowList(operations.load())


class Redactor:
    """Redacts the exchanges of one recording; equal values in it get equal pseudonyms.

    Several threads may use it. *key* is for tests and fixtures; the default is a random key that is
    gone with this object. What *allow_list* describes stays; by default it is made from the
    description of the product.
    """

    def __init__(
        self,
        key: bytes | None = None,
        allow_list: AllowList | None = None,
        options: Options = Options(),  # noqa: B008 - it is frozen
    ) -> None:
        self._pseudonyms = Pseudonyms(key)
        self._allowed = allow_list or _load_allow_list()
        self._options = options
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """The number of values replaced, and headers left out, by kind."""
        return dict(sorted(self._counts.items()))

    def redact_about(self, about: About) -> About:
        """Return *about* with the counts so far, and those of an earlier redaction."""
        proves = self._redact_note(about.proves, self._make_rules())
        earlier = {kind: count for kind, count in (about.redacted or {}).items() if kind in KINDS}
        counts = self._counts + Counter(earlier)
        return About(proves, dict(sorted(counts.items())))

    def redact_recording(self, recording: Recording) -> Recording:
        """Return *recording* with all its exchanges redacted."""
        entries = tuple(map(self.redact_entry, recording.entries))
        return replace(recording, entries=entries, about=self.redact_about(recording.about))

    def redact_entry(self, entry: Entry) -> Entry:
        """Return *entry* redacted; notes in its label say what was left out."""
        rules = self._make_rules()
        if self._options.keep_messages:  # all values must be known before the first message
            self._redact(entry, rules)
            rules.counts.clear()
        redacted = self._redact(entry, rules)
        with self._lock:
            self._counts.update(rules.counts)
        return redacted

    def _make_rules(self) -> Rules:
        return Rules(self._pseudonyms, self._allowed, self._options.hide_tenants)

    def _redact(self, entry: Entry, rules: Rules) -> Entry:
        request, request_note = _redact_request(entry.request, rules)
        is_error = not 200 <= entry.response.status < 400
        are_kept = self._options.keep_messages and is_error
        answer_rules = replace(rules, messages="kept" if are_kept else "hidden")
        response, response_note = _redact_response(entry.response, answer_rules)
        notes = tuple(filter(None, (request_note, response_note)))
        label = self._redact_label(entry.label, notes, rules)
        return replace(entry, request=request, response=response, label=label)

    def _redact_label(self, label: Label, notes: tuple[str, ...], rules: Rules) -> Label:
        known_claims = claims.load()
        tenant = label.tenant
        old_notes = (
            note if KNOWN_NOTES.fullmatch(note) else self._redact_note(note, rules)
            for note in label.notes
        )
        return replace(
            label,
            tenant=None if tenant is None else urls.redact_tenant(tenant, rules),
            claims=tuple(claim for claim in label.claims if claim in known_claims),
            proves=self._redact_note(label.proves, rules),
            notes=tuple(dict.fromkeys((*filter(None, old_notes), *notes))),
        )

    def _redact_note(self, text: str | None, rules: Rules) -> str | None:
        messages: Literal["hidden", "kept"] = "kept" if self._options.keep_messages else "hidden"
        return None if text is None else replace(rules, messages=messages).message(text)


def _redact_request(request: RecordedRequest, rules: Rules) -> tuple[RecordedRequest, str | None]:
    url = urls.redact_url(request.url, rules)
    kept_headers = headers.redact(request.headers, headers.REQUEST_RULES, rules)
    body = bodies.redact_request(request, rules)
    method = request.method if request.method in KNOWN_METHODS else UNKNOWN_METHOD
    redacted = replace(request, method=method, url=url, headers=kept_headers)
    return _with_body(redacted, body, rules), body.note


def _redact_response(
    response: RecordedResponse, rules: Rules
) -> tuple[RecordedResponse, str | None]:
    kept_headers = headers.redact(response.headers, headers.RESPONSE_RULES, rules)
    body = bodies.redact_response(response, rules)
    failure = _redact_failure(response.failure)
    redacted = replace(response, headers=kept_headers, failure=failure)
    return _with_body(redacted, body, rules), body.note


def _with_body(message: AnyMessage, body: RedactedBody, rules: Rules) -> AnyMessage:
    declared_type = headers.redact_media_types(message.declared_type, rules)
    return replace(message, body=body.body, length=body.length, declared_type=declared_type)


def _redact_failure(failure: str | None) -> str | None:
    """Return *failure*, or the one word that `grade` concludes from it."""
    if failure is None or KNOWN_FAILURES.fullmatch(failure):
        return failure
    return ABORTED if CLIENT_ABORT.search(failure) else OTHER_FAILURE


def redact_file(source: str, target: str, max_bytes: int, options: Options) -> Recording:
    """Write the HAR *source*, redacted, to *target*, and return it. Raise SetupError."""
    recording = Redactor(options=options).redact_recording(har_file.load(source, max_bytes))
    har_file.write(target, recording)
    return recording


def check_target(source: str, target: str, *, in_place: bool, overwrite: bool) -> None:
    """Raise SetupError if *target* is *source*, or exists, and is not to be replaced."""
    if output_files.is_same(source, target):
        if not in_place:
            raise SetupError(f"{show_path(target)} {SAME_FILE}")
        if Path(target).is_symlink():
            msg = f"{show_path(target)} is a link; redact {show_path(Path(target).resolve())}"
            raise SetupError(msg)
    elif output_files.would_replace(target) and not overwrite:
        raise SetupError(f"{show_path(target)} {EXISTS}")
