"""The `.part` file: only whole lines, a single writer, and a HAR at the end."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from superoffice_contract.output_files import create, replace
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file, part_file
from superoffice_mock.recordings.model import About
from superoffice_mock.recordings.part_file import PartFile, PartWriteError
from tests.support.recordings import entry

resource = pytest.importorskip("resource", reason="Windows has no limits of files")
Act = Callable[[], object]
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
    file = PartFile.create(out)
    yield file
    file.close()


def test_every_line_is_at_once_in_a_file_that_readers_accept(part: PartFile, out: str) -> None:
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
    assert len(part.finish(create).recording.entries) == 2


def test_a_file_never_gets_too_long_to_be_read_back(part: PartFile) -> None:
    with pytest.raises(PartWriteError, match="has reached the size"):
        part.write(b"a" * part_file.MAX_PART_BYTES)
    with pytest.raises(PartWriteError, match="has reached the size"):
        part.write(b"," * part_file.MAX_PART_VALUES)
    part.write(LINE)


def test_finish_replaces_the_part_file_by_a_har(part: PartFile, out: str) -> None:
    part.write(LINE)
    finished = part.finish(create, About(redacted={"name": 2}))
    assert (finished.file, finished.problems) == (out, ())
    assert har_file.load(out) == finished.recording
    assert finished.recording.about == About(redacted={"name": 2})
    assert not part_file.part_path(out).exists()
    assert PartFile.find_interrupted(out) is None


def test_a_har_that_has_appeared_meanwhile_is_replaced_only_by_replace(out: str) -> None:
    for write_file, place in ((create, f"{out}.part"), (replace, out)):
        part = PartFile.create(out)
        part.write(LINE)
        Path(out).write_text("other")
        finished = part.finish(write_file)
        appeared = (f"{out} appeared meanwhile and is not replaced",)
        assert (finished.file, finished.problems) == (place, () if place == out else appeared)
        assert len(har_file.load(place).entries) == 1
        assert (Path(out).read_text() == "other") == (place != out)
        part_file.part_path(out).unlink(missing_ok=True)


def test_what_others_do_with_the_part_file_is_told_and_nothing_is_lost(out: str) -> None:
    path = part_file.part_path(out)

    def put_another() -> None:
        path.unlink()
        path.write_text("another")

    cases: tuple[tuple[Act, str | None, str | None], ...] = (
        (path.unlink, "was removed", None),
        (put_another, "was replaced", "another"),
        (lambda: path.rename(f"{out}.old"), "was removed", None),
        (lambda: path.open("ab").close(), None, None),
        (lambda: path.write_bytes(path.read_bytes() + LINE), "was changed", None),
    )
    for meddle, problem, rest in cases:
        part = PartFile.create(out)
        part.write(LINE)
        meddle()
        finished = part.finish(replace)
        expected = () if problem is None else (f"{path} {problem} while recording",)
        assert (finished.file, finished.problems) == (out, expected)
        assert len(har_file.load(out).entries) == (2 if problem == "was changed" else 1)
        assert (path.read_text() if path.exists() else None) == rest
        path.unlink(missing_ok=True)


def test_a_recording_without_a_name_is_kept_under_a_new_one(out: str) -> None:
    part = PartFile.create(out)
    part.write(LINE)
    part_file.part_path(out).unlink()
    Path(out).touch()
    finished = part.finish(create)
    assert finished.file not in (out, f"{out}.part")
    assert len(har_file.load(finished.file).entries) == 1
    assert len(finished.problems) == 2
    folder = Path(out).with_name("folder")
    folder.mkdir()
    part = PartFile.create(str(folder / "a.har"))
    folder.rename(f"{folder}.old")
    with pytest.raises(SetupError, match=r"\.part: no such folder; the recording is lost"):
        part.finish(create)


def test_a_torn_part_file_is_finished_without_its_last_line(part: PartFile, out: str) -> None:
    part.write(LINE)
    part.close()
    with part_file.part_path(out).open("ab") as file:
        file.write(LINE[:-9])
    interrupted = PartFile.find_interrupted(out)
    assert interrupted is not None
    recording = interrupted.finish(create).recording
    assert len(recording.entries) == 1
    assert recording.notes == ("its last line is incomplete and was left out",)
    assert len(har_file.load(out).entries) == 1


def test_a_damaged_part_file_is_kept(out: str) -> None:
    part_file.part_path(out).write_bytes(b"no recording")
    interrupted = PartFile.find_interrupted(out)
    assert interrupted is not None
    with pytest.raises(SetupError, match=r"a\.har\.part: .*; move it away to record to .*a\.har"):
        interrupted.finish(create)
    assert part_file.part_path(out).read_bytes() == b"no recording"


def test_the_part_file_is_kept_if_the_har_can_not_be_written(part: PartFile, out: str) -> None:
    part.write(LINE)
    advice = r"name a file that can be written; the recording is in .*a\.har\.part"
    with limit_file_size(10), pytest.raises(SetupError, match=advice):
        part.finish(create)
    assert len(har_file.load(f"{out}.part").entries) == 1
    assert [path.name for path in Path(out).parent.iterdir()] == ["a.har.part"]


def test_a_file_that_another_recorder_is_writing_is_an_error(out: str) -> None:
    program = (
        "import sys; from superoffice_mock.recordings.part_file import PartFile;"
        "part = PartFile.create(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, out], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == b"ready\n"
        with pytest.raises(SetupError, match="is being written by another recorder"):
            PartFile.find_interrupted(out)
        recorder.kill()
        recorder.wait()
        interrupted = PartFile.find_interrupted(out)
        assert interrupted is not None
        interrupted.close()


def test_a_recording_is_discarded_only_if_it_holds_no_exchange(out: str) -> None:
    part_file.part_path(out).touch()
    assert PartFile.find_interrupted(out) is None
    assert not part_file.part_path(out).exists()
    PartFile.create(out).discard_if_empty()
    assert not part_file.part_path(out).exists()
    part = PartFile.create(out)
    part.write(LINE)
    part.discard_if_empty()
    assert len(har_file.load(f"{out}.part").entries) == 1


def test_the_part_file_is_new_and_only_its_owner_can_read_it(part: PartFile, out: str) -> None:
    path = part_file.part_path(out)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    part.close()
    victim = Path(out).with_name("victim")
    victim.write_bytes(har_file.header_line(About()) + LINE)
    ways: tuple[Act, ...] = (
        lambda: path.symlink_to(victim),
        lambda: path.symlink_to("nowhere"),
        path.mkdir,
        lambda: os.mkfifo(path),
    )
    for plant in ways:
        path.rmdir() if path.is_dir() else path.unlink()
        plant()
        with pytest.raises(SetupError, match=r"a\.har\.part: file exists; name an --out that can"):
            PartFile.create(out)
        with pytest.raises(SetupError, match=r"a\.har\.part is not a regular file; move it away"):
            PartFile.find_interrupted(out)
    assert len(har_file.load(str(victim)).entries) == 1
    assert not Path(out).with_name("nowhere").exists()


def test_a_path_that_can_not_be_written_is_named(tmp_path: Path, out: str) -> None:
    with pytest.raises(SetupError, match=r"gone/a\.har\.part: no such folder"):
        PartFile.create(str(tmp_path / "gone" / "a.har"))
    with limit_file_size(10), pytest.raises(SetupError, match=r"a\.har\.part: .*; name an --out"):
        PartFile.create(out)
    assert not part_file.part_path(out).exists()
