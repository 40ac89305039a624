"""Redacts URLs: path words of the contract and tenant ids stay, hosts and values do not."""

import re
from typing import Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from superoffice_mock.redaction import secret_patterns, tokenizers
from superoffice_mock.redaction.pseudonyms import TENANT, Pseudonyms, is_pseudonym

LOOPBACK: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_SELECT_WORD: Final = re.compile(r"[^,/]+")


def redact_url(text: str, pseudonyms: Pseudonyms) -> str:
    """Return the URL *text* with pseudonyms for the host and all that is not in the contract."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return pseudonyms.replace("URL", text)
    host = redact_host(parts.netloc, pseudonyms)
    base = f"{_scheme(parts.scheme)}//{host}" if host else ""
    path = parts.path if host else re.sub("^/+", "/", parts.path)  # "//" would start a host
    path = "/".join(_redact_segment(segment, pseudonyms) for segment in path.split("/"))
    return base + path + (f"?{redact_query(parts.query, pseudonyms)}" if parts.query else "")


def _scheme(scheme: str) -> str:
    return f"{scheme}:" if scheme in ("http", "https") else ""


def redact_host(text: str, pseudonyms: Pseudonyms) -> str:
    """Return a pseudonym for the host *text*, without user, password and port."""
    user_info, _, address = text.rpartition("@")
    _remember_user(user_info, pseudonyms)
    host = re.sub(r":[0-9]*$", "", address.lower())
    if not host or is_pseudonym(host):
        return host
    return f"{pseudonyms.replace('host', host)}.invalid"


def _remember_user(user_info: str, pseudonyms: Pseudonyms) -> None:
    """Remember the user and password of a URL, which leaves them out, to find them elsewhere."""
    user, _, password = map(unquote, user_info.partition(":"))
    pseudonyms.remember("user", user)
    pseudonyms.remember("credential", password)


def redact_origin(text: str, pseudonyms: Pseudonyms) -> str:
    """Return the origin *text* with a pseudonym for its host; loopback origins stay.

    CORS allows pages from those.
    """
    scheme, _, address = text.partition("://")
    if text in ("null", "*") or (scheme in ("http", "https") and LOOPBACK.fullmatch(address)):
        return text
    return f"{'http' if scheme == 'http' else 'https'}://{redact_host(address, pseudonyms)}"


def _redact_segment(segment: str, pseudonyms: Pseudonyms) -> str:
    word = unquote_plus(segment.replace("+", "%2B"))
    if not word or pseudonyms.allow_list.is_public(word) or TENANT.fullmatch(word):
        return segment
    return pseudonyms.replace_in_shape("path segment", word)


def redact_tenant(text: str, pseudonyms: Pseudonyms) -> str:
    """Return the tenant id *text* as it appears in a redacted path."""
    return _redact_segment(text, pseudonyms)


def redact_query(text: str, pseudonyms: Pseudonyms) -> str:
    """Return the query *text*.

    Documented names stay, with the integers among their values and the public words of `$select`.
    """
    return "&".join(_redact_field(field, pseudonyms) for field in text.split("&"))


def _redact_field(field: str, pseudonyms: Pseudonyms) -> str:
    raw_name, equals, raw_value = field.partition("=")
    name, value = unquote_plus(raw_name), unquote_plus(raw_value)
    if pseudonyms.allow_list.is_query_name(name):
        if pseudonyms.allow_list.is_integer(name) and tokenizers.INTEGER.fullmatch(value):
            return field
        words = _SELECT_WORD.sub(lambda word: _redact_selected(word[0], pseudonyms), value)
        return raw_name + equals + words
    role = "secret member" if secret_patterns.SECRET_MEMBER.search(name.lower()) else None
    pseudonym = pseudonyms.replace_in_shape("query", value, role)
    redacted_value = quote(pseudonym, safe=":@", errors="replace")
    return pseudonyms.replace("query", name) + equals + redacted_value


def _redact_selected(word: str, pseudonyms: Pseudonyms) -> str:
    is_public = pseudonyms.allow_list.is_public(word)
    return word if is_public else pseudonyms.replace("query", word)
