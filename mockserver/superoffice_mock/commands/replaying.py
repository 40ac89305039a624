"""`superoffice-mock replay`: recordings read, checked and put where the simulation stands."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from superoffice_contract.archive import MAX_BYTES
from superoffice_contract.report import Report
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry, Recording
from superoffice_mock.replay import player, recording_diff, response_bytes
from superoffice_mock.replay.matching import FIELDS, STRICT
from superoffice_mock.replay.player import Recorded, Rules, Timing
from superoffice_mock.tenants.registry import names_a_tenant
from superoffice_mock.webapi.backend import Answering, Instead
from superoffice_mock.webapi.replay_backend import Replay, Replayer, by_tenant
from superoffice_mock.webapi.routing import Routes

NOTHING: Final = "holds no exchange; record one, or name another file"


AGAINST: Final = frozenset(
    {"target_file", "gap", "timeout", "real", "start_syncs", "accounts", "ca", "shape", "out"}
)
"""Options that only `--against` has."""
BOTH: Final = frozenset({"files", "against", "max_file"})
OWN: Final = AGAINST | BOTH | {"timing", "repeat", "on_miss"}
"""Options of `replay` that are no settings of a server."""


def check_options(given: Collection[str], *, against: bool) -> None:
    """Raise SetupError if an option is *given* that the other kind of replay has."""
    for name in sorted(given):
        flag = f"--{'format' if name == 'shape' else name.replace('_', '-')}"
        if against and name not in AGAINST | BOTH:
            msg = f"{flag}: is for serving a recording; leave it out beside --against"
            raise SetupError(msg)
        if not against and name in AGAINST:
            msg = f"{flag}: is for --against URL; add that, or leave it out"
            raise SetupError(msg)


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


def differences(
    ours: str,
    theirs: str,
    match: str | None,
    max_file: int | None,
    tell: Callable[[str], object],
) -> Report:
    """Return in what the recording *theirs* is another than *ours*. Raise SetupError."""
    known, other = (recorded(loaded((path,), max_file, tell)) for path in (ours, theirs))
    fields = rules(match, "none", repeat=False).fields
    return Report(
        f"{theirs} compared with {ours}", tuple(recording_diff.compared(known, other, fields))
    )


def rules(match: str | None, timing: Timing | None, *, repeat: bool) -> Rules:
    """Return how requests are matched, *match* being names between commas. Raise SetupError."""
    names = STRICT if match is None else tuple(one.strip() for one in match.split(","))
    for name in names:
        if name not in FIELDS:
            msg = f"--match {match}: {name!r} is not known; known are {', '.join(FIELDS)}"
            raise SetupError(msg)
    return Rules(tuple(one for one in FIELDS if one in names), timing, repeat)


def instead(found: Sequence[Recorded], rules: Rules, max_body: int, *, simulate: bool) -> Instead:
    """Return what answers from what was *found*; *simulate* what is not, instead of a 404."""

    def replayer(routes: Routes, simulation: Answering) -> Answering:
        replay = Replay(by_tenant(found, routes), rules, max_body)
        return Replayer(replay, simulation if simulate else None)

    return replayer


def part(path: str, tenant: str, max_body: int, tell: Callable[[str], object]) -> Answering:
    """Return what answers all calls of *tenant* from the file at *path*, whoever was recorded.

    Raise SetupError for a file that can't be replayed.
    """
    found = recorded(loaded((path,), None, tell))
    moved = [player.moved(one, tenant.lower()) for one in found]
    return Replayer(Replay({tenant: moved}, max_body=max_body))


def tenants(tables: Sequence[Any], replayed: Sequence[Recorded]) -> list[Any]:
    """Return *tables* with those tenants that were recorded, and are not among them, beside."""
    known = {str(one.get("id")).lower() for one in tables if isinstance(one, dict)}
    seen = dict.fromkeys(
        one.sent.path[0]
        for one in replayed
        if names_a_tenant(one.sent.path[0])
        and one.entry.label.tenant in (None, *_spellings(one.sent.path[0]))
    )
    made = ({"id": _spellings(id_)[0], "installation": "online"} for id_ in seen)
    return [*tables, *(one for one in made if one["id"].lower() not in known)]


def _spellings(id_: str) -> tuple[str, ...]:
    return id_.capitalize(), id_
