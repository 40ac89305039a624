"""What the dashboard reads beside the timeline: sign-ins, and the journal as a file."""

from pathlib import Path
from typing import Any, Final

import pytest

from superoffice_contract.grading.grade import grade_har
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Recording
from superoffice_mock.webapi import capture
from tests.support.in_process import PATH, InProcessMock

TICKET: Final = {"authorization": "SOTicket 7T:demo-ticket", "content-type": "application/json"}


async def list_credentials(tenant: str) -> Any:
    return await InProcessMock().control("GET", f"credentials?tenant={tenant}")


async def test_every_sign_in_of_a_tenant_is_listed_with_headers_that_work() -> None:
    local = InProcessMock()
    for tenant, names in (
        ("onsite", ["tje0, with a password", "ticket", "web session of tje0"]),
        ("Cust12345", ["access token of demo-app", "ticket", "web session of tje0"]),
    ):
        await local.control("POST", f"clock/jump?tenant={tenant}")
        listed = await local.control("GET", f"credentials?tenant={tenant}")
        assert [sign_in["name"] for sign_in in listed["sign_ins"]] == names
        for sign_in in listed["sign_ins"]:
            headers = sign_in["headers"] | {"content-type": "application/json"}
            answer = await local.call(path=f"/{tenant}{PATH}", headers=headers)
            assert answer.status == 204, (tenant, sign_in)


async def test_values_and_apps_are_listed_as_the_configuration_has_them() -> None:
    listed = await list_credentials("Cust54321")
    assert listed["apps"] == [
        {
            "app": "demo-app",
            "app_token": "demo-app-token",
            "client_id": "demo-app",
            "system_user_token": None,
            "granted": False,
        }
    ]
    assert [sign_in["values"] for sign_in in listed["sign_ins"]] == [
        {"access_token": "8A:Cust54321.demo-token"},
        {"ticket": "7T:demo-ticket", "app_token": "demo-app-token"},
    ]


async def test_a_ticket_without_an_app_signs_nobody_in_online() -> None:
    tenant = {"id": "Cust1", "installation": "online", "tickets": ["7T:lonely"]}
    listed = await InProcessMock(tables=[tenant]).control("GET", "credentials?tenant=Cust1")
    assert listed == {"sign_ins": [], "apps": []}


async def play() -> InProcessMock:
    """Return a mock at which one of two callers is turned away, and a call is refused."""
    local = InProcessMock()
    await local.control("POST", "clock/jump")
    await local.call(body=b'{"SyncUserAccounts":[{"AccountId":507}]}')
    await local.call(body=b'{"SyncUserAccounts":[{"AccountId":511}]}', headers=TICKET)
    await local.call(body=b"{")
    await local.call("GET", f"{PATH}?$select=a")
    return local


async def download(local: InProcessMock) -> tuple[bytes, Recording, str | None]:
    response = await local.call("GET", "/_mock/recordings/journal", b"", {})
    left_out = response.headers.get("superoffice-mock-left-out")
    return response.body, har_file.read(response.body), left_out


async def test_the_journal_as_har_has_outcomes_times_and_bodies_but_no_secret(
    tmp_path: Path,
) -> None:
    content, recording, left_out = await download(await play())
    entries = recording.entries
    assert left_out is None
    assert [(entry.label.outcome, entry.response.status) for entry in entries] == [
        ("started", 204),
        ("turned_away", 204),
        ("rejected", 400),
        ("served", 200),
    ]
    assert [entry.elapsed for entry in entries] == [0.0, 1.0, 0.0, 0.0]
    assert [entry.label.arrival for entry in entries] == [1, 2, 3, 4]
    assert entries[1].request.body == b'{"SyncUserAccounts":[{"AccountId":511}]}'
    assert [entry.response.body for entry in entries] == [b"", b"", None, None]
    assert [len(entry.label.notes) for entry in entries] == [0, 0, 1, 1]
    assert entries[2].label.notes == (capture.JOURNAL_NOTE,)
    assert b"demo-ticket" not in content
    assert b"dGplMDpUamUw" not in content
    file = tmp_path / "journal.har"
    file.write_bytes(content)
    assert "account 511 possibly lost" in str(grade_har(str(file)))


async def test_a_journal_too_long_for_a_file_keeps_its_newest_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    local = await play()
    monkeypatch.setattr(capture, "MAX_BYTES", 2_500)
    _, recording, left_out = await download(local)
    assert recording.entries[-1].label.outcome == "served"
    assert int(left_out or 0) == 4 - len(recording.entries) > 0
