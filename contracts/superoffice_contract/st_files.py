"""Write what Schemathesis on its own needs: `python -m superoffice_contract.st_files FOLDER`."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

FILES: Final = ("schemathesis.toml", "openapi.yaml")


def write(folder: Path) -> None:
    """Write FILES into *folder*. Raise OSError if it can't be, FileExistsError if one is there."""
    there = [folder / name for name in FILES if (folder / name).exists()]
    if there:
        raise FileExistsError(0, "is there already; move it away, or name another folder", there[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(Path(__file__).with_name(name), folder / name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write them into the folder that *arguments* name; exit with 2 if that can't be."""
    parser = argparse.ArgumentParser("python -m superoffice_contract.st_files", description=__doc__)
    parser.add_argument("folder", type=Path, help="where `st run openapi.yaml` will be called")
    folder = parser.parse_args(arguments).folder
    try:
        write(folder)
    except OSError as error:
        parser.exit(2, f"{error.filename or folder}: {error.strerror}\n")


if __name__ == "__main__":
    main()
