"""Whatever a client sends to the sign-in, it gets a documented answer, and no secret leaks."""

from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.in_process import InProcessMock
from tests.support.sign_in import (
    REFRESH_TOKEN,
    SECRET,
    SYSTEM_USER,
    TENANT,
    TOKENS,
    authenticate,
    refresh,
    tables,
    time_text,
)

TEXTS: Final = st.text(max_size=40) | st.sampled_from(
    [SECRET, SYSTEM_USER, REFRESH_TOKEN, f"{SYSTEM_USER}.", f"{SYSTEM_USER}.{time_text()}.", TENANT]
)


@settings(deadline=None)  # the first call makes a key
@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("SignedSystemToken", "ApplicationToken", "ContextIdentifier"), TEXTS | st.none()
        ),
    )
)
async def test_any_system_user_gets_a_refusal_or_a_404(changes: dict[str, Any]) -> None:
    signed_by_another = {"SignedSystemToken": f"{SYSTEM_USER}.{time_text()}.AAAA"}
    answer = await authenticate(InProcessMock(tables=tables()), **signed_by_another | changes)
    if answer.status != 404:
        assert (answer.status, answer.json()["IsSuccessful"]) == (200, False)
        assert answer.json()["ErrorMessage"].startswith("Authorization error: ")


@settings(deadline=None)  # the first call makes a key
@given(
    st.fixed_dictionaries(
        {"refresh_token": TEXTS},
        optional=dict.fromkeys(
            ("grant_type", "client_id", "client_secret", "scope"), TEXTS | st.none()
        ),
    )
)
async def test_any_request_for_tokens_gets_an_error_of_the_rfc(changes: dict[str, Any]) -> None:
    answer = await refresh(InProcessMock(tables=tables()), **changes)
    if answer.status != 200:
        assert (answer.status, list(answer.json())) == (400, ["error", "error_description"])
        assert answer.headers["cache-control"] == "no-store"


async def test_what_signs_in_is_in_no_recording() -> None:
    local = InProcessMock(tables=tables())
    await local.call("POST", f"/_mock/recordings/start?tenant={TENANT}", b"", {})
    secrets = [SECRET, SYSTEM_USER, REFRESH_TOKEN]
    secrets.append((await authenticate(local)).json()["Token"])
    answer = (await refresh(local)).json()
    secrets += [answer["access_token"], answer["id_token"]]
    recording = await local.call("POST", f"/_mock/recordings/stop?tenant={TENANT}", b"", {})
    text = recording.body.decode()
    assert TOKENS in text
    assert [secret for secret in secrets if secret in text] == []
