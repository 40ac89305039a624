"""No module is too long to read, and none is a sliver that should be part of another."""

from pathlib import Path
from typing import Final

import superoffice_contract
import superoffice_mock

MOST_LINES: Final = 400
LEAST_LINES: Final = 40
ENTRY_POINTS: Final = frozenset(
    ("__init__", "__main__", "errors", "version", "hooks", "export_config", "compiled")
)
"""Modules that may be short: a package's face, what is run, also by the build, and public names."""
LISTS: Final = frozenset(("cli", "endpoints", "operations"))
"""Folders with a module for each subcommand, each subject of /_mock/, and each operation."""
MODULES: Final = [
    path
    for package in (superoffice_contract, superoffice_mock)
    for path in sorted(Path(package.__path__[0]).rglob("*.py"))
]


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_too_long() -> None:
    too_long = {path.name: length(path) for path in MODULES if length(path) > MOST_LINES}
    assert too_long == {}


def test_only_entry_points_and_public_names_are_short() -> None:
    short = {
        str(path): length(path)
        for path in MODULES
        if length(path) < LEAST_LINES
        and path.stem not in ENTRY_POINTS
        and path.parent.name not in LISTS
    }
    assert short == {}


def test_a_folder_has_about_a_dozen_modules() -> None:
    folders = {path.parent for path in MODULES} - {
        path.parent for path in MODULES if path.parent.name in (*LISTS, "checks")
    }
    counts = {str(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert {folder: count for folder, count in counts.items() if count > 13} == {}
