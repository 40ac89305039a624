"""URLs made harmless: what routes a call stays (path, tenant id), hosts and values do not."""

import re
from typing import Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from superoffice_mock.redaction import allow_list, pseudonyms, secret_patterns
from superoffice_mock.redaction.pseudonyms import Pseudonyms

LOOPBACK: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_STEP: Final = re.compile(r"[^,/]+")


def url(text: str, names: Pseudonyms) -> str:
    """Return the URL *text*: the host and whatever the contract does not name are pseudonyms."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return names.word("URL", text)
    named = host(parts.netloc, names)
    before = f"{_scheme(parts.scheme)}//{named}" if named else ""
    path = parts.path if named else re.sub("^/+", "/", parts.path)  # else it reads as a host
    cleaned = "/".join(_segment(one, names) for one in path.split("/"))
    return before + cleaned + (f"?{query(parts.query, names)}" if parts.query else "")


def _scheme(scheme: str) -> str:
    return f"{scheme}:" if scheme in ("http", "https") else ""


def host(text: str, names: Pseudonyms) -> str:
    """Return what stands for the host *text*, without user, password and port."""
    signed_in, _, named = text.rpartition("@")
    _hear(signed_in, names)
    bare = re.sub(r":[0-9]*$", "", named.lower())
    if not bare or pseudonyms.is_pseudonym(bare):
        return bare
    return f"{names.word('host', bare)}.invalid"


def _hear(signed_in: str, names: Pseudonyms) -> None:
    """Remember who is signed in by a URL, which is left out of it."""
    user, _, password = map(unquote, signed_in.partition(":"))
    names.heard("user", user)
    names.heard("credential", password)


def origin(text: str, names: Pseudonyms) -> str:
    """Return the origin *text*; one of this machine is kept, as pages from there may read."""
    scheme, _, named = text.partition("://")
    if text in ("null", "*") or (scheme in ("http", "https") and LOOPBACK.fullmatch(named)):
        return text
    return f"{'http' if scheme == 'http' else 'https'}://{host(named, names)}"


def _segment(segment: str, names: Pseudonyms) -> str:
    said = unquote_plus(segment.replace("+", "%2B"))
    if not said or allow_list.is_public(said) or pseudonyms.TENANT.fullmatch(said):
        return segment
    return names.shaped("path segment", said)


def tenant(text: str, names: Pseudonyms) -> str:
    """Return the tenant's id *text*, as the path that leads to it has it."""
    return _segment(text, names)


def query(text: str, names: Pseudonyms) -> str:
    """Return the query *text*: documented names stay, of `$select` public words too."""
    return "&".join(_field(one, names) for one in text.split("&"))


def _field(field: str, names: Pseudonyms) -> str:
    name, equals, value = field.partition("=")
    said, given = unquote_plus(name).lower(), unquote_plus(value)
    if said not in allow_list.query_names():
        role = "secret member" if secret_patterns.MEMBERS.search(said) else None
        cleaned = quote(names.shaped("query", given, role), safe=":@", errors="replace")
        return names.word("query", unquote_plus(name)) + equals + cleaned
    return name + equals + _STEP.sub(lambda one: _selected(one[0], names), given)


def _selected(word: str, names: Pseudonyms) -> str:
    return word if allow_list.is_public(word) else names.word("query", word)
