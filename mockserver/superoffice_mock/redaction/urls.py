"""Redacts URLs: described words of paths and tenant ids stay, hosts and values do not."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from superoffice_mock.recordings.hidden_numbers import INTEGER, TENANT, is_id_name
from superoffice_mock.recordings.pseudonyms import is_pseudonym
from superoffice_mock.redaction.allow_list import is_identifier, is_word
from superoffice_mock.redaction.rules import Rules
from superoffice_mock.redaction.tokenizers import is_lone_name

LOOPBACK: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
ONSITE: Final = "onsite"
API: Final = ("api", "v1")
PATH_PREFIXES: Final = ("superoffice", "crm", "webapi", *API)
"""Path segments under which the vendor's documentation installs an onsite SuperOffice.

A client whose base URL ends in `/api/v1` calls `/api/v1/api/v1/…`.
"""
VENDOR_PATHS: Final = (
    *("api/state", "api/v1/user/currentprincipal"),
    *("login/api/partnersystemuser/authenticate", "login/common/oauth/tokens"),
    *("login/common/oauth/authorize", "login/.well-known/openid-configuration"),
    "login/.well-known/jwks",
)
"""What the vendor's clients call around the API: its versions, its state, and the sign-in."""
AGENTS: Final = frozenset(
    {
        *("ai", "appointment", "archive", "associate", "batch", "blob", "bulkupdate", "chat"),
        *("configuration", "contact", "crmscript", "customerservice", "customobject", "dash"),
        *("database", "databasetable", "diagnostics", "document", "documentmigration", "email"),
        *("erpsync", "favourite", "find", "foreignsystem", "freetext", "import", "license"),
        *("list", "marketing", "mdo", "messaging", "navigator", "newsfeed", "numberallocation"),
        *("person", "phonelist", "pocket", "preference", "previews", "project", "quote"),
        *("relation", "report", "resource", "saint", "sale", "selection", "sentry", "targets"),
        *("ticket", "timezone", "tooltips", "user", "userdefinedfieldinfo", "viewstate"),
        *("webhook", "workflow"),
    }
)
"""The agents of the vendor's files, in lower case; some are the entities of its REST API, too."""
_MOST_WORDS: Final = 4
"""No path of the vendor's has more; the rest of a long path is not looked at."""
_SELECT_WORD: Final = re.compile(r"[^,/]+")


def redact_url(text: str, rules: Rules) -> str:
    """Return the URL *text* with pseudonyms for the host and all that is not described."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return rules.replace("URL", text)
    host = redact_host(parts.netloc, rules)
    scheme = f"{parts.scheme}:" if parts.scheme in ("http", "https") else ""
    base = f"{scheme}//{host}" if host else ""
    path = parts.path if host else re.sub("^/+", "/", parts.path)  # "//" would start a host
    query = "&".join(_redact_field(field, rules) for field in parts.query.split("&"))
    return base + redact_path(path, rules) + (f"?{query}" if parts.query else "")


def redact_host(text: str, rules: Rules) -> str:
    """Return a pseudonym for the host *text*, without user, password and port."""
    user_info, _, address = text.rpartition("@")
    for part in user_info.split(":", 1):  # it is left out, but a message may repeat it
        rules.remember(unquote(part))
    host = re.sub(r":[0-9]*$", "", address.lower())
    if not host or is_pseudonym(host):
        return host
    hidden = f"{rules.replace('host', host)}.invalid"
    rules.replacements[host] = hidden
    return hidden


def redact_origin(text: str, rules: Rules) -> str:
    """Return the origin *text* with a pseudonym for its host, unless it is loopback, for CORS."""
    scheme, _, address = text.partition("://")
    if text in ("null", "*") or (scheme in ("http", "https") and LOOPBACK.fullmatch(address)):
        return text
    return f"{'http' if scheme == 'http' else 'https'}://{redact_host(address, rules)}"


def redact_path(path: str, rules: Rules) -> str:
    """Return *path*: the words of the API at their places stay, and the tenant before them."""
    segments = path.split("/")
    words = [unquote_plus(segment.replace("+", "%2B")) for segment in segments]
    start, fixed = _find_fixed(words, rules)
    return "/".join(
        segment if place in fixed else _redact_segment(word, rules, is_prefix=place < start)
        for place, (segment, word) in enumerate(zip(segments, words, strict=True))
    )


def _find_fixed(words: Sequence[str], rules: Rules) -> tuple[int, set[int]]:
    """Return where the path of the API begins in *words*, and the places of its fixed words."""
    lower = [word.lower() for word in words]
    end = len(words) if words[-1] else len(words) - 1
    if match := rules.allowed.paths.find_end("/".join(words)):
        template = match.template.strip("/").split("/")
        start = end - len(template)
        return start, {start + i for i, word in enumerate(template) if "{" not in word}
    for start in range(len(words)):
        rest = "/".join(lower[start : min(end, start + _MOST_WORDS)])
        known_path = next(
            (path for path in VENDOR_PATHS if f"{rest}/".startswith(f"{path}/")), None
        )
        if known_path is not None:
            return start, set(range(start, start + known_path.count("/") + 1))
        if tuple(lower[start : start + len(API)]) == API:
            return start, {start, start + 1, *_find_names(words, start + len(API))}
        if start == end - 1 and lower[start] == "api":
            return start, {start}
    return 0, set()


def _find_names(words: Sequence[str], start: int) -> set[int]:
    """Return the places of the names behind `/api/v1/`: an entity, or an agent and its method."""
    place = (
        start + 1 if [word.lower() for word in words[start : start + 1]] == ["agents"] else start
    )
    if not words[place:] or words[place].lower() not in AGENTS:
        return set(range(start, place))
    methods = range(place + 1, min(place + 2, len(words))) if place > start else ()
    return {
        *range(start, place + 1),
        *(method for method in methods if is_identifier(words[method])),
    }


def _redact_segment(word: str, rules: Rules, *, is_prefix: bool = True) -> str:
    if not word or (is_prefix and word.lower() in PATH_PREFIXES):
        return word
    if TENANT.fullmatch(word):
        return rules.replace_tenant(word)
    if INTEGER.fullmatch(word):
        return rules.replace_id(word)
    return rules.replace_in_shape("path segment", word)


def redact_tenant(text: str, rules: Rules) -> str:
    """Return the tenant id *text* of a label as it appears in a redacted path."""
    return text if text == ONSITE else _redact_segment(text, rules)


def _redact_field(field: str, rules: Rules) -> str:
    """Return a field of a query: names stay, and the numbers of described parameters."""
    raw_name, equals, raw_value = field.partition("=")
    name, value = unquote_plus(raw_name), unquote_plus(raw_value)
    if name.lower() in rules.allowed.query_names:
        if rules.allowed.is_number(name):
            redacted_value = rules.text_or_number(name, value)
        else:
            redacted_value = _SELECT_WORD.sub(lambda word: rules.replace("query", word[0]), value)
        return field if redacted_value == value else raw_name + equals + _quote(redacted_value)
    is_lone = is_lone_name(equals + raw_value)
    redacted_name = rules.name(name, is_data=is_lone and not (equals and is_word(name)))
    kept_name = raw_name if redacted_name == name else redacted_name
    if is_lone:
        return kept_name + equals
    if INTEGER.fullmatch(value) and (is_id_name(name) or rules.allowed.is_number(name)):
        return f"{kept_name}={rules.text_or_number(name, value)}"
    return f"{kept_name}={_quote(rules.replace_in_shape('query', value))}"


def _quote(value: str) -> str:
    return quote(value, safe=":@,/", errors="replace")
