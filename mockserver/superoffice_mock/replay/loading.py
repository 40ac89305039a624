"""Loads recordings from files and checks that they can be replayed."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from superoffice_contract.har import MAX_BYTES
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry
from superoffice_mock.replay import player, response_bytes
from superoffice_mock.replay.player import RecordedExchange
from superoffice_mock.replay.request_key import RequestKeys

EMPTY: Final = "holds no exchange; record one, or name another file"


def load_exchanges(
    paths: Iterable[str],
    keys: RequestKeys,
    report: Callable[[str], object],
    max_file: int | None = None,
) -> tuple[RecordedExchange, ...]:
    """Load the recordings at *paths*, and *report* the parts that could not be read.

    Raise SetupError with the file and place of what can't be read or replayed.
    """
    entries = [pair for path in paths for pair in _load_entries(path, report, max_file)]
    return tuple(player.exchanges_of(entries, keys))


def _load_entries(
    path: str, report: Callable[[str], object], max_file: int | None
) -> Iterator[tuple[str, Entry]]:
    recording = har_file.load(path, max_file or MAX_BYTES)
    if recording.note is not None:
        report(f"{path}: {recording.note}")
    if not recording.entries:
        msg = f"{path}: {EMPTY}"
        raise SetupError(msg)
    for index, entry in enumerate(recording.entries):
        place = f"{path}: log.entries[{index}]"
        if problem := response_bytes.find_problem(entry):
            msg = f"{place}.{problem}"
            raise SetupError(msg)
        yield place, entry
