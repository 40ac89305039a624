"""Who may call /_mock/: programs of this machine, never web pages of others or other hosts."""

import pytest

from superoffice_mock.config.settings import Settings
from tests.support.in_process import Answered, Local

HERE = "127.0.0.1:8204"


@pytest.fixture
def local() -> Local:
    return Local()


@pytest.fixture
def locked() -> Local:
    return Local(Settings(control_token="sesame-ü"))


async def hold(local: Local, headers: dict[str, str]) -> Answered:
    """Try to take the lease, a change that shows."""
    return await local.call("POST", "/_mock/lease/hold", b"", headers)


async def refused(local: Local, headers: dict[str, str], status: int) -> str:
    """Try, expect a problem of *status* and no change; return what the problem says."""
    answered = await hold(local, headers)
    assert answered.status == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert local.tenant().state.lease is None
    problem = answered.json()
    assert problem["status"] == status
    return str(problem["detail"])


@pytest.mark.parametrize(
    "host",
    [
        HERE,
        "127.0.0.1",
        "127.9.9.9:1",
        "localhost",
        "LOCALHOST:80",
        "app.localhost:8204",
        "[::1]:8204",
    ],
)
async def test_a_host_that_can_only_be_this_machine_is_let_in(host: str, local: Local) -> None:
    assert (await hold(local, {"host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8204", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("10.0.0.1", "0.0.0.0", "[2001:db8::1]", "", "127.0.0.1@evil.example", "notlocalhost"),
        *("[::1", "]", "[", "1270.0.1"),
    ],
)
async def test_any_other_host_is_refused_so_that_no_name_can_be_rebound(
    host: str, local: Local
) -> None:
    assert "127.0.0.1" in await refused(local, {"host": host}, 403)


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1:3000"),
        *(f"https://{HERE}", "http://localhost:8204", f"http://{HERE}.evil.example", "file://"),
    ],
)
async def test_a_page_of_any_origin_but_our_own_is_refused(origin: str, local: Local) -> None:
    assert "origins" in await refused(local, {"host": HERE, "origin": origin}, 403)


async def test_a_page_of_our_own_is_let_in_and_gets_no_cors_headers(local: Local) -> None:
    answered = await hold(local, {"host": HERE, "origin": f"HTTP://{HERE}"})
    assert answered.status == 200
    assert not [name for name in answered.headers if name.startswith("access-control")]


async def test_a_browser_that_says_cross_site_is_refused_without_an_origin(local: Local) -> None:
    assert "origins" in await refused(local, {"sec-fetch-site": "cross-site"}, 403)


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_a_browser_that_says_it_is_our_own_page_or_the_user_is_let_in(
    site: str, local: Local
) -> None:
    assert (await hold(local, {"sec-fetch-site": site})).status == 200


# ---- the control token -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        *(None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic sesame", "sesame", "Bearer sesame"),
        *("Bearer sesame-ü x", "Bearer SESAME-Ü", "Token sesame-ü", "Bearer " + "x" * 100_000),
    ],
)
async def test_without_the_token_nothing_is_done(sent: str | None, locked: Local) -> None:
    headers = {} if sent is None else {"authorization": sent.encode().decode("latin-1")}
    answered = await hold(locked, headers)
    assert answered.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer" in await refused(locked, headers, 401)
    assert b"sesame" not in answered.body


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_with_the_token_other_hosts_are_let_in(scheme: str, locked: Local) -> None:
    token = f"{scheme} sesame-ü".encode().decode("latin-1")
    answered = await hold(locked, {"authorization": token, "host": "mock.example:8204"})
    assert answered.status == 200


async def test_with_the_token_pages_of_others_are_still_refused(locked: Local) -> None:
    token = "Bearer sesame-ü".encode().decode("latin-1")
    headers = {"authorization": token, "origin": "https://evil.example"}
    assert "origins" in await refused(locked, headers, 403)


async def test_health_needs_no_token_but_is_not_for_pages_of_others(locked: Local) -> None:
    assert (await locked.call("GET", "/_mock/health", b"", {})).status == 200
    page = await locked.call("GET", "/_mock/health", b"", {"origin": "https://evil.example"})
    assert page.status == 403


async def test_the_vendor_surface_needs_no_control_token(locked: Local) -> None:
    assert (await locked.call()).status == 204
