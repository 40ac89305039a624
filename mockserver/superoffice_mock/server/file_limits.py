"""The limit of open files: every connection needs one, and the system limits them per process."""

import sys
from typing import Final

import msgspec

from superoffice_mock.config.settings import Settings

RESERVED_FILES: Final = 56
"""Open files that are not counted connections: files, sockets that listen, and connections that
get a 503 or are about to be closed, of which there may be some thirty."""


def fit_to_file_limit(
    settings: Settings, files_per_connection: int = 1
) -> tuple[Settings, list[str]]:
    """Return *settings* with a max_connections that this process can reach, and warnings.

    Raises the limit of open files of this process, as far as the system allows.
    """
    needed = settings.max_connections * files_per_connection + RESERVED_FILES
    limit = _raise_file_limit(needed)
    available = max(limit - RESERVED_FILES, limit // 4)
    max_connections = max(available // files_per_connection, 1)
    if max_connections >= settings.max_connections:
        return settings, []
    warning = (
        f"max-connections is {settings.max_connections}, but this process may have only {limit} "
        f"files open, so {max_connections} is used; to allow more: ulimit -n {needed}"
    )
    return msgspec.structs.replace(settings, max_connections=max_connections), [warning]


if sys.platform == "win32":  # pragma: no cover - sockets are not files there and have no such limit

    def _raise_file_limit(needed: int) -> int:
        return needed

else:
    import resource

    def _raise_file_limit(needed: int) -> int:
        """Raise the soft limit towards *needed*; return the new limit, at most *needed*."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY or soft >= needed:
            return needed
        limit = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        except (OSError, ValueError):  # macOS has a lower limit of its own below an infinite one
            return soft
        return limit
