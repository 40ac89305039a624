"""Writes files: whole, in one step, and never through a link.

The content goes to a file with a random name in the same folder, which only its owner can read, and
that file is then moved. What is open already, such as a pipe or /dev/stdout, is written to instead.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
_OPEN_ALREADY: Final = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
"""Without blocking, a pipe that nobody reads is an error."""
_UMASK: Final = os.umask(0o077)
os.umask(_UMASK)  # it can only be read by setting it
_NEW_MODE: Final = 0o666 & ~_UMASK


def open_new(path: str | Path) -> int:
    """Return the descriptor of the new file *path*, which only its owner can read, to append to.

    Raise FileExistsError if anything has that name, be it a link that leads nowhere.
    """
    return os.open(path, _NEW, 0o600)


def create(path: str | Path, content: bytes) -> None:
    """Write *content* to the new file *path*. Raise FileExistsError if anything has that name."""
    with _draft(path, content, _NEW_MODE) as draft:
        with suppress(OSError):
            os.link(draft, path)
            return
        # It exists, which the next line raises, or the file system has no hard links.
        os.close(open_new(path))
        draft.replace(path)


def replace(path: str | Path, content: bytes) -> None:
    """Write *content* to *path*. Raise OSError, and leave *path* as it was, if that fails.

    A file there is replaced and keeps its permissions. A link is replaced, not followed.
    """
    before = _status(path)
    if before is not None and stat.S_ISDIR(before.st_mode):  # also one that a link leads to
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if before is not None and _is_open_already(path, before):
        _write_on(path, before, content)
        return
    mode = _NEW_MODE if before is None or Path(path).is_symlink() else before.st_mode & 0o777
    with _draft(path, content, mode) as draft:
        draft.replace(path)


def remove(path: str | Path) -> None:
    """Remove the file or link *path*, if there is one; what `replace` writes on stays."""
    before = _status(path)
    if before is None or not _is_open_already(path, before):
        Path(path).unlink(missing_ok=True)


def is_same(path: str | Path, other: str | Path) -> bool:
    """Return whether both are names of one file."""
    first, second = _status(path), _status(other)
    return first is not None and second is not None and os.path.samestat(first, second)


def would_replace(path: str | Path) -> bool:
    """Return whether `replace` would replace what is at *path* now, be it a file or a link."""
    status = _status(path)
    is_open_already = status is not None and _is_open_already(path, status)
    return os.path.lexists(path) and not is_open_already


def _status(path: str | Path) -> os.stat_result | None:
    """Return the status of the file that *path* leads to, or None."""
    with suppress(OSError):
        return Path(path).stat()
    return None


def _is_open_already(path: str | Path, status: os.stat_result) -> bool:
    """Return whether *path* is a pipe or device, or leads to an open file, as /dev/stdout does."""
    if not stat.S_ISREG(status.st_mode):
        return True
    folder = os.path.realpath(Path(path).parent)
    return Path(path).is_symlink() and (folder == "/dev" or folder.startswith("/proc/"))


def _write_on(path: str | Path, expected: os.stat_result, content: bytes) -> None:
    descriptor = os.open(path, _OPEN_ALREADY)
    with os.fdopen(descriptor, "wb") as file:
        if not os.path.samestat(os.fstat(descriptor), expected):
            raise OSError(errno.EBUSY, "was replaced just now")
        os.set_blocking(descriptor, True)
        file.write(content)


@contextmanager
def _draft(path: str | Path, content: bytes, mode: int) -> Iterator[Path]:
    """Yield a file beside *path* with *content* and *mode*; it is removed if it is still there."""
    draft = Path(path).with_name(f".superoffice-mock-{token_hex(8)}")
    try:
        descriptor = open_new(draft)
    except OSError as error:
        error.filename = str(path)
        raise
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            with suppress(OSError, AttributeError):  # where files have no permissions
                os.fchmod(descriptor, mode)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
