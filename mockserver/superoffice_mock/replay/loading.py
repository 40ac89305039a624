"""Reads recordings from files and checks that they can be replayed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from superoffice_contract.har import MAX_BYTES
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry, Recording
from superoffice_mock.replay import player, response_bytes
from superoffice_mock.replay.player import Recorded

NOTHING: Final = "holds no exchange; record one, or name another file"


def loaded(
    paths: Sequence[str], max_file: int | None, tell: Callable[[str], object]
) -> tuple[tuple[str, Recording], ...]:
    """Read the recordings at *paths*, telling what of them could not be read.

    Raise SetupError that names file and place.
    """
    found = tuple((path, har_file.load(path, max_file or MAX_BYTES)) for path in paths)
    for path, recording in found:
        if recording.note is not None:
            tell(f"{path}: {recording.note}")
        if not recording.entries:
            msg = f"{path}: {NOTHING}"
            raise SetupError(msg)
    return found


def recorded(recordings: Sequence[tuple[str, Recording]]) -> tuple[Recorded, ...]:
    """Return what can be replayed of *recordings*. Raise SetupError for what never can."""
    try:
        return tuple(player.recorded(list(_placed(recordings))))
    except ValueError as error:
        raise SetupError(str(error)) from None


def _placed(recordings: Sequence[tuple[str, Recording]]) -> Iterator[tuple[str, Entry]]:
    for path, recording in recordings:
        for index, entry in enumerate(recording.entries):
            place = f"{path}: log.entries[{index}]"
            wrong = response_bytes.wrong(entry)
            if wrong is not None:
                msg = f"{place}.{wrong}"
                raise SetupError(msg)
            yield place, entry
