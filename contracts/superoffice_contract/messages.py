"""Text that is safe and short enough to print, and the names of secrets."""

import re
from collections.abc import Collection, Iterable
from typing import Final

NO_FOLDER: Final = "no such folder"
"""For `describe_os_error`: what is missing if a file can't be written."""
NO_NEW_FOLDER: Final = "the system allows no new folder there"
"""The same if a folder with its parents can't be made, such as in /proc."""
MAX_SHOWN_LENGTH: Final = 120
"""How many characters of a value from a request or a file a message shows, or finds names for."""
SESSION_COOKIE: Final = "ASP.NET_SessionId"
SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "so-apptoken", "x-xsrf-token"})
"""Headers whose values are never printed, by lower-case name."""
_MARK_WORDS: Final = (
    "redacted|filtered|removed|masked|hidden|sanitized|stripped|censored|obfuscated|anonymi[sz]ed"
)
REDACTION_MARK: Final = re.compile(rf"\W*(?:{_MARK_WORDS}|x{{3,}}|\.{{3}}|…)\W*|\*+", re.IGNORECASE)
"""What tools write in place of a secret."""
_BLANKED: Final = re.compile(
    rf"(?:(?:basic|bearer|digest|soticket)\s+)?(?:{REDACTION_MARK.pattern}"
    rf"|[\[<({{*][^\]>)}}*]*\b(?:{_MARK_WORDS})\b[^\]>)}}*]*[\]>)}}*]+|[\W_]{{3,}})"
    r"|(?:basic|bearer|digest|soticket)\s+[\W_]+",
    re.IGNORECASE,
)
"""A mark, a mark among other words in brackets, or signs, perhaps after a scheme."""
NEAREST: Final = 3
"""How many similar names a message lists."""
_NAME: Final = re.compile(r"[\w$@./+-]{1,60}")
_WORDS: Final = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}")
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{1,18})?")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9]+)?")
_URL: Final = re.compile(
    r"((?P<scheme>https?://)([^/?#;\s\\]*@)?"
    r"(?P<address>([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?))?"
    r"(?P<path>(/[a-z0-9._~-]*)*)([;?#][^@]*)?",
    re.IGNORECASE,
)
"""A URL whose parts are clear, or a path."""
_PATH: Final = re.compile(r"(?!(?:basic|bearer|soticket)\s)[\w .,+~()\[\]/-]{1,500}", re.IGNORECASE)


def shorten(text: str) -> str:
    """Return *text* cut to `MAX_SHOWN_LENGTH`, without control characters."""
    clean = one_line(text[: MAX_SHOWN_LENGTH + 1])
    return clean if len(clean) <= MAX_SHOWN_LENGTH else f"{clean[:MAX_SHOWN_LENGTH]}…"


def one_line(text: str) -> str:
    """Replace characters that begin a line or control a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def quote_name(name: str, fallback: str) -> str:
    """Return *name* in quotes, or *fallback* if it looks like anything but a name."""
    return f"{name!r}" if _NAME.fullmatch(name) else fallback


def describe_os_error(error: BaseException, missing: str = "no such file") -> str:
    """Return why *error* happened, such as `connection refused`; *missing* if a file is missing."""
    if isinstance(error, FileNotFoundError):
        return missing
    if isinstance(error, ConnectionRefusedError):  # asyncio puts the address into `strerror`
        return "connection refused"
    text = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
    return f"{text[0].lower()}{text[1:]}" if text[1:2].islower() else text


def causes_of(error: BaseException) -> list[BaseException]:
    """Return *error* and the chain of its causes."""
    cause = error.__cause__ or error.__context__
    return [error] if cause is None else [error, *causes_of(cause)]


# ---- what a user wrote -----------------------------------------------------------------------
#
# A password may stand in any place: in a URL, in a flag or a key of the wrong name. So a message
# shows of what a user wrote only what these functions return.


def show_url(url: str | None) -> str:
    """Return *url* without user, password, parameters, query and fragment.

    Return "this URL" if it is not clear where these are.
    """
    match = _URL.fullmatch(url or "")
    return (match and "".join(filter(None, match.group("scheme", "address", "path")))) or "this URL"


def show_path(path: object) -> str:
    """Return the *path* of a file, or "this file" if it looks like a URL or a credential."""
    return f"{path}" if _PATH.fullmatch(f"{path}") else "this file"


def show_host(host: str) -> str:
    """Return *host* in quotes, or "this host" if it is neither a name nor an address."""
    return f"{host!r}" if _HOST.fullmatch(host) else "this host"


def is_number(text: str) -> bool:
    """Return whether *text* is a number, which may be shown where one is expected."""
    return _NUMBER.fullmatch(text) is not None


def describe_unknown(noun: str, name: str, known_names: Iterable[str], otherwise: str) -> str:
    """Return that the *noun* is unknown, and the nearest of *known_names* or *otherwise*.

    Its *name* is shown only if it is near to a known one.
    """
    hint = suggest(name, known_names, "")
    shown = f" {name!r}" if hint and _WORDS.fullmatch(name) else ""
    return f"unknown {noun}{shown}; {hint or otherwise}"


def is_blanked(value: str) -> bool:
    """Return whether a recording tool took the credential out of *value*."""
    return _BLANKED.fullmatch(value.strip()) is not None


# ---- names -----------------------------------------------------------------------------------


def suggest(name: str, known_names: Iterable[str], otherwise: str) -> str:
    """Return "did you mean …?" with the known name that is nearest to *name*, or *otherwise*."""
    near = _find_nearest(name, known_names, 1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else otherwise


def list_nearest(name: str, known_names: Collection[str], noun: str) -> str:
    """Return a text that lists *known_names*, or the `NEAREST` to *name* if there are more."""
    if len(known_names) <= NEAREST:
        return f"the {noun}s are: {', '.join(known_names)}"
    nearest_names = ", ".join(_find_nearest(name, known_names, NEAREST, cutoff=0.0))
    return f"the nearest of the {len(known_names)} {noun}s are: {nearest_names}"


def _find_nearest(name: str, known_names: Iterable[str], count: int, cutoff: float) -> list[str]:
    from difflib import get_close_matches

    by_lower_name = {known_name.lower(): known_name for known_name in known_names}
    near = get_close_matches(name[:MAX_SHOWN_LENGTH].lower(), by_lower_name, n=count, cutoff=cutoff)
    return [by_lower_name[lower_name] for lower_name in near]


def list_numbers(numbers: Iterable[int]) -> str:
    """Return the ten lowest of *numbers* as text, and how many more there are."""
    unique_numbers = sorted(set(numbers))
    more = f" and {len(unique_numbers) - 10} more" if len(unique_numbers) > 10 else ""
    return ", ".join(map(str, unique_numbers[:10])) + more


def printable(text: str) -> str:
    """Replace characters that XML does not allow or that control a terminal."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)
