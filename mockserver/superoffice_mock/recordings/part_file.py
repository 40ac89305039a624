"""The `.part` file of a recording in progress: one line for each exchange, never a partial line.

If the recorder is killed, the file stays, and the next recorder converts it to a HAR.
"""

import os
from pathlib import Path
from typing import Final

from superoffice_contract.har import MAX_BYTES, MAX_VALUES
from superoffice_contract.messages import NO_FOLDER, describe_os_error
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file, outcome_labels
from superoffice_mock.recordings.model import About, Recording

MAX_PART_BYTES: Final = MAX_BYTES // 2
MAX_PART_VALUES: Final = MAX_VALUES // 2
"""Half of what readers accept: the HAR, indented and labelled, is up to twice as long."""
FILE_FULL: Final = "the recording has reached the size that can be read back"
DISK_FULL: Final = "no space is left on the disk"
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)


class PartWriteError(OSError):
    """A line could not be written, and no part of it is in the file; the message says why."""


def part_path(out: str) -> Path:
    """Return the path of the `.part` file of a recording to *out*."""
    return Path(f"{out}.part")


class PartFile:
    """The `.part` file of one recording, locked against other recorders where the system can.

    Raise SetupError if it can't be created.
    """

    def __init__(self, out: str) -> None:
        self._path = part_path(out)
        try:
            self._file = os.open(self._path, _FLAGS, 0o666)
        except OSError as error:
            reason = describe_os_error(error, NO_FOLDER)
            msg = f"{self._path}: {reason}; name an --out that can be written"
            raise SetupError(msg) from None
        _try_lock(self._file)
        self._size = self._values = self._lines = 0
        try:
            self.write(har_file.header_line(About(redacted={})))
        except PartWriteError as error:
            self.close()
            self._path.unlink()
            msg = f"{self._path}: {error}; name an --out that can be written"
            raise SetupError(msg) from None

    def write(self, line: bytes) -> None:
        """Append *line* as a whole. Raise PartWriteError if it does not fit."""
        values = sum(line.count(mark) for mark in (b",", b"{", b"["))
        if self._size + len(line) > MAX_PART_BYTES or self._values + values > MAX_PART_VALUES:
            raise PartWriteError(FILE_FULL)
        try:
            count = os.write(self._file, line)
        except OSError as error:
            raise PartWriteError(describe_os_error(error)) from None
        if count < len(line):
            os.ftruncate(self._file, self._size)
            raise PartWriteError(DISK_FULL)
        self._size += len(line)
        self._values += values
        self._lines += 1

    def close(self) -> None:
        """Close the file and keep it."""
        os.close(self._file)

    def discard_if_empty(self) -> None:
        """Close the file, and delete it if it holds no exchange."""
        self.close()
        if self._lines == 1:
            self._path.unlink()


def has_interrupted(out: str) -> bool:
    """Return whether a recorder of *out* was killed. Raise SetupError if one is running."""
    path = part_path(out)
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError as error:
        msg = f"{path}: {describe_os_error(error)}; name another --out"
        raise SetupError(msg) from None
    try:
        if not _try_lock(file):
            msg = f"{path} is being written by another recorder; stop it, or name another --out"
            raise SetupError(msg)
        is_empty = os.fstat(file).st_size == 0
    finally:
        os.close(file)
    if is_empty:  # the recorder was killed before it wrote anything
        path.unlink()
    return not is_empty


def finish(out: str, about: About | None = None) -> Recording:
    """Convert the `.part` file of *out* to the HAR *out*, labelled, and return the recording.

    *about* replaces the header of the `.part` file, which is written before the counts are known.
    Raise SetupError if that fails; the `.part` file is then still there.
    """
    path = part_path(out)
    try:
        part = har_file.load(str(path))
    except SetupError as error:
        msg = f"{error}; move it away to record to {out}"
        raise SetupError(msg) from None
    recording = outcome_labels.add_labels(Recording(part.entries, about or part.about, part.note))
    har_file.write(out, recording)
    path.unlink()
    return recording


def _try_lock(file: int) -> bool:
    """Lock *file* until this process ends; return False if another process holds the lock."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows, where an open file can't be removed
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
