"""The way into the dashboard: its files, who may read and change something, and `GET /`."""

import re
from pathlib import Path
from typing import Final

import pytest

from superoffice_contract import timeline
from superoffice_mock.config.settings import Settings
from superoffice_mock.control.endpoints import dashboard
from superoffice_mock.control.router import CALLS
from superoffice_mock.control.sessions import LIFETIME, MAX_SESSIONS, Sessions
from tests.mock.control.problems import expect_problem, read_problem
from tests.support.in_process import ClientResponse, InProcessMock

TOKEN: Final = "sesame, öffne dich"
PAGE: Final = {"x-superoffice-mock": "dashboard"}
COOKIE: Final = "superoffice-mock-8204"


@pytest.fixture
def protected() -> InProcessMock:
    """A mock with a control token."""
    return InProcessMock(Settings(control_token=TOKEN))


async def get(local: InProcessMock, path: str, **headers: str) -> ClientResponse:
    return await local.call("GET", path, b"", headers)


async def sign_in(local: InProcessMock) -> dict[str, str]:
    """Sign in and return the header with the cookie."""
    body = f'{{"token": "{TOKEN}"}}'.encode()
    response = await local.call("POST", "/_mock/session", body, {})
    assert response.json() == {"needed": True, "signed_in": True}
    value = response.cookies[COOKIE].partition(";")[0]
    return {"cookie": f"other=1; {COOKIE}={value}"}


async def test_the_page_and_its_files_are_served_and_nothing_else(local: InProcessMock) -> None:
    page = await get(local, "/_mock/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    folders = (dashboard.FOLDER, Path(timeline.__path__[0]))
    files = {file.name for folder in folders for file in folder.iterdir()}
    for name in {name for name in files if name.endswith((".js", ".css"))}:
        asset = await get(local, f"/_mock/assets/{name}")
        kind = "javascript" if name.endswith(".js") else "css"
        assert asset.headers["content-type"] == f"text/{kind}; charset=utf-8"
    named = re.findall(rb'(?:src|href)="assets/([^"]+)"', page.body)
    assert {name.decode() for name in named} <= files
    for name in ("index.html", "svg.py", "..%2findex.html", "%2e%2e", "x.js", ""):
        detail = await expect_problem(local, "GET", f"assets/{name}", 404)
        assert "dashboard.js" in detail or "no such control call" in detail, name


async def test_no_page_of_another_site_can_frame_or_read_it_or_give_it_code(
    local: InProcessMock,
) -> None:
    for path in ("/_mock/", "/_mock/assets/dashboard.js"):
        headers = (await get(local, path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
    for name, value in (
        ("origin", "http://127.0.0.1:3000"),
        ("sec-fetch-site", "cross-site"),
        ("host", "evil.example"),
    ):
        for path in ("/_mock/", "/_mock/assets/dashboard.js", "/_mock/session", "/_mock/events"):
            assert (await get(local, path, **{name: value})).status == 403, (name, path)


async def test_the_root_leads_to_the_dashboard_and_is_in_no_journal(local: InProcessMock) -> None:
    for path in ("/", "/_mock"):
        response = await get(local, path, accept="text/html,*/*;q=0.8")
        assert (response.status, response.headers["location"]) == (307, "/_mock/")
    for accept in ("*/*", "application/json"):
        answer = (await get(local, "/", accept=accept)).json()
        assert answer["dashboard"] == "/_mock/"
        assert (await get(local, answer["control"])).status == 200
    assert (await local.call("HEAD", "/", b"", {})).status == 200
    assert local.exchanges() == []
    assert (await local.call("POST", "/", b"", {})).status == 404
    assert len(local.exchanges()) == 1


async def test_the_page_needs_no_token_but_all_that_it_shows_does(protected: InProcessMock) -> None:
    for path in ("/_mock/", "/_mock/assets/api.js", "/_mock/session", "/_mock/health", "/"):
        assert (await get(protected, path)).status == 200, path
    assert (await get(protected, "/_mock/session")).json() == {"needed": True, "signed_in": False}
    for call in CALLS:
        name, path = call.split()
        response = await protected.call(name, f"/_mock{path}".replace("{id}", "1"), b"", {})
        assert (response.status == 401) is (call != "GET /health"), call
        assert TOKEN.encode() not in response.body


async def test_a_session_may_read_and_with_the_header_of_the_page_change(
    protected: InProcessMock,
) -> None:
    cookie = await sign_in(protected)
    assert (await get(protected, "/_mock/lease", **cookie)).status == 200
    assert (await get(protected, "/_mock/session", **cookie)).json()["signed_in"] is True
    detail = await expect_problem(protected, "POST", "lease/hold", 403, headers=cookie)
    assert "needs the header X-Superoffice-Mock" in detail
    held = await protected.call("POST", "/_mock/lease/hold", b"", cookie | PAGE)
    assert held.json()["held"] is True
    bearer = {"authorization": f"Bearer {TOKEN}".encode().decode("latin-1")}
    assert (await protected.call("POST", "/_mock/lease/release", b"", bearer)).status == 200
    await expect_problem(protected, "POST", "lease/hold", 401, headers=PAGE)


async def test_a_session_ends_by_itself_and_by_signing_out(protected: InProcessMock) -> None:
    cookie = await sign_in(protected)
    protected.real_time += LIFETIME - 1
    assert (await get(protected, "/_mock/lease", **cookie)).status == 200
    protected.real_time += 1
    assert (await get(protected, "/_mock/lease", **cookie)).status == 401
    cookie = await sign_in(protected)
    response = await protected.call("DELETE", "/_mock/session", b"", cookie | PAGE)
    assert response.json() == {"needed": True, "signed_in": False}
    assert "Max-Age=0" in response.cookies[COOKIE]
    assert (await get(protected, "/_mock/lease", **cookie)).status == 401


async def test_the_cookie_is_for_no_script_and_no_other_site(protected: InProcessMock) -> None:
    body = f'{{"token": "{TOKEN}"}}'.encode()
    response = await protected.call("POST", "/_mock/session", body, {})
    value, *attributes = response.cookies[COOKIE].split("; ")
    assert len(value) >= 43  # 256 bits
    assert {name.lower() for name in attributes} == {
        *("httponly", "max-age=28800", "path=/_mock/", "samesite=strict"),
    }
    assert TOKEN not in response.cookies[COOKIE]
    other_port = {"host": "127.0.0.1:9000"}
    response = await protected.call("POST", "/_mock/session", body, other_port)
    assert list(response.cookies) == ["superoffice-mock-9000"]


async def test_a_wrong_token_and_one_that_nobody_needs_are_told(
    protected: InProcessMock, local: InProcessMock
) -> None:
    for body, status, words in (
        (b'{"token": "sesam"}', 401, "not the control token"),
        (b'{"token": ""}', 401, "not the control token"),
        (b"{}", 400, "token"),
    ):
        response = await protected.call("POST", "/_mock/session", body, {})
        assert words in read_problem(response, status)
        assert "set-cookie" not in response.headers
    response = await local.call("POST", "/_mock/session", b'{"token": ""}', {})
    assert "has no control token" in read_problem(response, 409)


def test_of_too_many_sessions_the_oldest_makes_room_and_ended_ones_do_first() -> None:
    sessions = Sessions("token")
    ids = [sessions.open(number) for number in range(MAX_SESSIONS + 1)]
    assert [sessions.is_open(id_, 200) for id_ in ids] == [False, *[True] * MAX_SESSIONS]
    newest = sessions.open(LIFETIME + 50)
    assert sessions.is_open(newest, LIFETIME + 50)
    assert sessions.is_open(ids[-1], LIFETIME + 50)
    assert not sessions.is_open("", 0)
    assert not Sessions(None).accepts(b"")
