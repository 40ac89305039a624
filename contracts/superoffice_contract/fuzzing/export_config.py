"""Write the files that `st run` needs: `python -m superoffice_contract.fuzzing.export_config .`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from superoffice_contract import output_files
from superoffice_contract.messages import NO_FOLDER, describe_os_error

_PACKAGE: Final = Path(__file__).parents[1]
FILES: Final = (_PACKAGE / "fuzzing" / "schemathesis.toml", _PACKAGE / "openapi" / "openapi.yaml")


def write(folder: Path) -> None:
    """Write FILES into *folder*. Raise OSError, FileExistsError if one of them exists."""
    existing = [folder / file.name for file in FILES if (folder / file.name).exists()]
    if existing:
        raise FileExistsError(0, "exists already; move it, or give another folder", existing[0])
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        output_files.create(folder / file.name, file.read_bytes())


def main(arguments: Sequence[str] | None = None) -> None:
    """Write them into the folder that *arguments* name; exit with code 2 on an error."""
    parser = argparse.ArgumentParser(
        "python -m superoffice_contract.fuzzing.export_config", description=__doc__
    )
    parser.add_argument(
        "folder", type=Path, help="the folder in which you will run `st run openapi.yaml`"
    )
    folder = parser.parse_args(arguments).folder
    try:
        write(folder)
    except OSError as error:
        parser.exit(2, f"{error.filename or folder}: {describe_os_error(error, NO_FOLDER)}\n")


if __name__ == "__main__":
    main()
