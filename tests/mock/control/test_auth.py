"""Access to /_mock/: programs on this machine have it, other hosts and foreign web pages do not."""

import pytest

from superoffice_mock.config.settings import Settings
from tests.mock.control.problems import expect_problem
from tests.support.in_process import ClientResponse, InProcessMock

HOST = "127.0.0.1:8204"
TOKEN = "sesame-ü".encode().decode("latin-1")


@pytest.fixture
def protected_mock() -> InProcessMock:
    return InProcessMock(Settings(control_token="sesame-ü"))


async def hold(local: InProcessMock, headers: dict[str, str]) -> ClientResponse:
    """Hold the lease: a call that changes something."""
    return await local.call("POST", "/_mock/lease/hold", b"", headers)


async def expect_refusal(local: InProcessMock, headers: dict[str, str], status: int) -> str:
    return await expect_problem(local, "POST", "lease/hold", status, headers=headers)


async def test_a_host_that_can_only_be_this_machine_is_accepted() -> None:
    for host in (
        *(HOST, "127.0.0.1", "127.9.9.9:1", "localhost", "LOCALHOST:80", "app.localhost:8204"),
        "[::1]:8204",
    ):
        assert (await hold(InProcessMock(), {"host": host})).status == 200, host


async def test_any_other_host_is_refused_which_stops_dns_rebinding(local: InProcessMock) -> None:
    for host in (
        *("evil.example", "evil.example:8204", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("10.0.0.1", "0.0.0.0", "[2001:db8::1]", "", "127.0.0.1@evil.example", "notlocalhost"),
        *("[::1", "]", "[", "1270.0.1", "[::1].evil.example", "x@evil", "x@127.0.0.1"),
        *("127.0.0.1/evil", "::1"),
    ):
        assert "127.0.0.1" in await expect_refusal(local, {"host": host}, 403), host


async def test_a_page_of_a_foreign_origin_is_refused(local: InProcessMock) -> None:
    for origin in (
        *("https://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1:3000"),
        *(f"https://{HOST}", "http://localhost:8204", f"http://{HOST}.evil.example", "file://"),
    ):
        headers = {"host": HOST, "origin": origin}
        assert "origins" in await expect_refusal(local, headers, 403), origin


async def test_a_page_of_the_mock_is_accepted_without_cors_headers(local: InProcessMock) -> None:
    response = await hold(local, {"host": HOST, "origin": f"HTTP://{HOST}"})
    assert response.status == 200
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_of_sec_fetch_site_only_cross_site_is_refused(local: InProcessMock) -> None:
    assert "origins" in await expect_refusal(local, {"sec-fetch-site": "cross-site"}, 403)
    own_page = {"sec-fetch-site": "cross-site", "host": "127.0.0.1", "origin": "http://127.0.0.1"}
    assert "origins" in await expect_refusal(local, own_page, 403)
    for site in ("same-origin", "none"):
        assert (await hold(InProcessMock(), {"sec-fetch-site": site})).status == 200, site


async def test_a_call_without_the_right_token_is_refused(protected_mock: InProcessMock) -> None:
    for value in (
        *(None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic sesame", "sesame", "Bearer sesame"),
        *("Bearer sesame-ü x", "Bearer SESAME-Ü", "Token sesame-ü", "Bearer " + "x" * 100_000),
    ):
        headers = {} if value is None else {"authorization": value.encode().decode("latin-1")}
        assert "Authorization: Bearer" in await expect_refusal(protected_mock, headers, 401)
        response = await hold(protected_mock, headers)
        assert response.headers["www-authenticate"] == "Bearer", value
        assert b"sesame" not in response.body, value


async def test_other_hosts_are_accepted_with_the_token(protected_mock: InProcessMock) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"authorization": f"{scheme} {TOKEN}", "host": "mock.example:8204"}
        response = await protected_mock.call("POST", "/_mock/lease/release", b"", headers)
        assert response.status == 200, scheme


async def test_the_token_admits_no_page_of_a_foreign_origin(protected_mock: InProcessMock) -> None:
    page = {"origin": "https://evil.example"}
    signed_in = page | {"authorization": f"Bearer {TOKEN}"}
    assert "origins" in await expect_refusal(protected_mock, signed_in, 403)
    await expect_problem(protected_mock, "GET", "health", 403, headers=page)
