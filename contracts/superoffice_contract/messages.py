"""Text that is safe and short enough to print, and the names of secrets."""

import re
from collections.abc import Collection, Iterable
from typing import Final

NO_FOLDER: Final = "no such folder"
"""For `describe_os_error`: what is missing if a file can't be written."""
MAX_SHOWN_LENGTH: Final = 120
"""How many characters of a value from a request or a file a message shows."""
SESSION_COOKIE: Final = "ASP.NET_SessionId"
SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "so-apptoken", "x-xsrf-token"})
"""Headers whose values are never printed, by lower-case name."""
REDACTION_MARK: Final = re.compile(
    r"\W*(?:redacted|filtered|removed|masked|hidden|sanitized|x{3,}|\.{3}|…)\W*|\*+", re.IGNORECASE
)
"""What tools write in place of a secret."""
NEAREST: Final = 3
"""How many similar names a message lists."""
_NAME: Final = re.compile(r"[\w$@./+-]{1,60}")


def shorten(text: str) -> str:
    """Return *text* cut to `MAX_SHOWN_LENGTH`, without control characters."""
    start = text[: MAX_SHOWN_LENGTH + 1]
    clean = "".join(letter if letter.isprintable() else "�" for letter in start)
    return clean if len(clean) <= MAX_SHOWN_LENGTH else f"{clean[:MAX_SHOWN_LENGTH]}…"


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
    near = get_close_matches(name.lower(), by_lower_name, n=count, cutoff=cutoff)
    return [by_lower_name[lower_name] for lower_name in near]


def list_numbers(numbers: Iterable[int]) -> str:
    """Return the ten lowest of *numbers* as text, and how many more there are."""
    unique_numbers = sorted(set(numbers))
    more = f" and {len(unique_numbers) - 10} more" if len(unique_numbers) > 10 else ""
    return ", ".join(map(str, unique_numbers[:10])) + more


def printable(text: str) -> str:
    """Replace characters that XML does not allow or that control a terminal."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)
