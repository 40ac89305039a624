"""Reports, written where and as the user says."""

from collections.abc import Callable
from pathlib import Path

from superoffice_contract.report import FORMATS, Report
from superoffice_mock.errors import SetupError


def written(found: Report, shape: str, out: str | None, echo: Callable[..., None]) -> None:
    """Write *found* as *shape* to the file *out*, or echo it. Raise SetupError if it can't."""
    text = FORMATS[shape](found)
    if out is None:
        echo(text, nl=False)
        return
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{out}: can't be written: {error.strerror}"
        raise SetupError(msg) from error
