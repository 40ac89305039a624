"""Checks of media types, charsets and content encodings."""

from collections.abc import Iterator

from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, GOOD_BY_MEDIA_TYPE, JSON, JSON_PATCH
from superoffice_contract.target.context import CheckContext


def media_type_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Each documented media type of JSON is accepted; `xml` and `form` try the others."""
    claims = ("media-types", "no-content", "method", "path", "starts-sync", "request-body")
    for media_type in context.operation.bodies:
        if media_type in GOOD_BY_MEDIA_TYPE and media_type != JSON:
            continue
        request = context.post(GOOD, media_type)
        by_status = {400: "patch-types-plain"} if "patch" in media_type else {}
        yield ExpectedResponse(media_type, request, (204,), claims, by_status=by_status)
    request = context.post(GOOD, JSON.upper())
    yield ExpectedResponse(JSON.upper(), request, (204,), ("media-types",), needs=JSON)


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
    # Where this media type is refused, that is a finding of `media-types`.
    yield ExpectedResponse("a patch", request, (400, 415), ("patch-types-plain",))


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
