"""Headers that carry secrets: their schemes, names and attributes stay, pseudonyms fill them."""

import re
from typing import Final

from superoffice_mock.redaction import allow_list
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
