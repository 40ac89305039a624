"""`GET /_mock/demo`: a page that signs a web panel in, and that other sites can't read."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

from tests.mock.control.problems import expect_problem
from tests.support.in_process import PATH, ClientResponse, InProcessMock


class Fields(HTMLParser):
    """The attributes of every element of a page, by its id."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.by_id: dict[str, dict[str, str | None]] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record one element."""
        element = {"tag": tag, **dict(attrs)}
        self.by_id[element.get("id") or ""] = element


async def get_page(
    local: InProcessMock, query: str = "", headers: dict[str, str] | None = None
) -> ClientResponse:
    response = await local.call("GET", f"/_mock/demo{query}", b"", headers or {})
    assert response.status == 200, response.body
    return response


def with_session(**session: str) -> InProcessMock:
    """A mock whose only tenant has *session*."""
    table: dict[str, Any] = {"id": "onsite", "installation": "onsite"}
    return InProcessMock(
        tables=[table | {"sessions": [{"id": "s", "xsrf": "x", "user": "u"} | session]}]
    )


async def test_the_session_and_xsrf_value_of_the_page_are_accepted(local: InProcessMock) -> None:
    for tenant in ("onsite", "Cust12345"):
        page = await get_page(local, f"?tenant={tenant}")
        fields = Fields(page.body).by_id
        field, form = fields["XSRF_TOKEN"], fields["sync"]
        found = (field["type"], field["name"], field["value"])
        assert found == ("hidden", "XSRF_TOKEN", "demo-xsrf")
        assert form["action"] == f"/{tenant}{PATH}"
        session = page.cookies["ASP.NET_SessionId"].partition(";")[0]
        headers = {"cookie": f"ASP.NET_SessionId={session}", "x-xsrf-token": str(field["value"])}
        headers["content-type"] = "application/json"
        response = await local.call(path=str(form["action"]), headers=headers)
        assert response.status == 204
        assert local.outcomes(tenant) == ["started"]


async def test_scripts_can_read_the_xsrf_cookie_but_not_the_session() -> None:
    cookies = (await get_page(InProcessMock())).cookies
    assert cookies == {
        "ASP.NET_SessionId": "demo-session; Path=/; SameSite=Lax; HttpOnly",
        "XSRF-TOKEN": "demo-xsrf; Path=/; SameSite=Lax",
    }


async def test_the_policy_allows_only_inline_code_of_the_page_and_its_own_origin() -> None:
    page = await get_page(InProcessMock())
    policy = page.headers["content-security-policy"]
    for kind in ("script", "style"):
        (text,) = re.findall(rb"<%b>(.*?)</%b>" % (kind.encode(), kind.encode()), page.body, re.S)
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(rb"(?:src|href)=\"(?!data:)", page.body) == []
    assert page.headers["cache-control"] == "no-store"


async def test_names_and_values_are_escaped_and_do_not_change_the_policy() -> None:
    odd = "\"><script>alert('x')</script>$call"
    page = await get_page(with_session(user=odd, xsrf="x'&<>$y"))
    plain_page = await get_page(InProcessMock())
    assert page.body.count(b"<script>") == 1
    assert Fields(page.body).by_id["XSRF_TOKEN"]["value"] == "x'&<>$y"
    policy = "content-security-policy"
    assert page.headers[policy] == plain_page.headers[policy]


async def test_a_session_with_characters_that_cookies_cannot_have_gets_a_409() -> None:
    for session in (
        *({"id": text} for text in ("a;b", "a\r\nb: c", "a b")),
        *({"xsrf": text} for text in ("ü", 'a"b')),
    ):
        detail = await expect_problem(with_session(**session), "GET", "demo", 409)
        assert "cookies can't have" in detail, session


async def test_without_an_open_session_the_409_says_how_to_get_one(local: InProcessMock) -> None:
    await local.control("POST", "sessions/end", {"session": "demo-session"})
    for tenant in ("onsite", "Cust54321"):
        detail = await expect_problem(local, "GET", f"demo?tenant={tenant}", 409)
        assert f"{tenant} has no open session; POST /_mock/reset" in detail


async def test_a_page_of_another_site_cannot_read_it(local: InProcessMock) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://127.0.0.1:3000"}):
        await expect_problem(local, "GET", "demo", 403, headers=headers)
    page = await get_page(local)
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in page.headers if name.startswith("access-control")]
