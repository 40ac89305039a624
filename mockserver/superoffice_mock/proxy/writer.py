"""What a recorder writes down: each exchange made harmless, then a line of the `.part` file."""

import asyncio
from collections.abc import Callable
from typing import Final

from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About, Entry
from superoffice_mock.recordings.part_file import NotWritten, PartFile
from superoffice_mock.redaction.redactor import Redactor

LIGHT: Final = 16 * 1024
"""Bytes of bodies that are made harmless in a moment; others take a thread of their own."""


class RecordingWriter:
    """Writes down exchanges, one after the other; *tell* hears of the first that it can't."""

    def __init__(self, parts: PartFile, tell: Callable[[str], object]) -> None:
        self._parts = parts
        self._tell = tell
        self._redaction = Redactor()
        self._turn = asyncio.Lock()
        self.missed = 0

    async def keep(self, entry: Entry) -> None:
        """Write *entry* down; whoever called must have its answer, so this never fails."""
        async with self._turn:
            if len(entry.request.body or b"") + len(entry.response.body or b"") > LIGHT:
                await asyncio.to_thread(self._keep, entry)
            else:
                self._keep(entry)

    def about(self) -> About:
        """Return what is known of the recording so far."""
        return self._redaction.about(About())

    def _keep(self, entry: Entry) -> None:
        try:
            self._parts.write(har_file.entry_line(self._redaction.entry(entry)))
        except NotWritten as error:
            self._miss(entry, f"{error}")
        except Exception as error:  # noqa: BLE001 - its message may hold what is to be hidden
            self._miss(entry, f"it can't be made harmless ({type(error).__name__}); please report")

    def _miss(self, entry: Entry, why: str) -> None:
        self.missed += 1
        if self.missed == 1:
            which = f"exchange {entry.label.arrival}"
            self._tell(f"{which} is not recorded: {why}; calls still go through")
