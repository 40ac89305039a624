"""Redacts headers by an allow list: other headers are left out, and unknown values replaced."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPMethod
from typing import Final

from superoffice_contract.bodies.content_type import CHARSETS, charset_parameter
from superoffice_contract.messages import SESSION_COOKIE
from superoffice_mock.recordings.model import FRAMING, Headers
from superoffice_mock.recordings.pseudonyms import decode_basic
from superoffice_mock.redaction import urls
from superoffice_mock.redaction.rules import Rules, is_mark
from superoffice_mock.scanning.secret_names import SCHEMES

Rule = Callable[[str, Rules], str]
"""Returns the redacted value of a header; empty if the header is to be left out."""

COOKIES: Final = (
    *(SESSION_COOKIE.lower(), "xsrf-token", "xsrf-from-input", "soonlineauth", "soonline"),
)
"""Cookies that the vendor documents, in lower case."""
REALM: Final = "SuperOffice"
_BEARER_ERRORS: Final = tuple(
    f'error="{code}"' for code in ("invalid_request", "invalid_token", "insufficient_scope")
)
"""What RFC 6750 lets a challenge say."""
LEFT_OUT: Final = "header left out"
_SAFE_ATTRIBUTE: Final = re.compile(
    r"(?:httponly|secure|path=/|samesite=(?:lax|strict|none)|max-age=-?[0-9]{1,10})", re.IGNORECASE
)
_PRODUCTS: Final = frozenset(
    {
        *("mozilla", "applewebkit", "chrome", "headlesschrome", "safari", "version", "mobile"),
        *("firefox", "gecko", "edg", "opr", "electron", "axios", "node", "undici", "node-fetch"),
        *("got", "python-requests", "python-httpx", "python-urllib", "aiohttp", "curl", "wget"),
        *("okhttp", "guzzlehttp", "php", "ruby", "java", "apache-httpclient", "restsharp"),
        *("postmanruntime", "insomnia", "schemathesis", "powershell", "so-ts-webapi"),
        *("microsoftwindowspowershell", "go-http-client", "superoffice-mock"),
    }
)
"""Well-known clients, in lower case; other names may be those of a customer."""
_TYPE_NAME: Final = re.compile(
    r"((?:application|audio|font|image|message|model|multipart|text|video)/)(.+?)(\+json|\+xml|)",
    re.IGNORECASE,
)
_COMMON_TYPES: Final = (
    *("*/*", "application/*", "text/*", "text/plain", "text/html", "text/css", "text/csv"),
    *("text/javascript", "application/javascript", "application/octet-stream", "application/pdf"),
    *("application/problem+json", "application/problem+xml", "application/xhtml+xml"),
    *("application/vnd.api+json", "application/msgpack", "application/yaml", "image/*"),
    *("image/png", "image/jpeg", "image/webp", "image/avif", "image/svg+xml"),
    *("multipart/form-data", "multipart/mixed", "multipart/related", "message/rfc822"),
    *("text/xml", "text/json", "application/ndjson", "application/x-ndjson", "text/calendar"),
    *("application/soap+xml", "application/zip", "application/x-zip-compressed", "text/vcard"),
    *("application/x-www-form-urlencoded", "application/x-javascript", "application/x-yaml"),
    *("text/event-stream", "text/markdown", "text/yaml", "application/json", "application/xml"),
)


def redact(headers: Headers, by_name: Mapping[str, Rule], rules: Rules) -> Headers:
    """Return the headers that a replay needs, which have a rule in *by_name*; count the others."""
    for name, value in headers:
        if name not in by_name:
            rules.remember(value.partition(" ")[2] if value.lower().startswith(SCHEMES) else value)
    kept = []
    for name, value in headers:
        if name in by_name:
            redacted = value if is_mark(value) else by_name[name](value, rules)
            if redacted or not value:
                kept.append((name, redacted))
                continue
        elif name in FRAMING:
            continue
        rules.counts[LEFT_OUT] += 1
    return tuple(kept)


def redact_authorization(value: str, rules: Rules) -> str:
    """Keep a known scheme, and replace the credentials by a pseudonym of the same shape."""
    scheme, blank, rest = value.partition(" ")
    if scheme.lower() not in SCHEMES:
        return rules.replace_in_shape("credential", value)
    credentials = rest.strip()
    if scheme.lower() == "basic":
        return f"{scheme}{blank}{_redact_basic(rules, credentials)}"
    return f"{scheme}{blank}{rules.replace_in_shape('credential', credentials)}"


def _redact_basic(rules: Rules, value: str) -> str:
    """Return a Basic *value* with pseudonyms; one that can't be decoded gets one as a whole."""
    pair = decode_basic(value)
    if pair is None:
        return rules.replace("credential", value)
    user, password = (rules.replace("credential", part) for part in pair)
    return base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def redact_secret(value: str, rules: Rules) -> str:
    """Replace *value* by a pseudonym of the same shape."""
    return rules.replace_in_shape("credential", value)


def redact_cookies(value: str, rules: Rules) -> str:
    """Replace the values of all cookies, and the names of undocumented ones."""
    pairs = (pair.strip() for pair in value.split(";"))
    return "; ".join(_redact_cookie(pair, rules) for pair in pairs if pair)


def redact_set_cookie(value: str, rules: Rules) -> str:
    """Redact the cookie, and keep only attributes that don't identify a person."""
    pair, *attributes = (part.strip() for part in value.split(";"))
    safe = (attribute for attribute in attributes if _SAFE_ATTRIBUTE.fullmatch(attribute))
    return "; ".join([_redact_cookie(pair, rules), *safe])


def _redact_cookie(pair: str, rules: Rules) -> str:
    name, equals, value = pair.partition("=")
    is_documented = name.strip().lower() in COOKIES and equals
    kept_name = name if is_documented else rules.replace("cookie", name)
    return kept_name + equals + rules.replace_in_shape("cookie", value.strip().strip('"'))


def redact_challenge(value: str, rules: Rules) -> str:
    """Keep the schemes of a WWW-Authenticate, the realm of SuperOffice, and the codes of Bearer."""
    challenges = re.finditer(r'([A-Za-z]+)(?:\s+realm="([^"]*)")?[^,]*', value)
    return ", ".join(filter(None, (_redact_challenge(match, rules) for match in challenges)))


def _redact_challenge(match: re.Match[str], rules: Rules) -> str:
    scheme, realm = match.groups()
    if scheme.lower() not in SCHEMES:
        return match[0] if match[0] in _BEARER_ERRORS else ""
    if realm is None:
        return scheme
    return f'{scheme} realm="{realm if realm == REALM else rules.replace("realm", realm)}"'


def redact_media_types(value: str, rules: Rules) -> str:
    """Keep public media types and their parameters `charset` and `q`."""
    items = (item.strip() for item in value.split(","))
    return ", ".join(_redact_media_type(item, rules) for item in items if item)


def _redact_media_type(value: str, rules: Rules) -> str:
    name, *parameters = (part.strip() for part in value.split(";"))
    if name.lower() not in _COMMON_TYPES and name.lower() not in rules.allowed.media_types:
        name = _redact_type_name(name, rules)
    parts = [name, *(part for part in parameters if re.fullmatch(r"q=[0-9.]{1,5}", part))]
    charset = charset_parameter(value)
    if charset is not None:
        is_public = charset in CHARSETS
        parts.append(f"charset={charset if is_public else rules.replace('charset', charset)}")
    return "; ".join(parts)


def _redact_type_name(name: str, rules: Rules) -> str:
    """Keep the group of a media type, and the suffix that tells its syntax."""
    match = _TYPE_NAME.fullmatch(name)
    if match is None:
        return rules.replace("media type", name)
    return match[1] + rules.replace("media type", match[2]) + match[3]


def _redact_user_agent(value: str, _: Rules) -> str:
    """Keep the well-known products of a User-Agent, without the comments in parentheses."""
    outside = re.sub(r"\([^)]*\)", " ", value)
    products = re.findall(r"(?<!\S)([A-Za-z][A-Za-z-]{0,30})(/[0-9.]{1,20})(?!\S)", outside)
    return " ".join(name + version for name, version in products if name.lower() in _PRODUCTS)


def _items_in(known_items: Iterable[str]) -> Rule:
    names = "|".join(map(re.escape, known_items))
    return _items_matching(rf"(?:{names})\s*(?:;\s*(?:q=[0-9.]{{1,5}})?\s*)?")


def _items_matching(expression: str) -> Rule:
    pattern = re.compile(expression, re.IGNORECASE)

    def rule(value: str, _: Rules) -> str:
        items = (item.strip() for item in value.split(","))
        return ", ".join(item for item in items if pattern.fullmatch(item))

    return rule


def _value_matching(expression: str) -> Rule:
    pattern = re.compile(expression, re.IGNORECASE)
    return lambda value, _: value if pattern.fullmatch(value) else ""


_LANGUAGES: Final = _items_matching(
    r"(?:[a-z]{2,3}(?:-[a-z]{2}|-[a-z]{4}|-[0-9]{3})*|\*|x)(?:\s*;\s*q=[0-9.]{1,5})?"
)
_NUMBER: Final = _items_matching(r"-?[0-9]{1,10}")
_DATE: Final = r"[a-z]{3}, [0-9]{2} [a-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} gmt"
_CODINGS: Final = _items_in(("gzip", "deflate", "br", "zstd", "compress", "identity", "*"))
_METHODS: Final = _items_in(HTTPMethod)
_HEADER_NAMES: Final = _items_in(
    (
        *("*", "accept", "accept-encoding", "accept-language", "authorization", "content-type"),
        *("origin", "so-apptoken", "so-browser-tz-offset", "so-language", "x-xsrf-token"),
    )
)
REQUEST_RULES: Final[Mapping[str, Rule]] = {
    "accept": redact_media_types,
    "accept-encoding": _CODINGS,
    "accept-language": _LANGUAGES,
    "access-control-request-headers": _HEADER_NAMES,
    "access-control-request-method": _METHODS,
    "authorization": redact_authorization,
    "content-encoding": _CODINGS,
    "content-type": redact_media_types,
    "cookie": redact_cookies,
    "host": urls.redact_host,
    "origin": urls.redact_origin,
    "so-apptoken": redact_secret,
    "so-language": _LANGUAGES,
    "user-agent": _redact_user_agent,
    "x-xsrf-token": redact_secret,
}
RESPONSE_RULES: Final[Mapping[str, Rule]] = {
    "access-control-allow-credentials": _items_in(("true",)),
    "access-control-allow-headers": _HEADER_NAMES,
    "access-control-allow-methods": _METHODS,
    "access-control-allow-origin": urls.redact_origin,
    "access-control-expose-headers": _HEADER_NAMES,
    "access-control-max-age": _NUMBER,
    "allow": _METHODS,
    "cache-control": _items_matching(
        r"no-cache|no-store|no-transform|must-revalidate|private|public|max-age=[0-9]{1,10}"
    ),
    "content-type": redact_media_types,
    "date": _value_matching(_DATE),
    "expires": _value_matching(rf"-?[0-9]|{_DATE}"),
    "location": urls.redact_url,
    "pragma": _items_in(("no-cache",)),
    "retry-after": _value_matching(rf"[0-9]{{1,10}}|{_DATE}"),
    "set-cookie": redact_set_cookie,
    "vary": _HEADER_NAMES,
    "www-authenticate": redact_challenge,
}
