"""What signs an app in is in no journal, no log and no answer, wherever it is sent."""

from typing import Final

from superoffice_mock.access_log import format_json, format_text
from tests.support.in_process import InProcessMock
from tests.support.sign_in import (
    AUTHENTICATE,
    FORM,
    JSON,
    REFRESH_TOKEN,
    SECRET,
    SYSTEM_USER,
    TOKENS,
    authenticate,
    refresh,
    sign,
    tables,
    time_text,
)

MARK: Final = "Zq7secretZq7"
"""A part of every secret below that is sent to the wrong place."""


async def all_output(local: InProcessMock) -> str:
    """Return all that the mock reports about the calls so far."""
    output = [write(entry) for entry in local.log for write in (format_text, format_json)]
    for tenant in [tenant.facts.id for tenant in local.mock.tenants]:
        listed = await local.call("GET", f"/_mock/requests?tenant={tenant}", b"", {})
        output.append(listed.body.decode())
        for request in listed.json()["requests"]:
            path = f"/_mock/requests/{request['id']}?tenant={tenant}"
            output.append((await local.call("GET", path, b"", {})).body.decode())
    return "\n".join(output)


async def test_what_signs_in_is_in_no_journal_and_no_log() -> None:
    local = InProcessMock(tables=tables())
    secrets = [SECRET, SYSTEM_USER, REFRESH_TOKEN]
    token = sign(f"{SYSTEM_USER}.{time_text()}")
    ticket_answer = (await authenticate(local, SignedSystemToken=token)).json()
    tokens_answer = (await refresh(local)).json()
    secrets += [
        token,
        ticket_answer["Token"],
        *(tokens_answer[n] for n in ("access_token", "id_token")),
    ]
    output = await all_output(local)
    assert "IssueTokens" in output
    assert [secret for secret in secrets if secret in output] == []


async def test_a_secret_in_a_wrong_place_is_in_no_journal_no_log_and_no_answer() -> None:
    for path, body, headers in (
        (AUTHENTICATE, f'{{"ApplicationToken": "{MARK}', JSON),
        (AUTHENTICATE, f'{{"applicationtoken": "{MARK}"}}', JSON),
        (AUTHENTICATE, f'{{"ApplicationToken": ["{MARK}"]}}', JSON),
        (AUTHENTICATE, f'{{"ContextIdentifier": "{MARK}"}}', JSON),
        (AUTHENTICATE, f'"{MARK}"', JSON),
        (AUTHENTICATE, f"ApplicationToken={MARK}", FORM),
        (AUTHENTICATE, f'{{"AplicationToken": "{MARK}", "X": {{"a": "{MARK}"}}}}', JSON),
        (AUTHENTICATE, f'{{"ApplicationToken": "a", "applicationtoken": "{MARK}"}}', JSON),
        (f"{AUTHENTICATE}?{MARK}", "{}", JSON),
        (TOKENS, MARK, FORM),
        (TOKENS, f"{MARK}=", FORM),
        (TOKENS, f"client_secret=a&{MARK}=b&clientsecret={MARK}", FORM),
        (TOKENS, f"grant_type=refresh_token&client_secret=a&{MARK}", FORM),
        (f"{TOKENS}?{MARK}=1", "grant_type=refresh_token", FORM),
        (TOKENS, f"client_secret={MARK}", FORM),
        (TOKENS, f"grant_type=refresh_token&refresh_token={MARK}.{MARK}", FORM),
        (TOKENS, f"grant_type=refresh_token&refresh_token={MARK}", FORM),
        (TOKENS, f"client_secret[0]={MARK}", FORM),
        (TOKENS, f'{{"client_secret": "{MARK}"}}', JSON),
        (f"{TOKENS}?client_secret={MARK}", "grant_type=refresh_token", FORM),
    ):
        local = InProcessMock(tables=tables())
        answer = await local.call("POST", path, body.encode(), headers)
        assert answer.status in (200, 400, 404, 415, 501), body
        assert MARK not in answer.body.decode(), body
        assert MARK not in await all_output(local), body
