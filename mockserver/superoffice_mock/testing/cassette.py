"""A recording beside a test: its tenant answers from it, or writes it."""

from pathlib import Path
from typing import Final

from superoffice_contract.messages import NO_FOLDER, describe_os_error
from superoffice_mock.errors import SetupError
from superoffice_mock.testing.server import MockServer
from superoffice_mock.testing.tenant import SuperOffice

RECORD_MODES: Final = ("none", "once", "all")
"""Never record; record if the file does not exist; record every time."""


class Cassette:
    """The file at *path* during one test: *office* answers from it, or its calls are recorded.

    *record* is one of `RECORD_MODES`. Raise SetupError for a file that can't be replayed.
    """

    def __init__(self, server: MockServer, office: SuperOffice, path: Path, record: str) -> None:
        self._server = server
        self._office = office
        self._path = path
        self._is_recording = record == "all" or (record == "once" and not path.exists())
        if self._is_recording:
            office.record()
        elif path.exists():
            server.play(office, str(path))
        else:
            msg = f'{path}: there is no such file; record="once" makes it'
            raise SetupError(msg)

    def end(self, *, failed: bool) -> None:
        """Stop replaying or recording; write the file, unless the test *failed*."""
        if not self._is_recording:
            self._server.simulate(self._office)
            return
        content = self._office.recorded()
        if not failed:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_bytes(content)
            except OSError as error:
                msg = f"{self._path}: can't be written: {describe_os_error(error, NO_FOLDER)}"
                raise SetupError(msg) from None
