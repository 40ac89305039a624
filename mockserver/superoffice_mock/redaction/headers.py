"""Redacts headers by an allow list: other headers are left out, and unknown values replaced."""

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPMethod
from typing import Final

from superoffice_contract.bodies.content_type import CHARSETS, charset_parameter
from superoffice_contract.messages import SESSION_COOKIE
from superoffice_mock.recordings.model import Headers
from superoffice_mock.redaction import secret_patterns, urls
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.secret_patterns import redact_text

Rule = Callable[[str, Pseudonyms], str]
"""Returns the redacted value of a header; empty if the header is to be left out."""

SCHEMES: Final = ("basic", "soticket", "bearer", "negotiate", "ntlm", "digest")
COOKIES: Final = (
    *(SESSION_COOKIE.lower(), "xsrf-token", "xsrf-from-input", "soonlineauth", "soonline"),
)
"""Cookies that the vendor documents, in lower case."""
LEFT_OUT: Final = "header left out"
FRAMING: Final = frozenset(
    {
        *("connection", "content-encoding", "content-length", "expect", "keep-alive", "te"),
        *("proxy-connection", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers of the connection, not of the message: left out and not counted."""
_SAFE_ATTRIBUTE: Final = re.compile(
    r"(?:httponly|secure|path=/|samesite=(?:lax|strict|none)|max-age=-?[0-9]{1,10})", re.IGNORECASE
)
_COMMON_TYPES: Final = (
    *("*/*", "application/*", "text/*", "text/plain", "text/html", "text/css", "text/csv"),
    *("text/javascript", "application/javascript", "application/octet-stream", "application/pdf"),
    *("application/problem+json", "application/problem+xml", "application/xhtml+xml"),
    *("application/vnd.api+json", "application/msgpack", "application/yaml", "image/*"),
    *("image/png", "image/jpeg", "image/webp", "image/avif", "image/svg+xml"),
    *("multipart/form-data", "multipart/mixed"),
)


def redact_request(headers: Headers, pseudonyms: Pseudonyms) -> Headers:
    """Return the request headers that a replay needs, and count those left out."""
    return _apply_rules(headers, REQUEST_RULES, pseudonyms)


def redact_response(headers: Headers, pseudonyms: Pseudonyms) -> Headers:
    """Return the response headers that a replay needs, and count those left out."""
    return _apply_rules(headers, RESPONSE_RULES, pseudonyms)


def _apply_rules(headers: Headers, rules: Mapping[str, Rule], pseudonyms: Pseudonyms) -> Headers:
    unknown = [pair for pair in headers if pair[0] not in rules and pair[0] not in FRAMING]
    for name, value in unknown:
        if name in secret_patterns.SECRET_HEADERS:
            _remember_secret(value, pseudonyms)
    redacted = [
        (name, value, rules[name](value, pseudonyms)) for name, value in headers if name in rules
    ]
    count = len(unknown) + sum(bool(before) and not after for _, before, after in redacted)
    if count:
        pseudonyms.counts[LEFT_OUT] += count
    return tuple((name, after) for name, before, after in redacted if after or not before)


def _remember_secret(value: str, pseudonyms: Pseudonyms) -> None:
    """Remember the value of a header that is left out, to find it elsewhere."""
    scheme, _, rest = value.partition(" ")
    pseudonyms.remember("credential", rest.strip() if scheme.lower() in SCHEMES else value)


# ---- rules for single headers ----------------------------------------------------------------


def redact_authorization(value: str, pseudonyms: Pseudonyms) -> str:
    """Keep a known scheme, and replace the credentials by a pseudonym of the same shape."""
    scheme, blank, rest = value.partition(" ")
    if scheme.lower() not in SCHEMES:
        return pseudonyms.replace_in_shape("credential", value)
    credentials = rest.strip()
    if scheme.lower() == "basic":
        return f"{scheme}{blank}{pseudonyms.replace_basic(credentials)}"
    return f"{scheme}{blank}{pseudonyms.replace_in_shape('credential', credentials)}"


def redact_secret(value: str, pseudonyms: Pseudonyms) -> str:
    """Replace *value* by a pseudonym of the same shape."""
    return pseudonyms.replace_in_shape("credential", value)


def redact_cookies(value: str, pseudonyms: Pseudonyms) -> str:
    """Replace the values of all cookies, and the names of undocumented ones."""
    pairs = (pair.strip() for pair in value.split(";"))
    return "; ".join(_redact_cookie(pair, pseudonyms) for pair in pairs if pair)


def redact_set_cookie(value: str, pseudonyms: Pseudonyms) -> str:
    """Redact the cookie, and keep only attributes that don't identify a person."""
    pair, *attributes = (part.strip() for part in value.split(";"))
    safe = (attribute for attribute in attributes if _SAFE_ATTRIBUTE.fullmatch(attribute))
    return "; ".join([_redact_cookie(pair, pseudonyms), *safe])


def _redact_cookie(pair: str, pseudonyms: Pseudonyms) -> str:
    name, equals, value = pair.partition("=")
    is_documented = name.strip().lower() in COOKIES and equals
    kept_name = name if is_documented else pseudonyms.replace("cookie", name)
    return kept_name + equals + pseudonyms.replace_in_shape("cookie", value.strip().strip('"'))


def redact_challenge(value: str, pseudonyms: Pseudonyms) -> str:
    """Keep the schemes of a WWW-Authenticate, and realms that are public words."""

    def redact_realm(match: re.Match[str]) -> str:
        realm = match[2]
        if not pseudonyms.allow_list.is_public(realm):
            realm = pseudonyms.replace("realm", realm)
        return f'{match[1]}="{realm}"'

    challenges = re.finditer(r'([A-Za-z]+)(?:\s+realm="([^"]*)")?[^,]*', value)
    return ", ".join(
        match[1] if match[2] is None else re.sub(r'(.*?realm)="([^"]*)".*', redact_realm, match[0])
        for match in challenges
        if match[1].lower() in SCHEMES
    )


def redact_media_types(value: str, pseudonyms: Pseudonyms) -> str:
    """Keep public media types and their parameters `charset` and `q`."""
    items = (item.strip() for item in value.split(","))
    return ", ".join(_redact_media_type(item, pseudonyms) for item in items if item)


def _redact_media_type(value: str, pseudonyms: Pseudonyms) -> str:
    name, *parameters = (part.strip() for part in value.split(";"))
    if name.lower() not in _COMMON_TYPES and not pseudonyms.allow_list.is_public(name):
        name = pseudonyms.replace("media type", name)
    parts = [name, *(part for part in parameters if re.fullmatch(r"q=[0-9.]{1,5}", part))]
    charset = charset_parameter(value)
    if charset is not None:
        is_public = charset in CHARSETS
        parts.append(f"charset={charset if is_public else pseudonyms.replace('charset', charset)}")
    return "; ".join(parts)


def _redact_user_agent(value: str, pseudonyms: Pseudonyms) -> str:
    """Keep the products of a User-Agent, without the comments in parentheses."""
    outside = re.sub(r"\([^)]*\)", " ", value)
    products = re.findall(r"(?<!\S)[A-Za-z][A-Za-z-]{0,30}/[0-9.]{1,20}(?!\S)", outside)
    return redact_text(" ".join(products), pseudonyms)


# ---- rules that keep known values ------------------------------------------------------------


def _items_in(known_items: Iterable[str]) -> Rule:
    """Return the rule that keeps the comma-separated items that are in *known_items*."""
    lower = frozenset(item.lower() for item in known_items)

    def rule(value: str, _: Pseudonyms) -> str:
        items = (item.strip() for item in value.split(","))
        return ", ".join(item for item in items if _without_weight(item).lower() in lower)

    return rule


def _without_weight(item: str) -> str:
    name, _, weight = item.partition(";")
    return name.strip() if re.fullmatch(r"\s*(?:q=[0-9.]{1,5})?\s*", weight) else item


def _items_matching(expression: str) -> Rule:
    """Return the rule that keeps the comma-separated items that match *expression*."""
    pattern = re.compile(expression, re.IGNORECASE)

    def rule(value: str, _: Pseudonyms) -> str:
        items = (item.strip() for item in value.split(","))
        return ", ".join(item for item in items if pattern.fullmatch(item))

    return rule


def _value_matching(expression: str) -> Rule:
    """Return the rule that keeps a whole value that matches *expression*."""
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
