"""Tells by its name whether a member, field, parameter or header holds a secret."""

import re
from functools import lru_cache
from typing import Final

SCHEMES: Final = ("basic", "soticket", "bearer", "negotiate", "ntlm", "digest")
"""The schemes of credentials, in lower case."""
STEMS: Final = (
    r"passw|passord|passphrase|pwd|kennwort|l[öo]senord|adgangskode|wachtwoord|secret(?!ar)"
    r"|credential|ticket|token|xsrf|csrf|j?session.?id|authorization|bearer|api.?key"
    r"|(?:private|access|account|subscription|signing|encryption|functions).?key"
)
"""Parts of names that stand for a secret wherever they occur."""
_STEM: Final = re.compile(STEMS, re.IGNORECASE)
_PASSWORD: Final = re.compile(r"pass(?:w|ord|phrase)|pwd|kennwort|l[öo]senord|pin\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Z]?[a-zæøåäöü]+|[A-Z]+(?![a-z])|[0-9]+")
SHORT: Final = frozenset({"pass", "pw", "otp", "jwt", "creds", "passcode"})
"""Whole words of a name that stand for a secret; as parts they occur in `bypass` or `adjwt`."""
_QUERY_WORDS: Final = SHORT | {"sig", "signature", "auth"}
_HEADER_WORDS: Final = _QUERY_WORDS | {"key", "session", "authentication", "apptoken", "cookie"}
_ABOUT: Final = re.compile(
    r"types?|ur[li]|endpoint|length|policy|expir(?:es|y|ation)|label|placeholder|errors?|message"
    r"|format|count|field|lifetime|at|enabled|required|timeout|limit|rules|strength|name|param"
    r"|input|algorithm|version|date|remaining|reset|class|prompt|title|help|hint|description|icon"
    r"|form|button|page|changed|updated|created|since|until"
)
"""Last words of names that tell something of a secret, but not the secret."""
_NAMING: Final = re.compile(
    r"(?:ticket|token|key|credential)s?[._-]?ids?$|(?:^|\.)credentials$", re.IGNORECASE
)
"""Ends names of what names a secret and does not give it: ids, and kinds of credentials."""
_QUESTION: Final = re.compile(r"has|is|show|hide|forgot|reset|change|require|max|min|no")
"""First words of names that ask about a secret, or limit it."""
_HARMLESS_HEADERS: Final = re.compile(
    r"(?:www|proxy)-authenticate|authentication-info|access-control-.*|sec-.*|signature-input"
    r"|(?:idempotency|surrogate|cache|x-cache)-key|set-cookie2?|cookie"
)
"""Headers that hold no secret in spite of their names, and those that have rules of their own."""
_RANDOM: Final = re.compile(
    r"_?id|.*(?<!ession)(?<!account)(?<!associate)(?:I[dD]|[_-]id)|.*(?:e-?tag|hash|checksum|digest|integrity|fingerprint|nonce)"
    r"|sha-?[0-9]+|md5|rev(?:ision)?|v|ver(?:sion)?|build|commit|mappings|cursor|pageref|_frameref"
    r"|if-(?:none-)?match|content-md5|trace(?:parent|state)|cf-ray|x-amz-(?:cf-id|id-2)|x-azure-ref"
    r"|content-security-policy.*|report-to|nel|alt-svc|sec-websocket-.*|x-fb-debug|x-served-by|via"
    r"|serverIPAddress|connection|startedDateTime|_initiator|_securityDetails|cache",
    re.IGNORECASE,
)
"""Whole names of what is random by nature: ids, hashes, and members of HAR itself."""


def is_secret(name: str) -> bool:
    """Return whether a member or field called *name* holds a secret."""
    return _is_secret(name, SHORT)


def is_secret_parameter(name: str) -> bool:
    """Return whether a query parameter or form field called *name* holds a secret."""
    return _is_secret(name, _QUERY_WORDS)


def is_secret_header(name: str) -> bool:
    """Return whether a header called *name* holds a secret."""
    is_known = _HARMLESS_HEADERS.fullmatch(name.lower()) is not None
    return not is_known and _is_secret(name, _HEADER_WORDS)


@lru_cache(maxsize=4096)
def _is_secret(name: str, whole_words: frozenset[str]) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    is_named = _STEM.search(name) is not None or not whole_words.isdisjoint(words)
    return is_named and not (
        _ABOUT.fullmatch(words[-1]) or _QUESTION.fullmatch(words[0]) or _NAMING.search(name)
    )


def is_password(name: str) -> bool:
    """Return whether even a number called *name* is a secret."""
    return is_secret(name) and _PASSWORD.search(name) is not None


def is_label(name: str, value: str) -> bool:
    """Return whether *value* is what people read beside the field *name*: its title, a hint."""
    if _letters(name) == _letters(value):
        return name != value
    return " " in value.strip() and value[0].isupper() and _STEM.search(value) is not None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


@lru_cache(maxsize=4096)
def is_random(name: str) -> bool:
    """Return whether the value of *name* looks random by nature, and is no secret."""
    return _RANDOM.fullmatch(name) is not None and not is_secret(name)
