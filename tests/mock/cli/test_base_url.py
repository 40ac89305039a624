"""A URL with the path of the call is refused at once, with the one to give."""

from pathlib import Path
from typing import Final

from tests.contract.grading.builders import entry, har_of
from tests.support.local_servers import invoke

CALL: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
VARIANTS: Final = (
    *(CALL, f"{CALL}/", CALL.lower(), CALL.upper(), "/api", "/api/", "/API/", "/Api/V1"),
    *("/api/v1/", "/%61pi/v1", "/api/v2", "/api//v1", "//api/v1", "/api/v1/Agents"),
)
"""Ways in which a user may add the path of the call, or a part of it."""


def test_every_command_names_the_right_url_in_place_of_one_with_the_path_of_the_call(
    tmp_path: Path,
) -> None:
    recording = tmp_path / "a.har"
    recording.write_bytes(har_of(entry()))
    for words in (
        ("check",),
        ("check", "--real"),
        ("replay", recording, "--against"),
        ("replay", recording, "--real", "--against"),
        ("grade", "--journal"),
    ):
        for site in ("", "/Cust12345", "/some/SuperOffice"):
            for path in VARIANTS:
                result = invoke(*words, f"http://127.0.0.1:1{site}{path}")
                assert (result.exit_code, result.stdout) == (2, ""), (words, path)
                message = f"leave out /api and what follows; give http://127.0.0.1:1{site}\n"
                assert result.stderr.endswith(message), (words, site, path, result.stderr)
                assert result.stderr.count("\n") == 1


def test_record_names_the_right_upstream(tmp_path: Path) -> None:
    for path in VARIANTS:
        result = invoke(
            *("record", "--out", tmp_path / "a.har", "--upstream"), f"http://127.0.0.1:1{path}"
        )
        assert result.exit_code == 2, path
        assert "--upstream: give only http://127.0.0.1:1; the app appends " in result.stderr, path
        assert result.stderr.count("\n") == 1


def test_a_site_whose_name_has_api_in_it_is_no_call() -> None:
    for site in ("/apis", "/crm-api", "/webapi/SuperOffice", "/v1"):
        result = invoke("check", f"http://127.0.0.1:1{site}")
        assert "leave out" not in result.stderr, site
