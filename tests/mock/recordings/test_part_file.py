"""The `.part` file: whole lines or none, one writer, and a HAR in the end."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file, part_file
from superoffice_mock.recordings.model import About
from superoffice_mock.recordings.part_file import NotWritten, PartFile
from tests.support.recordings import entry

resource = pytest.importorskip("resource", reason="Windows has no limits of files")
LINE = har_file.entry_line(entry())


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond *size* bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def out(tmp_path: Path) -> str:
    return str(tmp_path / "a.har")


@pytest.fixture
def written(out: str) -> Iterator[PartFile]:
    made = PartFile(out)
    yield made
    made.close()


def test_every_line_is_there_at_once_and_readers_take_the_file(written: PartFile, out: str) -> None:
    for count in (1, 2):
        written.write(LINE)
        assert len(har_file.load(f"{out}.part").entries) == count


def test_a_disk_that_is_full_costs_the_line_and_nothing_before_it(
    written: PartFile, out: str
) -> None:
    written.write(LINE)
    size = part_file.part_of(out).stat().st_size
    for room in (size, size + 1, size + len(LINE) - 1):
        with room_for(room), pytest.raises(NotWritten):
            written.write(LINE)
        assert part_file.part_of(out).stat().st_size == size
    written.write(LINE)
    assert len(part_file.finish(out).entries) == 2


def test_a_file_that_no_reader_would_take_is_not_made(written: PartFile) -> None:
    with pytest.raises(NotWritten, match="as long as a file may be"):
        written.write(b"a" * part_file.MOST_BYTES)
    with pytest.raises(NotWritten, match="as long as a file may be"):
        written.write(b"," * part_file.MOST_VALUES)
    written.write(LINE)


def test_the_har_takes_the_place_of_the_part_file(written: PartFile, out: str) -> None:
    written.write(LINE)
    made = part_file.finish(out, About(redacted={"name": 2}))
    assert har_file.load(out) == made
    assert made.about == About(redacted={"name": 2})
    assert not part_file.part_of(out).exists()
    assert not part_file.left_over(out)


def test_a_part_file_that_was_torn_is_finished_without_its_last_line(
    written: PartFile, out: str
) -> None:
    written.write(LINE)
    with part_file.part_of(out).open("ab") as file:
        file.write(LINE[:-9])
    made = part_file.finish(out)
    assert (len(made.entries), made.note) == (1, "its last line was torn and is left out")
    assert len(har_file.load(out).entries) == 1


def test_a_part_file_that_is_damaged_stays_where_it_is(out: str) -> None:
    part_file.part_of(out).write_bytes(b"no recording")
    with pytest.raises(SetupError, match=r"a\.har\.part: .*; move it away to record to .*a\.har"):
        part_file.finish(out)
    assert part_file.part_of(out).read_bytes() == b"no recording"


def test_a_har_that_can_not_be_written_leaves_the_part_file(written: PartFile, out: str) -> None:
    written.write(LINE)
    with room_for(10), pytest.raises(SetupError, match="name a file that can be written"):
        part_file.finish(out)
    assert len(har_file.load(f"{out}.part").entries) == 1
    assert [one.name for one in Path(out).parent.iterdir()] == ["a.har.part"]


def test_a_file_that_another_recorder_writes_is_not_left_over(out: str) -> None:
    program = (
        "import sys; from superoffice_mock.recordings.part_file import PartFile;"
        "PartFile(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, out], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        with pytest.raises(SetupError, match="is being written by another recorder"):
            part_file.left_over(out)
        other.kill()
        other.wait()
        assert part_file.left_over(out)


def test_a_recorder_that_was_killed_before_it_wrote_anything_left_nothing(out: str) -> None:
    part_file.part_of(out).touch()
    assert not part_file.left_over(out)
    assert not part_file.part_of(out).exists()


def test_a_recording_that_is_given_up_stays_if_there_is_something_in_it(out: str) -> None:
    nothing = PartFile(out)
    nothing.give_up()
    assert not part_file.part_of(out).exists()
    something = PartFile(out)
    something.write(LINE)
    something.give_up()
    assert len(part_file.finish(out).entries) == 1


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path, out: str) -> None:
    with pytest.raises(SetupError, match=r"gone/a\.har\.part: No such file"):
        PartFile(str(tmp_path / "gone" / "a.har"))
    with room_for(10), pytest.raises(SetupError, match=r"a\.har\.part: .*; name an --out"):
        PartFile(out)
    assert not part_file.part_of(out).exists()
    part_file.part_of(out).mkdir()
    with pytest.raises(SetupError, match=r"a\.har\.part: Is a directory"):
        part_file.left_over(out)
