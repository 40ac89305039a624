"""The `.part` file of a recording in progress: one line for each exchange, never a partial line.

If the recorder is killed, the file stays, and the next recorder converts it to a HAR.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Final

import msgspec

from superoffice_contract import output_files
from superoffice_contract.errors import TrafficError
from superoffice_contract.har_log import MAX_BYTES, MAX_VALUES
from superoffice_contract.messages import NO_FOLDER, describe_os_error, show_path
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file, outcome_labels
from superoffice_mock.recordings.model import About, Recording

MAX_PART_BYTES: Final = MAX_BYTES // 2
MAX_PART_VALUES: Final = MAX_VALUES // 2
"""Half of what readers accept: the HAR, indented and labelled, is up to twice as long."""
FILE_FULL: Final = "the recording has reached the size that can be read back"
DISK_FULL: Final = "no space is left on the disk"
_OLD: Final = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

WriteFile = Callable[[str, bytes], object]
"""`output_files.create` or `output_files.replace`."""


class PartWriteError(OSError):
    """A line could not be written, and no part of it is in the file; the message says why."""


class Finished(msgspec.Struct, frozen=True):
    """A recording that has ended, the *file* that holds it, and what others did meanwhile."""

    recording: Recording
    file: str
    problems: tuple[str, ...] = ()


def part_path(out: str) -> Path:
    """Return the path of the `.part` file of a recording to *out*."""
    return Path(f"{out}.part")


class PartFile:
    """The open `.part` file of one recording, locked against other recorders where possible."""

    def __init__(self, out: str, file: int) -> None:
        self._out, self._path = out, part_path(out)
        self._file = os.fdopen(file, "r+b", buffering=0)
        self._size = os.fstat(file).st_size
        self._values = self._lines = 0

    @classmethod
    def create(cls, out: str) -> "PartFile":
        """Create the file. Raise SetupError if that fails."""
        path, part = part_path(out), None
        try:
            file = output_files.open_new(path)
            _try_lock(file)
            part = cls(out, file)
            part.write(har_file.header_line(About(redacted={})))
        except OSError as error:
            if part is not None:
                part._remove()
            reason = describe_os_error(error, NO_FOLDER)
            msg = f"{show_path(path)}: {reason}; name an --out that can be written"
            raise SetupError(msg) from None
        return part

    @classmethod
    def find_interrupted(cls, out: str) -> "PartFile | None":
        """Return what a killed recorder has left, if anything. Raise SetupError if in use."""
        path = part_path(out)
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                problem = "is not a regular file; move it away, or name another --out"
                raise SetupError(f"{show_path(path)} {problem}")
            file = os.open(path, _OLD)
        except FileNotFoundError:
            return None
        except OSError as error:
            msg = f"{show_path(path)}: {describe_os_error(error)}; name another --out"
            raise SetupError(msg) from None
        part = cls(out, file)
        if not _try_lock(file):
            part.close()
            problem = "is being written by another recorder; stop it, or name another --out"
            raise SetupError(f"{show_path(path)} {problem}")
        if part._size == 0:  # the recorder was killed before it wrote anything
            part._remove()
            return None
        return part

    def write(self, line: bytes) -> None:
        """Append *line* as a whole. Raise PartWriteError if it does not fit."""
        values = sum(line.count(mark) for mark in (b",", b"{", b"["))
        if self._size + len(line) > MAX_PART_BYTES or self._values + values > MAX_PART_VALUES:
            raise PartWriteError(FILE_FULL)
        try:
            count = self._file.write(line)
        except OSError as error:
            raise PartWriteError(describe_os_error(error)) from None
        if count < len(line):
            self._file.truncate(self._size)
            raise PartWriteError(DISK_FULL)
        self._size += len(line)
        self._values += values
        self._lines += 1

    def close(self) -> None:
        """Close the file and keep it."""
        self._file.close()

    def discard_if_empty(self) -> None:
        """Close the file, and delete it if it holds no exchange."""
        if self._lines == 1:
            self._remove()
        else:
            self.close()

    def finish(self, write_file: WriteFile, about: About | None = None) -> Finished:
        """Convert the file to a labelled HAR, and remove it.

        *about* replaces the header, which is written before the counts are known. If *write_file*
        creates and the HAR has appeared meanwhile, the file stays. Raise SetupError if the HAR
        can't be written; the file stays then, too.
        """
        change = self._change_by_others()
        raw = self._read()
        try:
            part = har_file.read(raw)
            recording = outcome_labels.add_labels(
                Recording(part.entries, about or part.about, part.notes)
            )
            har_file.write(self._out, recording, write_file)
        except FileExistsError:
            place = self._keep(raw)
            appeared = f"{self._out} appeared meanwhile and is not replaced"
            return Finished(recording, place, tuple(filter(None, (appeared, change))))
        except TrafficError as error:
            place = self._keep(raw)
            raise SetupError(f"{place}: {error}; move it away to record to {self._out}") from None
        except SetupError as error:
            raise SetupError(f"{error}; the recording is in {self._keep(raw)}") from None
        self._remove()
        return Finished(recording, self._out, (change,) if change else ())

    def _change_by_others(self) -> str | None:
        if not self._has_its_name():
            fate = "was replaced" if os.path.lexists(self._path) else "was removed"
            return f"{self._path} {fate} while recording"
        is_same_size = os.fstat(self._file.fileno()).st_size == self._size
        return None if is_same_size else f"{self._path} was changed while recording"

    def _has_its_name(self) -> bool:
        try:
            return os.path.samestat(self._path.lstat(), os.fstat(self._file.fileno()))
        except OSError:
            return False

    def _read(self) -> bytes:
        """Return the content; that works also when the file has lost its name."""
        with os.fdopen(os.dup(self._file.fileno()), "rb") as file:
            file.seek(0)
            return file.read(MAX_BYTES + 1)

    def _keep(self, raw: bytes) -> str:
        """Close the file and return its name, a new one if others took it. Raise SetupError."""
        has_its_name = self._has_its_name()
        self.close()
        if has_its_name:
            return f"{self._path}"
        place = f"{self._out}.{token_hex(4)}.part"
        try:
            output_files.create(place, raw)
        except OSError as error:
            msg = f"{place}: {describe_os_error(error, NO_FOLDER)}; the recording is lost"
            raise SetupError(msg) from None
        return place

    def _remove(self) -> None:
        """Close the file, and delete it unless others took its name."""
        if self._has_its_name():
            self._path.unlink()
        self.close()


def _try_lock(file: int) -> bool:
    """Lock *file* until it is closed; return False if another process holds the lock."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows, where an open file can't be removed
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
