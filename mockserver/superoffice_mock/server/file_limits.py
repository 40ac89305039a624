"""Descriptors: every connection takes one, and the system lets a process have only so many."""

import sys
from typing import Final

import msgspec

from superoffice_mock.config.settings import Settings

RESERVE: Final = 40
"""Those that are no counted connection: files, the listening socket, callers who get a 503."""


def fitted(settings: Settings) -> tuple[Settings, list[str]]:
    """Return *settings* that this process can keep, and what to tell the user if they are others.

    The process is let have as many descriptors as the settings need, up to the system's bound.
    """
    allowed = _allowed(settings.max_connections + RESERVE)
    most = max(allowed - RESERVE, allowed // 4, 1)
    if most >= settings.max_connections:
        return settings, []
    warning = (
        f"max-connections is {settings.max_connections}, but this process may have only {allowed} "
        f"files open, so it is {most}; allow more: ulimit -n {settings.max_connections + RESERVE}"
    )
    return msgspec.structs.replace(settings, max_connections=most), [warning]


if sys.platform == "win32":  # pragma: no cover - sockets are no files there, and have no such bound

    def _allowed(wanted: int) -> int:
        return wanted

else:
    import resource

    def _allowed(wanted: int) -> int:
        """Raise the soft limit to *wanted*, as far as the hard one lets; return what it is then."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return wanted
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        except (OSError, ValueError):  # macOS has a bound of its own, below an infinite one
            return soft
        return raised
