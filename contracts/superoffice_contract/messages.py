"""Text that is safe and short enough to print, and the names of what is secret."""

import re
from collections.abc import Iterable
from typing import Final

LONGEST_SHOWN: Final = 120


_SPELLABLE: Final = re.compile(r"[\w$@./+-]{1,60}")


def shorten(text: str) -> str:
    """Return *text* short enough for a finding, without control characters."""
    clean = "".join(one if one.isprintable() else "�" for one in text[: LONGEST_SHOWN + 1])
    return clean if len(clean) <= LONGEST_SHOWN else f"{clean[:LONGEST_SHOWN]}…"


def quote_name(name: str, otherwise: str) -> str:
    """Return *name* in quotes if it looks like a name; other text may be a secret."""
    return f"{name!r}" if _SPELLABLE.fullmatch(name) else otherwise


def list_numbers(numbers: Iterable[int]) -> str:
    """Return the first ten of *numbers* for a finding, and how many more there are."""
    all_ = sorted(set(numbers))
    more = f" and {len(all_) - 10} more" if len(all_) > 10 else ""
    return ", ".join(map(str, all_[:10])) + more


SESSION_COOKIE: Final = "ASP.NET_SessionId"


REDACTED: Final = re.compile(
    r"\W*(?:redacted|filtered|removed|masked|hidden|sanitized|x{3,}|\.{3}|…)\W*|\*+", re.IGNORECASE
)
"""What tools write in place of a secret."""


SECRETS: Final = frozenset({"authorization", "cookie", "so-apptoken", "x-xsrf-token"})
"""Headers whose values are replaced, by lower-case name."""
