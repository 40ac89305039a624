"""The `.part` file of a recording under way: a line for each exchange, whole, or it is not there.

A recorder that is killed leaves it, and the next one that starts makes the HAR of it.
"""

import os
from pathlib import Path
from typing import Final

from superoffice_contract.har import MAX_BYTES, MAX_VALUES
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file, outcome_labels
from superoffice_mock.recordings.model import About, Recording

MOST_BYTES: Final = MAX_BYTES // 2
MOST_VALUES: Final = MAX_VALUES // 2
"""Half of what readers take: the HAR, indented and labeled, is up to twice as long."""
FULL: Final = "the recording is as long as a file may be that is to be read again"
SHORT: Final = "no space is left for it"


class NotWritten(OSError):
    """A line was not written, and nothing of it is in the file; the message says why."""


def part_of(out: str) -> Path:
    """Return the file that a recording to *out* is written to as long as it goes on."""
    return Path(f"{out}.part")


class PartFile:
    """The file of one recording. Nobody else writes it: it is locked, where systems can do that.

    Raise SetupError if it can't be made.
    """

    def __init__(self, out: str) -> None:
        self._path = part_of(out)
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _APPEND, 0o666)
        except OSError as error:
            msg = f"{self._path}: {error.strerror}; name an --out that can be written"
            raise SetupError(msg) from None
        _lock(self._file)
        self._size = self._values = self._lines = 0
        try:
            self.write(har_file.header_line(About(redacted={})))
        except NotWritten as error:
            self.close()
            self._path.unlink()
            msg = f"{self._path}: {error}; name an --out that can be written"
            raise SetupError(msg) from None

    def write(self, line: bytes) -> None:
        """Give *line* to the system, whole. Raise NotWritten if it does not take it."""
        values = sum(line.count(mark) for mark in (b",", b"{", b"["))
        if self._size + len(line) > MOST_BYTES or self._values + values > MOST_VALUES:
            raise NotWritten(FULL)
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise NotWritten(error.strerror) from None
        if written < len(line):
            os.ftruncate(self._file, self._size)
            raise NotWritten(SHORT)
        self._size += len(line)
        self._values += values
        self._lines += 1

    def close(self) -> None:
        """Write no more; the file stays."""
        os.close(self._file)

    def give_up(self) -> None:
        """Write no more; the file stays if there is an exchange in it."""
        self.close()
        if self._lines == 1:
            self._path.unlink()


_APPEND: Final = os.O_APPEND | getattr(os, "O_BINARY", 0)


def _lock(file: int) -> bool:
    """Lock *file* as long as this process lives; return whether nobody else had it."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows, where nobody removes a file that is open
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# ---- from one to the other -------------------------------------------------------------------


def left_over(out: str) -> bool:
    """Tell whether a recorder of *out* was killed. Raise SetupError while one is at it."""
    path = part_of(out)
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError as error:
        msg = f"{path}: {error.strerror}; name another --out"
        raise SetupError(msg) from None
    try:
        if not _lock(file):
            msg = f"{path} is being written by another recorder; stop it, or name another --out"
            raise SetupError(msg)
        empty = os.fstat(file).st_size == 0
    finally:
        os.close(file)
    if empty:  # it was killed before it had written anything
        path.unlink()
    return not empty


def finish(out: str, about: About | None = None) -> Recording:
    """Make the HAR *out* of its `.part` file, labeled, and remove that; return what is in it.

    *about* is known to who has recorded it. Raise SetupError, with the `.part` file still there, if
    it can't be.
    """
    path = part_of(out)
    try:
        kept = har_file.load(str(path))
    except SetupError as error:
        msg = f"{error}; move it away to record to {out}"
        raise SetupError(msg) from None
    made = outcome_labels.labelled(Recording(kept.entries, about or kept.about, kept.note))
    har_file.write(out, made)
    path.unlink()
    return made
