"""Writes the exchanges of a recorder: redacts each and appends it to the `.part` file."""

import asyncio
from collections.abc import Callable
from typing import Final

from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About, Entry
from superoffice_mock.recordings.part_file import PartFile, PartWriteError
from superoffice_mock.redaction.redactor import Redactor

MAX_INLINE_BYTES: Final = 16 * 1024
"""Exchanges with longer bodies are redacted in a thread, as that takes time."""


class RecordingWriter:
    """Writes exchanges, and passes the first failure to *report*.

    Their order in the file does not count, so that no exchange waits for the redaction of another.
    """

    def __init__(self, part_file: PartFile, report: Callable[[str], object]) -> None:
        self._part_file = part_file
        self._report = report
        self._redactor = Redactor()
        self.failures = 0

    async def write(self, entry: Entry) -> None:
        """Write *entry*. This never fails, as the client must get its answer."""
        size = len(entry.request.body or b"") + len(entry.response.body or b"")
        try:
            if size > MAX_INLINE_BYTES:
                line = await asyncio.to_thread(self._redact, entry)
            else:
                line = self._redact(entry)
            self._part_file.write(line)
        except PartWriteError as error:
            self._count_failure(entry, f"{error}")
        except Exception as error:  # noqa: BLE001 - its message may hold a secret
            problem = f"it can't be redacted ({type(error).__name__}); please report this"
            self._count_failure(entry, problem)

    def about(self) -> About:
        """Return the header of the recording, with the counts so far."""
        return self._redactor.redact_about(About())

    def _redact(self, entry: Entry) -> bytes:
        return har_file.entry_line(self._redactor.redact_entry(entry))

    def _count_failure(self, entry: Entry, reason: str) -> None:
        self.failures += 1
        if self.failures == 1:
            exchange = f"exchange {entry.label.arrival}"
            self._report(f"{exchange} is not recorded: {reason}; calls still go through")
