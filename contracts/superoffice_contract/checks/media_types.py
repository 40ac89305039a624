"""Checks of media types, charsets and content encodings."""

from collections.abc import Iterator

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON, payload
from superoffice_contract.target.context import CheckContext

# ---- media types, charsets, encodings --------------------------------------------------------


def media_types(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Each documented media type is taken, whatever its case and parameters."""
    claims = ("media-types", "no-content", "no-body", "no-hints", "no-banner", "no-content-type")
    described = ("method", "path", "starts-sync", "request-body", "accounts-array")
    verify = (expectations.typed(scene), expectations.not_cached)
    for one in scene.media_types:
        yield ExpectedResponse(
            one, scene.post(payload(one), one), (204,), (*claims, *described), verify
        )
        upper = f"{one.upper()}; charset=utf-8"
        yield ExpectedResponse(
            upper, scene.post(payload(one), upper), (204,), (*claims, "sample-charset")
        )


def other_media_types(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """A body of another media type, or of none, is a 415."""
    others = (
        *("text/plain", "application/octet-stream", "text/html", "application/vnd.api+json"),
        *("application/yaml", "multipart/form-data; boundary=x", "json", "application/*", ""),
    )
    for one in others:
        name = one or "an empty Content-Type"
        yield ExpectedResponse(name, scene.post(GOOD, one), (415,), ("media-type-other",))
    yield ExpectedResponse("no Content-Type", scene.post(GOOD, None), (415,), ("media-type-other",))
    patch = b'[{"op":"add","path":"/SyncUserAccounts","value":[]}]'
    ask = scene.post(patch, "application/json-patch+json")
    yield ExpectedResponse("a patch", ask, (400,), ("patch-types-plain",))


def charsets(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """The charset of the Content-Type is honoured; unknown ones and broken bytes are refused."""
    text = GOOD.decode().replace("tje0", "tjé0")
    cases = (
        ("utf-8", "utf-8", (204,), "charset"),
        ("utf-8 with a byte order mark", "utf-8-sig", (204,), "charset"),
        ("utf-16", "utf-16", (204,), "charset"),
        ("iso-8859-1", "latin-1", (204,), "charset"),
    )
    for name, encoding, statuses, claim in cases:
        kind = f"{JSON}; charset={name.partition(' ')[0]}"
        yield ExpectedResponse(name, scene.post(text.encode(encoding), kind), statuses, (claim,))
    unknown = f"{JSON}; charset=klingon"
    yield ExpectedResponse("klingon", scene.post(GOOD, unknown), (415,), ("charset-unknown",))
    broken = GOOD.replace(b"tje0", b"tj\xe90")
    kind = f"{JSON}; charset=utf-8"
    yield ExpectedResponse("broken utf-8", scene.post(broken, kind), (400,), ("charset-broken",))


def content_encoding(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """A body with a Content-Encoding is a 415."""
    for one in ("gzip", "br", "identity"):
        ask = scene.post(GOOD, JSON, ("Content-Encoding", one))
        yield ExpectedResponse(one, ask, (415,), ("content-encoding",))
