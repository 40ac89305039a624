"""What holds of every answer, whatever was asked: one check over all answers of a run."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape
from typing import Final
from urllib.parse import quote

import msgspec

from superoffice_contract.checks import expectations
from superoffice_contract.checks.cors import UNLISTED_ORIGIN, has_cors_headers
from superoffice_contract.checks.expectations import Problem
from superoffice_contract.checks.payloads import JSON
from superoffice_contract.messages import shorten
from superoffice_contract.report import Finding
from superoffice_contract.target.credentials import secrets_sent
from superoffice_contract.target.findings import Exchange
from superoffice_contract.target.http import Request, Response

EVERY_ANSWER: Final = "every-answer"
CLAIMS: Final = (
    *("no-server-error", "error-no-trace", "secret-not-repeated", "no-body", "no-hints"),
    *("no-banner", "cache-headers", "not-cacheable", "www-authenticate", "allow-header"),
    *("no-content-type", "error-webapi", "error-netserver", "error-format"),
    *("cors-credentials", "cors-unlisted"),
)
MAX_HEAD: Final = 8_000
"""Up to this many bytes of a head, the API answers, and not the server in front of it."""
_IN_FRONT: Final = (408, 414, 431)
"""Statuses of a request that the server in front did not pass on."""
_MAX_AGE: Final = re.compile(r"\b(s-maxage|max-age)\s*=\s*\"?0*[1-9]")


class EveryAnswer:
    """Judges all answers of a run. A finding for each claim and problem, with how often it was.

    Each shows the first exchange, or the first with a short head: that is a command to copy.
    *base* is the URL of the server, for the command that shows a finding. *secrets* are those of
    the tenants. *readings* are the expected values; one that is missing may have any value.
    """

    def __init__(self, base: str, secrets: Collection[str], readings: Mapping[str, str]) -> None:
        self._base = base
        self._secrets = secrets
        self._rules = AnswerRules(readings)
        self._counts = Counter[Problem]()
        self._shown: dict[Problem, tuple[Request, Response]] = {}

    def observe(self, request: Request, response: Response) -> None:
        """Judge the *response* to *request*."""
        for problem in self._rules.problems(request, response):
            self._counts[problem] += 1
            shown_request, _ = self._shown.setdefault(problem, (request, response))
            if _has_short_head(request) and not _has_short_head(shown_request):
                self._shown[problem] = request, response

    def findings(self) -> Iterator[Finding]:
        """Yield what was found, in the order in which it first was."""
        for problem, (request, response) in self._shown.items():
            where = shorten(f"{request.method} {request.path.partition('?')[0]}")
            exchange = Exchange(self._base, request, response, self._secrets)
            finding = exchange.show(where, problem.what, problem.claim)
            yield msgspec.structs.replace(finding, count=self._counts[problem])


class AnswerRules(msgspec.Struct, frozen=True):
    """The rules for single answers, under *readings*."""

    readings: Mapping[str, str]

    def problems(self, request: Request, response: Response) -> Iterator[Problem]:
        """Yield what is wrong with the *response* to *request*, whatever it asks for."""
        yield from filter(None, self._check(request, response))
        yield from _secrets_repeated(request, response)

    def _check(self, request: Request, response: Response) -> Iterator[Problem | None]:
        """Yield the result of each rule that applies to the *response* to *request*."""
        status, is_post = response.status, request.method == "POST"
        is_error = status >= 400
        is_of_api = status not in _IN_FRONT and _has_short_head(request)
        if expectations.is_server_error(response):
            yield Problem(f"the answer is a {status}", "no-server-error")
        yield expectations.check_headers(response, "no-banner")
        if status == 204 and response.body:
            yield Problem("the 204 has a body", "no-body")
        elif status == 204:
            yield expectations.check_headers(response, "no-body")
        if status == 204 and is_post:
            yield expectations.check_headers(response, "no-hints")
            yield self._check_content_type(response)
        if is_post or is_error:
            yield _check_caching(response, is_of_api=is_of_api)
        if is_error:
            yield expectations.check_no_trace(response)
        if status == 401:
            yield expectations.check_challenge(response)
        if status == 405:
            yield _check_allow(request, response)
        has_envelope = 400 <= status < 500 and request.method != "HEAD"
        if has_envelope and is_of_api and not _accepts_other_text(request):
            yield self._check_envelope(request, response)
        yield _check_cors(request, response)

    def _check_content_type(self, response: Response) -> Problem | None:
        """A 204 has a Content-Type only if its reading says so, and only that of the sample."""
        content_type = response.header("content-type")
        value = "absent" if content_type is None else "as-sampled"
        is_right_type = content_type is None or expectations.media_type(response) == JSON
        if is_right_type and self.readings.get("no-content-type", value) == value:
            return None
        shown = "no Content-Type" if content_type is None else f"the Content-Type {content_type}"
        unquoted = "the 204 has an unexpected Content-Type"
        return Problem(f"the 204 has {shown}", "no-content-type", unquoted)

    def _check_envelope(self, request: Request, response: Response) -> Problem | None:
        """An error is in an envelope of the vendor's; documented is that of a 400 to a body."""
        value = expectations.find_envelope(response)
        expected = self.readings.get("errors", value or "webapi")
        if value == expected:
            return None
        if value is not None:
            what = f"the error is in the envelope {value}, expected {expected}"
            return Problem(what, f"error-{expected}")
        is_documented = response.status == 400 and request.method == "POST" and request.body
        claim = "error-webapi" if is_documented else "error-format"
        return Problem("the error is in no envelope of the vendor's", claim)


def _accepts_other_text(request: Request) -> bool:
    """Return whether an error may be a text other than JSON, as Accept names one."""
    accept = " ".join(value for name, value in request.headers if name.lower() == "accept")
    return re.search("xml|html|text/", accept.lower()) is not None


def _has_short_head(request: Request) -> bool:
    texts = (request.path, *(text for header in request.headers for text in header))
    return sum(map(len, texts)) <= MAX_HEAD


# ---- caches ----------------------------------------------------------------------------------


def _check_caching(response: Response, *, is_of_api: bool) -> Problem | None:
    """An answer invites no cache to keep it; a 204 and an error of the API forbid it."""
    invitation = _find_invitation(response)
    if invitation is not None:
        what = f"the answer invites caches to keep it, with {invitation}"
        return Problem(what, "not-cacheable")
    must_forbid = is_of_api and (response.status == 204 or response.status >= 400)
    return expectations.check_not_cached(response) if must_forbid else None


def _find_invitation(response: Response) -> str | None:
    """Return what lets a cache keep *response*, or None. Missing headers are no invitation."""
    directives = ",".join(response.values("cache-control")).lower()
    if re.search(r"\bno-(?:cache|store)\b", directives):
        return None
    if match := _MAX_AGE.search(directives):
        return match[1]
    if re.search(r"\bpublic\b", directives):
        return "public"
    expires, date = _read_date(response, "expires"), _read_date(response, "date")
    if expires is not None and "max-age" not in directives:
        return "Expires" if expires > (date or datetime.now(UTC)) else None
    return None


def _read_date(response: Response, name: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.header(name) or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# ---- the rest --------------------------------------------------------------------------------


def _check_allow(request: Request, response: Response) -> Problem | None:
    """A 405 has an Allow; it has POST unless a POST was refused."""
    if response.header("allow") is None:
        return Problem("the 405 has no Allow", "allow-header")
    if request.method != "POST" and "POST" not in expectations.allowed_by(response):
        return Problem("the Allow of the 405 has no POST", "allow-header")
    return None


def _secrets_repeated(request: Request, response: Response) -> Iterator[Problem]:
    """Yield the secrets of *request* that its answer repeats (claim secret-not-repeated).

    A Set-Cookie may have the session of the request. What the path or the body has as well is no
    secret there.
    """
    secrets = [
        (kind, secret)
        for kind, secret in secrets_sent(request.headers)
        if secret not in request.path and secret.encode() not in request.body
    ]
    body = response.body.decode("utf-8", "replace") if secrets else ""
    for kind, secret in dict.fromkeys(secrets):
        skipped_name = "set-cookie" if kind == "session" else ""
        texts = (value for name, value in response.headers if name.lower() != skipped_name)
        if any(_contains(text, secret) for text in (body, *texts)):
            what = f"the answer repeats the {kind} of the request"
            yield Problem(what, "secret-not-repeated")


_ESCAPES: Final[tuple[Callable[[str], str], ...]] = (
    str,
    lambda secret: json.dumps(secret)[1:-1],
    lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    escape,
    lambda secret: quote(secret, safe=""),
)


def _contains(text: str, secret: str) -> bool:
    """Return whether *text* has *secret* as a word, perhaps escaped for JSON, HTML or a URL."""
    words = "|".join(re.escape(write(secret)) for write in _ESCAPES)
    return re.search(rf"(?<!\w)(?:{words})(?!\w)", text) is not None


def _check_cors(request: Request, response: Response) -> Problem | None:
    """Return what is wrong if an origin that is not listed asked, and gets CORS headers."""
    origins = [value for name, value in request.headers if name.lower() == "origin"]
    if origins != [UNLISTED_ORIGIN] or not has_cors_headers(response):
        return None
    if (
        response.header("access-control-allow-origin") == UNLISTED_ORIGIN
        and response.header("access-control-allow-credentials") == "true"
    ):
        return Problem("an origin that is not listed may send credentials", "cors-credentials")
    return Problem("an origin that is not listed gets CORS headers", "cors-unlisted")
