"""Checks of one call on the wire: each yields requests and what must come back.

None of them needs to know what the server did; those that do are in `effects.py`.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from superoffice_contract import limit_checks
from superoffice_contract.checks import bodies, cors, expectations, page_sample
from superoffice_contract.checks.expectations import Expected, Scene
from superoffice_contract.checks.payloads import GOOD, JSON, payload
from superoffice_contract.target import invalid_credentials, tenants
from superoffice_contract.target.http import Ask

READINGS_CHECK: Final = "readings"
"""The check that all answers of a run follow the same readings."""


class WireCheck(msgspec.Struct, frozen=True):
    """A named check. *signed_in*: it needs a credential that is let in."""

    name: str
    expect: Callable[[Scene], Iterator[Expected]]
    signed_in: bool = True


# ---- who is let in ---------------------------------------------------------------------------


def credentials_good(scene: Scene) -> Iterator[Expected]:
    """Every way in reaches 204."""
    for one in tenants.good(scene.tenant):
        yield Expected(one.name, _signed(scene, one.headers), (204,), one.claims)


def credentials_bad(scene: Scene) -> Iterator[Expected]:
    """Nothing else does."""
    refused = tuple(map(int, scene.values("restricted", "401", "403")))
    for one in invalid_credentials.of(scene.tenant):
        statuses = refused if "grant" in one.claims else (401,)
        yield Expected(one.name, _signed(scene, one.headers), statuses, one.claims)


def credentials_before_body(scene: Scene) -> Iterator[Expected]:
    """A bad body without credentials is a 401."""
    claims = ("order-credentials",)
    headers = (("Content-Type", JSON),)
    yield Expected("a broken body", Ask("POST", scene.url, headers, b"{"), (401,), claims)


def _signed(scene: Scene, headers: tuple[tenants.Header, ...]) -> Ask:
    return Ask("POST", scene.url, (*headers, ("Content-Type", JSON)), GOOD)


# ---- media types, charsets, encodings --------------------------------------------------------


def media_types(scene: Scene) -> Iterator[Expected]:
    """Each documented media type is taken, whatever its case and parameters."""
    claims = ("media-types", "no-content", "no-body", "no-hints", "no-banner", "no-content-type")
    described = ("method", "path", "starts-sync", "request-body", "accounts-array")
    verify = (expectations.typed(scene), expectations.not_cached)
    for one in scene.media_types:
        yield Expected(one, scene.post(payload(one), one), (204,), (*claims, *described), verify)
        upper = f"{one.upper()}; charset=utf-8"
        yield Expected(upper, scene.post(payload(one), upper), (204,), (*claims, "sample-charset"))


def other_media_types(scene: Scene) -> Iterator[Expected]:
    """A body of another media type, or of none, is a 415."""
    others = (
        *("text/plain", "application/octet-stream", "text/html", "application/vnd.api+json"),
        *("application/yaml", "multipart/form-data; boundary=x", "json", "application/*", ""),
    )
    for one in others:
        name = one or "an empty Content-Type"
        yield Expected(name, scene.post(GOOD, one), (415,), ("media-type-other",))
    yield Expected("no Content-Type", scene.post(GOOD, None), (415,), ("media-type-other",))
    patch = b'[{"op":"add","path":"/SyncUserAccounts","value":[]}]'
    ask = scene.post(patch, "application/json-patch+json")
    yield Expected("a patch", ask, (400,), ("patch-types-plain",))


def charsets(scene: Scene) -> Iterator[Expected]:
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
        yield Expected(name, scene.post(text.encode(encoding), kind), statuses, (claim,))
    unknown = f"{JSON}; charset=klingon"
    yield Expected("klingon", scene.post(GOOD, unknown), (415,), ("charset-unknown",))
    broken = GOOD.replace(b"tje0", b"tj\xe90")
    kind = f"{JSON}; charset=utf-8"
    yield Expected("broken utf-8", scene.post(broken, kind), (400,), ("charset-broken",))


def content_encoding(scene: Scene) -> Iterator[Expected]:
    """A body with a Content-Encoding is a 415."""
    for one in ("gzip", "br", "identity"):
        ask = scene.post(GOOD, JSON, ("Content-Encoding", one))
        yield Expected(one, ask, (415,), ("content-encoding",))


# ---- the query, wishes, paths, verbs ---------------------------------------------------------


def select(scene: Scene) -> Iterator[Expected]:
    """`$select` has no effect on a 204, escaped or not, and no value of it is an error."""
    claims = ("select-param", "select-never-an-error", "query-names")
    for query in (
        *("$select=name,department,category/id", "%24select=AccountId", "$SELECT=x"),
        *("$select=", "$select=,,/,", "%24select=%F0%9F%98%80"),
    ):
        ask = scene.post(GOOD, JSON)
        asked = Ask(ask.method, f"{ask.path}?{query}", ask.headers, ask.body)
        yield Expected(query, asked, (204,), claims)


def negotiation(scene: Scene) -> Iterator[Expected]:
    """No wish of the caller changes the answer, and none is refused."""
    wishes = (
        *(("Accept", "application/json; charset=utf-8"), ("Accept", "application/xml")),
        *(("Accept", "image/png"), ("Accept", "*/*;q=0"), ("Accept", "")),
        *(("Accept-Language", "*"), ("SO-Language", "nb-NO"), ("SO-TimeZone", "x")),
    )
    for name, value in wishes:
        ask = scene.post(GOOD, JSON, (name, value))
        claims = ("negotiation-ignored", "accept-header")
        yield Expected(f"{name}: {value}", ask, (204,), claims, (expectations.typed(scene),))


def paths(scene: Scene) -> Iterator[Expected]:
    """Case and a slash at the end do not matter; what is not documented is a 404."""
    good = (
        ("lower case", scene.url.lower(), "path-case"),
        ("a slash at the end", f"{scene.url}/", "path-slash"),
    )
    bad = (
        ("another method", scene.url.replace("SyncEmailAccounts", "Nothing"), "path-unknown"),
        ("another agent", scene.url.replace("EMail/", "Nobody/"), "path-unknown"),
        ("api/v1 twice", scene.url.replace("/api/v1", "/api/v1/api/v1"), "path-doubled"),
    )
    for name, path, claim in good:
        yield Expected(name, _at(scene, path), (204,), (claim,))
    for name, path, claim in bad:
        yield Expected(name, _at(scene, path), (404,), (claim,))
    if not scene.tenant.base:
        somewhere = _at(scene, f"/crm{scene.path}")
        yield Expected("any first segment", somewhere, (204,), ("path-onsite",))
    nowhere = _at(scene, f"/Cust99999{scene.path}")
    yield Expected("a tenant nobody knows", nowhere, (404,), ("path-unknown-tenant",))


def _at(scene: Scene, path: str) -> Ask:
    ask = scene.post(GOOD, JSON)
    return Ask(ask.method, path, ask.headers, ask.body)


def methods(scene: Scene) -> Iterator[Expected]:
    """GET and HEAD describe, OPTIONS answers, others are a 405, all without credentials."""
    allowing = expectations.allowing(scene.methods)
    for method in ("PUT", "PATCH", "DELETE"):
        ask = Ask(method, scene.url, (("Content-Type", JSON),), GOOD)
        yield Expected(method, ask, (405,), ("method-not-allowed",), (allowing,))
    claims = ("get-describes", "get-open", "get-shape")
    yield Expected("GET", Ask("GET", scene.url), (200,), claims, (expectations.describing,))
    yield Expected("HEAD", Ask("HEAD", scene.url), (200,), ("head",))
    yield Expected("OPTIONS", Ask("OPTIONS", scene.url), (200, 204), ("options",))


def errors(scene: Scene) -> Iterator[Expected]:
    """An error is in an envelope of the vendor's, as XML for whoever asks, and never a 406."""
    enveloped, not_cached = expectations.enveloped(scene), expectations.not_cached
    cases = (
        ("*/*", "error-webapi", (enveloped, not_cached)),
        ("application/xml", "error-format", (expectations.in_xml, not_cached)),
        ("image/png", "never-406", (enveloped,)),
    )
    for accept, claim, verify in cases:
        ask = scene.post(b"{", JSON, ("Accept", accept))
        claims = (claim, "error-netserver", "error-no-trace", "cache-headers")
        yield Expected(f"Accept: {accept}", ask, (400,), claims, verify)


WIRE_CHECKS: Final = (
    WireCheck("credentials-let-in", credentials_good),
    WireCheck("credentials-refused", credentials_bad, signed_in=False),
    WireCheck("credentials-before-body", credentials_before_body, signed_in=False),
    WireCheck("media-types", media_types),
    WireCheck("other-media-types", other_media_types),
    WireCheck("charsets", charsets),
    WireCheck("content-encoding", content_encoding),
    WireCheck("member-names", bodies.member_names),
    WireCheck("ids", bodies.ids),
    WireCheck("items", bodies.items),
    WireCheck("empty-lists", bodies.empty_lists),
    WireCheck("broken-bodies", bodies.broken_bodies),
    WireCheck("xml", bodies.xml),
    WireCheck("form", bodies.form),
    WireCheck("limits", limit_checks.limits),
    WireCheck("sample", page_sample.sample),
    WireCheck("select", select),
    WireCheck("negotiation", negotiation),
    WireCheck("paths", paths),
    WireCheck("methods", methods, signed_in=False),
    WireCheck("errors", errors),
    WireCheck("origins", cors.origins),
    WireCheck(READINGS_CHECK, page_sample.readings, signed_in=False),
)
"""In the order in which they run."""
