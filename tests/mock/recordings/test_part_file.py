"""The `.part` file: only whole lines, a single writer, and a HAR at the end."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file, part_file
from superoffice_mock.recordings.model import About
from superoffice_mock.recordings.part_file import PartFile, PartWriteError
from tests.support.recordings import entry

resource = pytest.importorskip("resource", reason="Windows has no limits of files")
LINE = har_file.entry_line(entry())


@contextmanager
def limit_file_size(size: int) -> Iterator[None]:
    """Keep all files of this process at *size* bytes or less."""
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
def part(out: str) -> Iterator[PartFile]:
    file = PartFile(out)
    yield file
    file.close()


def test_every_line_is_in_the_file_at_once_and_readers_accept_the_file(
    part: PartFile, out: str
) -> None:
    for count in (1, 2):
        part.write(LINE)
        assert len(har_file.load(f"{out}.part").entries) == count


def test_a_full_disk_loses_only_the_line_that_does_not_fit(part: PartFile, out: str) -> None:
    part.write(LINE)
    size = part_file.part_path(out).stat().st_size
    for limit in (size, size + 1, size + len(LINE) - 1):
        with limit_file_size(limit), pytest.raises(PartWriteError):
            part.write(LINE)
        assert part_file.part_path(out).stat().st_size == size
    part.write(LINE)
    assert len(part_file.finish(out).entries) == 2


def test_a_file_never_gets_too_long_to_be_read_back(part: PartFile) -> None:
    with pytest.raises(PartWriteError, match="has reached the size"):
        part.write(b"a" * part_file.MAX_PART_BYTES)
    with pytest.raises(PartWriteError, match="has reached the size"):
        part.write(b"," * part_file.MAX_PART_VALUES)
    part.write(LINE)


def test_finish_replaces_the_part_file_by_a_har(part: PartFile, out: str) -> None:
    part.write(LINE)
    recording = part_file.finish(out, About(redacted={"name": 2}))
    assert har_file.load(out) == recording
    assert recording.about == About(redacted={"name": 2})
    assert not part_file.part_path(out).exists()
    assert not part_file.has_interrupted(out)


def test_a_torn_part_file_is_finished_without_its_last_line(part: PartFile, out: str) -> None:
    part.write(LINE)
    with part_file.part_path(out).open("ab") as file:
        file.write(LINE[:-9])
    recording = part_file.finish(out)
    assert len(recording.entries) == 1
    assert recording.note == "its last line is incomplete and was left out"
    assert len(har_file.load(out).entries) == 1


def test_a_damaged_part_file_is_kept(out: str) -> None:
    part_file.part_path(out).write_bytes(b"no recording")
    with pytest.raises(SetupError, match=r"a\.har\.part: .*; move it away to record to .*a\.har"):
        part_file.finish(out)
    assert part_file.part_path(out).read_bytes() == b"no recording"


def test_the_part_file_is_kept_if_the_har_can_not_be_written(part: PartFile, out: str) -> None:
    part.write(LINE)
    with limit_file_size(10), pytest.raises(SetupError, match="name a file that can be written"):
        part_file.finish(out)
    assert len(har_file.load(f"{out}.part").entries) == 1
    assert [path.name for path in Path(out).parent.iterdir()] == ["a.har.part"]


def test_a_file_that_another_recorder_is_writing_is_an_error(out: str) -> None:
    program = (
        "import sys; from superoffice_mock.recordings.part_file import PartFile;"
        "PartFile(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, out], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == b"ready\n"
        with pytest.raises(SetupError, match="is being written by another recorder"):
            part_file.has_interrupted(out)
        recorder.kill()
        recorder.wait()
        assert part_file.has_interrupted(out)


def test_an_empty_part_file_of_a_killed_recorder_is_deleted(out: str) -> None:
    part_file.part_path(out).touch()
    assert not part_file.has_interrupted(out)
    assert not part_file.part_path(out).exists()


def test_a_recording_is_discarded_only_if_it_holds_no_exchange(out: str) -> None:
    PartFile(out).discard_if_empty()
    assert not part_file.part_path(out).exists()
    part = PartFile(out)
    part.write(LINE)
    part.discard_if_empty()
    assert len(part_file.finish(out).entries) == 1


def test_a_path_that_can_not_be_written_is_named(tmp_path: Path, out: str) -> None:
    with pytest.raises(SetupError, match=r"gone/a\.har\.part: no such folder"):
        PartFile(str(tmp_path / "gone" / "a.har"))
    with limit_file_size(10), pytest.raises(SetupError, match=r"a\.har\.part: .*; name an --out"):
        PartFile(out)
    assert not part_file.part_path(out).exists()
    part_file.part_path(out).mkdir()
    with pytest.raises(SetupError, match=r"a\.har\.part: is a directory; name another --out"):
        part_file.has_interrupted(out)
