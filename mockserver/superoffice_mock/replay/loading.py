"""Loads recordings from files and checks that they can be replayed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from superoffice_contract.har import MAX_BYTES
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry, Recording
from superoffice_mock.replay import player, response_bytes
from superoffice_mock.replay.player import RecordedExchange

EMPTY: Final = "holds no exchange; record one, or name another file"


def load_recordings(
    paths: Sequence[str], max_file: int | None, report: Callable[[str], object]
) -> tuple[tuple[str, Recording], ...]:
    """Load the recordings at *paths*, and *report* the parts that could not be read.

    Raise SetupError with the file and place.
    """
    recordings = tuple((path, har_file.load(path, max_file or MAX_BYTES)) for path in paths)
    for path, recording in recordings:
        if recording.note is not None:
            report(f"{path}: {recording.note}")
        if not recording.entries:
            msg = f"{path}: {EMPTY}"
            raise SetupError(msg)
    return recordings


def replayable(recordings: Sequence[tuple[str, Recording]]) -> tuple[RecordedExchange, ...]:
    """Return the exchanges of *recordings*. Raise SetupError if one can't be replayed."""
    try:
        return tuple(player.exchanges_of(list(_entries_with_places(recordings))))
    except ValueError as error:
        raise SetupError(str(error)) from None


def _entries_with_places(
    recordings: Sequence[tuple[str, Recording]],
) -> Iterator[tuple[str, Entry]]:
    for path, recording in recordings:
        for index, entry in enumerate(recording.entries):
            place = f"{path}: log.entries[{index}]"
            problem = response_bytes.find_problem(entry)
            if problem is not None:
                msg = f"{place}.{problem}"
                raise SetupError(msg)
            yield place, entry
