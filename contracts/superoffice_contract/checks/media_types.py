"""Checks of media types, charsets and content encodings."""

from collections.abc import Iterator

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON, JSON_PATCH, good_body
from superoffice_contract.target.context import CheckContext


def media_type_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Each documented media type is accepted, in any case and with parameters."""
    claims = ("media-types", "no-content", "no-body", "no-hints", "no-banner", "no-content-type")
    call_claims = ("method", "path", "starts-sync", "request-body", "accounts-array")
    verifiers = (expectations.content_type_verifier(context), expectations.check_not_cached)
    for media_type in context.operation.bodies:
        body = good_body(media_type)
        yield ExpectedResponse(
            media_type, context.post(body, media_type), (204,), (*claims, *call_claims), verifiers
        )
        upper = f"{media_type.upper()}; charset=utf-8"
        yield ExpectedResponse(
            upper, context.post(body, upper), (204,), (*claims, "sample-charset")
        )


def other_media_type_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A body of another media type, or of none, gets a 415."""
    claims = ("media-type-other",)
    for media_type in (
        *("text/plain", "application/octet-stream", "text/html", "application/vnd.api+json"),
        *("application/yaml", "multipart/form-data; boundary=x", "json", "application/*", ""),
    ):
        name = media_type or "an empty Content-Type"
        yield ExpectedResponse(name, context.post(GOOD, media_type), (415,), claims)
    yield ExpectedResponse("no Content-Type", context.post(GOOD, None), (415,), claims)
    request = context.post(JSON_PATCH, "application/json-patch+json")
    yield ExpectedResponse("a patch", request, (400,), ("patch-types-plain",))


def charset_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """The body is decoded with its charset; unknown charsets and invalid bytes are refused."""
    text = GOOD.decode().replace("tje0", "tjé0")
    for name, encoding in (
        ("utf-8", "utf-8"),
        ("utf-8 with a byte order mark", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("iso-8859-1", "latin-1"),
    ):
        content_type = f"{JSON}; charset={name.partition(' ')[0]}"
        request = context.post(text.encode(encoding), content_type)
        yield ExpectedResponse(name, request, (204,), ("charset",))
    unknown = context.post(GOOD, f"{JSON}; charset=klingon")
    yield ExpectedResponse("klingon", unknown, (415,), ("charset-unknown",))
    invalid = context.post(GOOD.replace(b"tje0", b"tj\xe90"), f"{JSON}; charset=utf-8")
    yield ExpectedResponse("broken utf-8", invalid, (400,), ("charset-broken",))


def content_encoding_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A body with a Content-Encoding gets a 415."""
    for encoding in ("gzip", "br", "identity"):
        request = context.post(GOOD, JSON, ("Content-Encoding", encoding))
        yield ExpectedResponse(encoding, request, (415,), ("content-encoding",))
