"""Files are written whole, in one step, and never through a link."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import superoffice_contract
import superoffice_mock
from superoffice_contract import output_files

resource = pytest.importorskip("resource", reason="Windows has no FIFOs and limits of files")
NEW, OLD = b"new", b"old"
Write = Callable[[Path, bytes], None]


WRITES = re.compile(
    r"\.write_(text|bytes)\(|\bos\.(replace|rename|link)\(|O_CREAT|\bshutil\b"
    r"|(?<!devnull\)\.)open\([^)]*[\"'][wax]|mkstemp|NamedTemporaryFile"
)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_unfinished_file_has_a_random_name_in_its_folder_and_only_its_owner_can_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, drafts = tmp_path / "a", list[Path]()

    def look(_: int) -> None:
        drafts.extend(file for file in tmp_path.iterdir() if file != path)

        assert mode_of(drafts[-1]) == 0o600
        assert (drafts[-1].read_bytes(), path.exists() and path.read_bytes()) in expected

    monkeypatch.setattr(os, "fsync", look)
    expected: list[tuple[bytes, object]] = [(NEW, False)]
    output_files.create(path, NEW)
    expected = [(OLD, NEW)]
    output_files.replace(path, OLD)
    assert len({draft.name for draft in drafts}) == len(drafts) == 2
    assert (path.read_bytes(), names_in(tmp_path)) == (OLD, ["a"])


def test_a_new_file_has_usual_permissions_and_a_replaced_one_keeps_its_own(tmp_path: Path) -> None:
    usual, new, created = tmp_path / "usual", tmp_path / "new", tmp_path / "created"
    usual.touch()
    output_files.replace(new, NEW)
    output_files.create(created, NEW)
    assert mode_of(new) == mode_of(created) == mode_of(usual)
    for mode in (0o600, 0o640, 0o444):
        new.chmod(mode)
        output_files.replace(new, OLD)
        assert (mode_of(new), new.read_bytes()) == (mode, OLD)


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    path, victim = tmp_path / "path", tmp_path / "victim"
    victim.write_bytes(OLD)
    plants: tuple[Callable[[], object], ...] = (
        lambda: path.symlink_to(victim),
        lambda: path.symlink_to("nowhere"),
        lambda: path.symlink_to("path"),
        lambda: path.hardlink_to(victim),
    )
    for plant in plants:
        plant()
        with pytest.raises(FileExistsError):
            output_files.create(path, NEW)
        output_files.replace(path, NEW)
        assert (path.read_bytes(), path.is_symlink(), victim.read_bytes()) == (NEW, False, OLD)
        path.unlink()
    assert names_in(tmp_path) == ["victim"]


def test_nothing_is_replaced_by_create_not_even_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    for new in (tmp_path / "a", tmp_path / "b"):
        output_files.create(new, NEW)
        with pytest.raises(FileExistsError):
            output_files.create(new, OLD)
        assert new.read_bytes() == NEW
        monkeypatch.setattr(os, "link", refuse)
    assert names_in(tmp_path) == ["a", "b"]


def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path, folder, closed = tmp_path / "a", tmp_path / "folder", tmp_path / "closed"
    path.write_bytes(OLD)
    folder.mkdir()
    closed.mkdir(0o555)
    (tmp_path / "link").symlink_to(folder)
    writes: tuple[Write, ...] = (output_files.create, output_files.replace)
    places = [folder, tmp_path / "link", tmp_path / "gone" / "a", path / "a"]
    for write in writes:
        for place in places if os.geteuid() == 0 else [*places, closed / "a"]:
            with pytest.raises(OSError, match=r"\w") as error:
                write(place, NEW)
            assert ".superoffice-mock" not in str(error.value.filename), place
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            output_files.replace(path, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == OLD
    assert names_in(tmp_path) == ["a", "closed", "folder", "link"]
    assert names_in(folder) == names_in(closed) == []


def test_a_pipe_or_device_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="No such device or address"):  # nobody reads it
        output_files.replace(pipe, NEW)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    output_files.replace(pipe, NEW)
    assert os.read(reader, 9) == NEW
    os.close(reader)
    output_files.replace("/dev/null", NEW)
    for path in (pipe, Path("/dev/null"), tmp_path):
        output_files.remove(path)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_standard_output_is_written_to_where_it_leads(tmp_path: Path) -> None:
    program = (
        "from superoffice_contract import output_files\n"
        "for path in ('/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'):\n"
        "    output_files.replace(path, path.encode() + b' ')"
    )
    command, expected = [sys.executable, "-c", program], "/dev/stdout /dev/fd/1 /proc/self/fd/1 "
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == expected
    with (tmp_path / "out").open("w") as file:
        subprocess.run(command, stdout=file, check=True)
    assert (tmp_path / "out").read_text() == expected
    assert Path("/dev/stdout").is_symlink()


def test_remove_takes_the_name_away_and_follows_no_link(tmp_path: Path) -> None:
    path, victim = tmp_path / "path", tmp_path / "victim"
    victim.touch()
    path.symlink_to(victim)
    for _ in range(2):
        output_files.remove(path)
    assert names_in(tmp_path) == ["victim"]


def test_names_of_one_file_are_the_same(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.touch()
    other.touch()
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "hard").hardlink_to(path)
    for name in ("link", "hard", "a", "../" + tmp_path.name + "/a"):
        assert output_files.is_same(path, tmp_path / name), name
    for name in ("b", "gone"):
        assert not output_files.is_same(path, tmp_path / name), name
    assert not output_files.is_same(tmp_path / "gone", tmp_path / "gone")


def test_no_other_module_of_the_product_writes_files() -> None:
    folders = (*superoffice_contract.__path__, *superoffice_mock.__path__)
    modules = [path for folder in folders for path in Path(folder).rglob("*.py")]
    writers = [path.name for path in modules if WRITES.search(path.read_text(encoding="utf-8"))]
    assert writers == ["output_files.py"]
