"""Loads recordings from files and checks that they can be replayed."""

from collections.abc import Callable, Iterable
from itertools import chain

from superoffice_contract.har_log import MAX_BYTES
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry, Recording
from superoffice_mock.replay import player
from superoffice_mock.replay.player import RecordedExchange
from superoffice_mock.replay.request_key import RequestKeys


def load_exchanges(
    paths: Iterable[str],
    keys: RequestKeys,
    report: Callable[[str], object],
    max_file: int | None = None,
) -> tuple[RecordedExchange, ...]:
    """Load the recordings at *paths* as one; see `load_each`."""
    return tuple(chain.from_iterable(load_each(paths, keys, report, max_file)))


def load_each(
    paths: Iterable[str],
    keys: RequestKeys,
    report: Callable[[str], object],
    max_file: int | None = None,
) -> list[list[RecordedExchange]]:
    """Load the recordings at *paths*, and *report* the parts that could not be read.

    If numbers were hidden in any of them, *keys* hide those of all. Raise SetupError with the file
    and place of what can't be read or replayed.
    """
    recordings = [(path, har_file.load(path, max_file or MAX_BYTES)) for path in paths]
    is_redacted = any(recording.about.redacted is not None for _, recording in recordings)
    keys.hides_numbers = keys.hides_numbers or is_redacted
    return [player.exchanges_of(_list_entries(*each, report), keys) for each in recordings]


def report_missing_bodies(
    exchanges: Iterable[RecordedExchange], report: Callable[[str], object]
) -> None:
    """Report how many requests match any body, as theirs are not on record."""
    keys = [exchange.key for exchange in exchanges]
    count = sum(key.body is None and key.length is None for key in keys)
    if count:
        requests = "1 request matches" if count == 1 else f"{count} requests match"
        report(f"{requests} any body, as the file does not have what was sent")


def _list_entries(
    path: str, recording: Recording, report: Callable[[str], object]
) -> list[tuple[str, Entry]]:
    for note in recording.notes:
        report(f"{path}: {note}")
    if not recording.entries:
        raise SetupError(f"{path}: holds no exchange; record one, or name another file")
    return [(f"{path}: log.entries[{entry.index}]", entry) for entry in recording.entries]
