"""Headers made harmless: those of the allow list stay, and of their values what is known."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from http import HTTPMethod
from typing import Final

from superoffice_contract.openapi import charsets, operations
from superoffice_contract.openapi.charsets import CHARSETS
from superoffice_mock.recordings.model import Headers
from superoffice_mock.redaction import allow_list, pseudonyms, secret_patterns, urls
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.wire.headers import SESSION_COOKIE

COOKIES: Final = (
    *(SESSION_COOKIE.lower(), "xsrf-token", "xsrf-from-input", "soonlineauth", "soonline"),
)
"""Cookies that the vendor documents, in lower case."""


SCHEMES: Final = ("basic", "soticket", "bearer", "negotiate", "ntlm", "digest")


def authorization(value: str, names: Pseudonyms) -> str:
    """Return the scheme, if it is one, and a pseudonym in the shape of the rest."""
    scheme, blank, rest = value.partition(" ")
    if scheme.lower() not in SCHEMES:
        return names.shaped("credential", value)
    given = rest.strip()
    hidden = names.basic(given) if scheme.lower() == "basic" else names.shaped("credential", given)
    return f"{scheme}{blank}{hidden}"


def secret(value: str, names: Pseudonyms) -> str:
    """Return a pseudonym in the shape of *value*."""
    return names.shaped("credential", value)


def remember(value: str, names: Pseudonyms) -> None:
    """Look for *value*, of a header that is left out, in what is kept."""
    scheme, _, rest = value.partition(" ")
    names.heard("credential", rest.strip() if scheme.lower() in SCHEMES else value)


def cookies(value: str, names: Pseudonyms) -> str:
    """Return the cookies: of their names, those that are documented."""
    return "; ".join(_cookie(one.strip(), names) for one in value.split(";") if one.strip())


def _cookie(pair: str, names: Pseudonyms) -> str:
    name, equals, value = pair.partition("=")
    shown = name if name.strip().lower() in COOKIES and equals else names.word("cookie", name)
    return shown + equals + names.shaped("cookie", value.strip().strip('"'))


_ATTRIBUTE: Final = re.compile(
    r"(?:httponly|secure|path=/|samesite=(?:lax|strict|none)|max-age=-?[0-9]{1,10})", re.IGNORECASE
)


def set_cookie(value: str, names: Pseudonyms) -> str:
    """Return the cookie with the attributes that say nothing of whose it is."""
    pair, *attributes = (one.strip() for one in value.split(";"))
    kept = (one for one in attributes if _ATTRIBUTE.fullmatch(one))
    return "; ".join([_cookie(pair, names), *kept])


def challenge(value: str, names: Pseudonyms) -> str:
    """Return the schemes; a realm is kept where it is a public word."""

    def realm(match: re.Match[str]) -> str:
        said = match[2]
        kept = said if allow_list.is_public(said) else names.word("realm", said)
        return f'{match[1]}="{kept}"'

    found = re.finditer(r'([A-Za-z]+)(?:\s+realm="([^"]*)")?[^,]*', value)
    return ", ".join(
        scheme[1] if scheme[2] is None else re.sub(r'(.*?realm)="([^"]*)".*', realm, scheme[0])
        for scheme in found
        if scheme[1].lower() in SCHEMES
    )


Rule = Callable[[str, Pseudonyms], str]


LEFT_OUT: Final = "header left out"


def request(headers: Headers, names: Pseudonyms) -> Headers:
    """Return the headers of a request that a replay needs; those left out are counted."""
    return _kept(headers, REQUEST, names)


def response(headers: Headers, names: Pseudonyms) -> Headers:
    """Return the headers of an answer that a replay needs; those left out are counted."""
    return _kept(headers, RESPONSE, names)


def _kept(headers: Headers, rules: Mapping[str, Rule], names: Pseudonyms) -> Headers:
    unknown = [one for one in headers if one[0] not in rules and one[0] not in FRAMING]
    for name, value in unknown:
        if name in secret_patterns.HEADERS:
            remember(value, names)
    known = ((name, value) for name, value in headers if name in rules)
    cleaned = [(name, value, rules[name](value, names)) for name, value in known]
    emptied = sum(bool(before) and not after for _, before, after in cleaned)
    if unknown or emptied:
        names.counts[LEFT_OUT] += len(unknown) + emptied
    return tuple((name, after) for name, before, after in cleaned if after or not before)


# ---- what is known ---------------------------------------------------------------------------


def _one_of(known: Iterable[str]) -> Rule:
    """Return the rule that keeps the items, parts between commas, which are in *known*."""
    lower = frozenset(one.lower() for one in known)

    def rule(value: str, _: Pseudonyms) -> str:
        items = (one.strip() for one in value.split(","))
        return ", ".join(one for one in items if _unweighted(one).lower() in lower)

    return rule


def _unweighted(item: str) -> str:
    name, _, weight = item.partition(";")
    return name.strip() if re.fullmatch(r"\s*(?:q=[0-9.]{1,5})?\s*", weight) else item


def _matching(pattern: str) -> Rule:
    """Return the rule that keeps the items which match *pattern*."""
    known = re.compile(pattern, re.IGNORECASE)

    def rule(value: str, _: Pseudonyms) -> str:
        items = (one.strip() for one in value.split(","))
        return ", ".join(one for one in items if known.fullmatch(one))

    return rule


def _whole(pattern: str) -> Rule:
    """Return the rule that keeps a value which matches *pattern*."""
    known = re.compile(pattern, re.IGNORECASE)
    return lambda value, _: value if known.fullmatch(value) else ""


_OTHER_TYPES: Final = (
    *("*/*", "application/*", "text/*", "text/plain", "text/html", "text/css", "text/csv"),
    *("text/javascript", "application/javascript", "application/octet-stream", "application/pdf"),
    *("application/problem+json", "application/problem+xml", "application/xhtml+xml"),
    *("application/vnd.api+json", "application/msgpack", "application/yaml", "image/*"),
    *("image/png", "image/jpeg", "image/webp", "image/avif", "image/svg+xml"),
    *("multipart/form-data", "multipart/mixed"),
)


@cache
def _types() -> frozenset[str]:
    described = (name for one in operations.load().operations.values() for name in one.bodies)
    return frozenset({*described, *_OTHER_TYPES})


def media(value: str, names: Pseudonyms) -> str:
    """Return media types with the parameters `charset` and `q`; an unknown type is a pseudonym."""
    return ", ".join(_medium(one.strip(), names) for one in value.split(",") if one.strip())


def _medium(value: str, names: Pseudonyms) -> str:
    name, *parameters = (one.strip() for one in value.split(";"))
    charset = charsets.named(value)
    shown = name if name.lower() in _types() else names.word("media type", name)
    kept = [one for one in parameters if re.fullmatch(r"q=[0-9.]{1,5}", one)]
    if charset is not None:
        known = charset in CHARSETS
        kept.append(f"charset={charset if known else names.word('charset', charset)}")
    return "; ".join([shown, *kept])


def _products(value: str, names: Pseudonyms) -> str:
    """Return the products of a User-Agent, without what stands in parentheses."""
    outside = re.sub(r"\([^)]*\)", " ", value)
    found = re.findall(r"(?<!\S)[A-Za-z][A-Za-z-]{0,30}/[0-9.]{1,20}(?!\S)", outside)
    return pseudonyms.redact_text(" ".join(found), names)


_LANGUAGES: Final = _matching(
    r"(?:[a-z]{2,3}(?:-[a-z]{2}|-[a-z]{4}|-[0-9]{3})*|\*|x)(?:\s*;\s*q=[0-9.]{1,5})?"
)


_NUMBER: Final = _matching(r"-?[0-9]{1,10}")


_DATE: Final = r"[a-z]{3}, [0-9]{2} [a-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} gmt"


_CODINGS: Final = _one_of(("gzip", "deflate", "br", "zstd", "compress", "identity", "*"))


_METHODS: Final = _one_of(HTTPMethod)


_NAMES: Final = _one_of(
    (
        *("*", "accept", "accept-encoding", "accept-language", "authorization", "content-type"),
        *("origin", "so-apptoken", "so-browser-tz-offset", "so-language", "x-xsrf-token"),
    )
)


REQUEST: Final[Mapping[str, Rule]] = {
    "accept": media,
    "accept-encoding": _CODINGS,
    "accept-language": _LANGUAGES,
    "access-control-request-headers": _NAMES,
    "access-control-request-method": _METHODS,
    "authorization": authorization,
    "content-encoding": _CODINGS,
    "content-type": media,
    "cookie": cookies,
    "host": urls.host,
    "origin": urls.origin,
    "so-apptoken": secret,
    "so-language": _LANGUAGES,
    "user-agent": _products,
    "x-xsrf-token": secret,
}


RESPONSE: Final[Mapping[str, Rule]] = {
    "access-control-allow-credentials": _one_of(("true",)),
    "access-control-allow-headers": _NAMES,
    "access-control-allow-methods": _METHODS,
    "access-control-allow-origin": urls.origin,
    "access-control-expose-headers": _NAMES,
    "access-control-max-age": _NUMBER,
    "allow": _METHODS,
    "cache-control": _matching(
        r"no-cache|no-store|no-transform|must-revalidate|private|public|max-age=[0-9]{1,10}"
    ),
    "content-type": media,
    "date": _whole(_DATE),
    "expires": _whole(rf"-?[0-9]|{_DATE}"),
    "location": urls.url,
    "pragma": _one_of(("no-cache",)),
    "retry-after": _whole(rf"[0-9]{{1,10}}|{_DATE}"),
    "set-cookie": set_cookie,
    "vary": _NAMES,
    "www-authenticate": challenge,
}


FRAMING: Final = frozenset(
    {
        *("connection", "content-encoding", "content-length", "expect", "keep-alive", "te"),
        *("proxy-connection", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""What belongs to a connection and not to a message: left out, and not worth counting."""
