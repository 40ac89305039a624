"""`GET /_mock/demo`: a page that signs a web panel in, and keeps itself to itself."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.support.in_process import PATH, Answered, Local

BODY = b'{"SyncUserAccounts":[{"AccountId":507}]}'


class Fields(HTMLParser):
    """The attributes of every element of a page, by its id."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.by_id: dict[str, dict[str, str | None]] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        told = {"tag": tag, **dict(attrs)}
        self.by_id[told.get("id") or ""] = told


async def shown(local: Local, query: str = "", headers: dict[str, str] | None = None) -> Answered:
    answered = await local.call("GET", f"/_mock/demo{query}", b"", headers or {})
    assert answered.status == 200, answered.body
    return answered


def with_session(**session: str) -> Local:
    """A mock whose only tenant has one *session*."""
    table: dict[str, Any] = {"id": "onsite", "installation": "onsite"}
    return Local(tables=[table | {"sessions": [{"id": "s", "xsrf": "x", "user": "u"} | session]}])


@pytest.mark.parametrize("tenant", ["onsite", "Cust12345"])
async def test_the_session_and_the_xsrf_value_of_the_page_let_a_caller_in(tenant: str) -> None:
    local = Local()
    page = await shown(local, f"?tenant={tenant}")
    fields = Fields(page.body).by_id
    field, form = fields["XSRF_TOKEN"], fields["sync"]
    assert (field["type"], field["name"], field["value"]) == ("hidden", "XSRF_TOKEN", "demo-xsrf")
    assert form["action"] == f"/{tenant}{PATH}"
    session = page.cookies["ASP.NET_SessionId"].partition(";")[0]
    headers = {
        "cookie": f"ASP.NET_SessionId={session}",
        "x-xsrf-token": str(field["value"]),
        "content-type": "application/json",
    }
    answered = await local.call(path=str(form["action"]), body=BODY, headers=headers)
    assert answered.status == 204
    assert local.exchanges(tenant)[0].outcome == "started"


async def test_scripts_may_read_the_xsrf_cookie_and_never_the_session() -> None:
    cookies = (await shown(Local())).cookies
    assert cookies == {
        "ASP.NET_SessionId": "demo-session; Path=/; SameSite=Lax; HttpOnly",
        "XSRF-TOKEN": "demo-xsrf; Path=/; SameSite=Lax",
    }


async def test_the_policy_allows_what_stands_in_the_page_and_calls_to_its_own_origin_only() -> None:
    page = await shown(Local())
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


async def test_names_and_values_cannot_become_markup() -> None:
    odd = "\"><script>alert('x')</script>$call"
    page = await shown(with_session(user=odd, xsrf="x'&<>$y"))
    assert page.body.count(b"<script>") == 1
    assert Fields(page.body).by_id["XSRF_TOKEN"]["value"] == "x'&<>$y"


async def test_the_policy_is_the_same_whoever_is_signed_in() -> None:
    one, other = await shown(with_session(user="</script>")), await shown(Local())
    assert one.headers["content-security-policy"] == other.headers["content-security-policy"]


@pytest.mark.parametrize(
    "odd", [{"id": "a;b"}, {"id": "a\r\nb: c"}, {"xsrf": "ü"}, {"xsrf": 'a"b'}, {"id": "a b"}]
)
async def test_a_session_that_no_cookie_can_carry_is_a_problem(odd: dict[str, str]) -> None:
    answered = await with_session(**odd).call("GET", "/_mock/demo", b"", {})
    assert answered.status == 409
    assert "no cookie can have" in answered.json()["detail"]
    assert "set-cookie" not in answered.headers


async def test_without_an_open_session_it_says_how_to_get_one() -> None:
    local = Local()
    await local.control("POST", "sessions/end", {"session": "demo-session"})
    for tenant in ("onsite", "Cust54321"):
        answered = await local.call("GET", f"/_mock/demo?tenant={tenant}", b"", {})
        assert answered.status == 409
        assert f"{tenant} has no open session" in answered.json()["detail"]


async def test_a_page_of_another_site_does_not_get_it() -> None:
    local = Local()
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://127.0.0.1:3000"}):
        answered = await local.call("GET", "/_mock/demo", b"", headers)
        assert answered.status == 403
    page = await shown(local)
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in page.headers if name.startswith("access-control")]
