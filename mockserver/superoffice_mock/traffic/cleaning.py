"""A HAR made elsewhere, made harmless: from one file into another."""

from pathlib import Path
from typing import Final

from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Recording
from superoffice_mock.redaction.redactor import Redaction

IN_PLACE: Final = "is the file to read; name another one, or say --in-place to replace it"


def redact(source: str, target: str, max_bytes: int) -> Recording:
    """Write what is in the HAR *source*, made harmless, to *target*; return it.

    Raise SetupError if *source* is no HAR or *target* can't be written.
    """
    recording = Redaction().recording(har_file.load(source, max_bytes))
    har_file.write(target, recording)
    return recording


def check_other(source: str, target: str) -> None:
    """Raise SetupError if *target* is the file *source*."""
    try:
        same = Path(source).samefile(target)
    except OSError:  # one of them is not there yet
        same = False
    if same:
        msg = f"{target} {IN_PLACE}"
        raise SetupError(msg)
