"""`GET /_mock/verdict` and `GET /_mock/timeline`, and what a tenant says of what fails it."""

import base64
import hashlib
import json
import re
from typing import Any

from superoffice_contract.verdict.problems import KINDS
from superoffice_mock.tenants.tenant import Tenant
from tests.mock.control.problems import expect_problem
from tests.support.in_process import PATH, InProcessMock


async def lose(local: InProcessMock, tenant: Any = None) -> None:
    """Call twice, so that the second call is turned away; it asks for 600 accounts."""
    id_, headers = ("onsite", None) if tenant is None else (tenant["id"], sign_in(tenant))
    path = PATH if tenant is None else f"/{id_}{PATH}"
    body = {"SyncUserAccounts": [{"AccountId": number} for number in range(1_000, 1_600)]}
    await local.control("POST", f"clock/jump?tenant={id_}")
    await local.call(path=path, headers=headers)
    await local.call(path=path, headers=headers, body=json.dumps(body).encode())


def sign_in(tenant: Any) -> dict[str, str]:
    return {**tenant["credentials"]["headers"], "content-type": "application/json"}


async def test_a_verdict_tells_what_is_wrong_and_a_timeline_what_happened(
    local: InProcessMock,
) -> None:
    assert await local.control("GET", "verdict") == {
        "tenant": "onsite",
        "passed": True,
        "text": "no request",
        "problems": [
            {
                "kind": "never-called",
                "message": "no request reached the mock; does the app call its URL?",
                "details": [],
                "fails": False,
            }
        ],
    }
    await lose(local)
    verdict = await local.control("GET", "verdict")
    assert verdict["passed"] is False
    (lost,) = verdict["problems"]
    assert lost["message"] == "accounts 1000-1599 are lost: answered 204, and no run covers them"
    timeline = await local.call("GET", "/_mock/timeline", b"", {})
    assert timeline.headers["content-type"] == "text/plain; charset=utf-8"
    assert timeline.body.decode().rstrip("\n") in verdict["text"]
    assert "#2  +0.0 s  POST SyncEmailAccounts 1000-1599  204 after 1.0 s" in verdict["text"]


async def test_a_timeline_is_an_image_or_a_page_that_loads_nothing(local: InProcessMock) -> None:
    await lose(local)
    for format_, media_type in (("svg", "image/svg+xml"), ("html", "text/html; charset=utf-8")):
        answer = await local.call("GET", f"/_mock/timeline?format={format_}", b"", {})
        assert answer.headers["content-type"] == media_type
        text, policy = answer.body.decode(), answer.headers["content-security-policy"]
        assert "1 of 2 calls did nothing; accounts 1000-1599 were never synced" in text
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in policy
        assert ("Basic [redacted]" in text) is (format_ == "html")


async def test_a_tenant_says_what_fails_it_and_what_is_known_to_be_lost(
    local: InProcessMock,
) -> None:
    for options, passed in (
        ({}, False),
        ({"strict": []}, True),
        ({"strict": ["unfired", "odd"]}, True),
        ({"strict": list(KINDS)}, False),
        ({"expect_lost": [*range(1_000, 1_600)]}, True),
        ({"expect_lost": [*range(1_000, 1_601)]}, False),
    ):
        tenant = await local.control("POST", "tenants", options)
        await lose(local, tenant)
        verdict = await local.control("GET", f"verdict?tenant={tenant['id']}")
        assert verdict["passed"] is passed, options


async def test_what_a_tenant_says_is_checked(local: InProcessMock) -> None:
    cases: list[tuple[Any, str]] = [
        ({"strict": ["losts"]}, "unknown kind of problem 'losts'; did you mean 'lost'?"),
        ({"strict": ["crashed"]}, "the kinds are: lost, rejected, unfired, unplayed, "),
        ({"strict": "lost"}, "strict: expected a list"),
        ({"expect_lost": ["507"]}, "expect_lost"),
        ({"expect_lost": [2**31]}, "expect_lost"),
    ]
    for body, expected in cases:
        detail = await expect_problem(local, "POST", "tenants", 400, json.dumps(body).encode())
        assert expected in detail, body


async def test_a_crash_fails_a_tenant_with_its_traceback(
    local: InProcessMock, monkeypatch: Any
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("somewhere")

    monkeypatch.setattr(Tenant, "admit", crash)
    tenant = await local.control("POST", "tenants", {"strict": []})
    await local.call(path=f"/{tenant['id']}{PATH}", headers=sign_in(tenant))
    verdict = await local.control("GET", f"verdict?tenant={tenant['id']}")
    assert verdict["passed"] is False
    assert verdict["text"].startswith("the mock crashed in #1\nTraceback")
    assert "ZeroDivisionError: somewhere" in verdict["text"]


async def test_whoever_keeps_verdicts_hears_of_a_journal_before_it_is_emptied(
    local: InProcessMock,
) -> None:
    kept: list[tuple[str, int]] = []

    def keep(tenant: Tenant) -> None:
        evidence = local.mock.take_evidence(tenant)
        kept.append((evidence.tenant, len(evidence.traffic.requests)))

    local.mock.tenants.before_end = keep
    first = await local.control("POST", "tenants", {})
    second = await local.control("POST", "tenants", {})
    for tenant in (first, second):
        await lose(local, tenant)
    await lose(local)
    await local.call("DELETE", f"/_mock/tenants/{first['id']}", b"", {})
    await local.call("DELETE", f"/_mock/tenants/{first['id']}", b"", {})  # it is gone: a 404
    await local.control("DELETE", "requests")
    await lose(local)
    await local.control("POST", "reset")
    await local.control("POST", "reset?all=true")
    assert kept[:4] == [(first["id"], 2), ("onsite", 2), ("onsite", 2), (second["id"], 2)]
    assert [count for _, count in kept[4:]] == [0, 0, 0]
