"""A finding keeps the exchange that shows it, without the secrets of the tenants."""

from typing import Final

import msgspec

from superoffice_contract.report import CleanExchange
from superoffice_contract.target.findings import MAX_BODY, Exchange
from superoffice_contract.target.http import Request, Response

BASE: Final = "http://127.0.0.1:8204"
SECRET: Final = "7T:ticket-of-kari"
JSON: Final = ("Content-Type", "application/json")


def shown(request: Request, response: Response | None) -> CleanExchange | None:
    finding = Exchange(BASE, request, response, (SECRET, "7T:ticket")).show("here", "odd", "path")
    assert (finding.where, finding.what, finding.claims) == ("here", "odd", ("path",))
    assert (finding.reproduce or "").startswith(f"curl -i -X {request.method} ")
    return finding.exchange


def test_a_secret_is_nowhere_in_an_exchange_and_what_is_invented_stays() -> None:
    headers = (
        JSON,
        ("Authorization", f"SOTicket {SECRET}"),
        ("Cookie", f"a={SECRET}; b=invented"),
        ("X-XSRF-TOKEN", "nothing"),
    )
    answer_headers = (
        ("Set-Cookie", "ASP.NET_SessionId=of-the-server; path=/; HttpOnly"),
        ("set-cookie", "of-the-server"),
        ("X-Echo", SECRET),
        ("Content-Type", "text/html; charset=iso-8859-1"),
    )
    request = Request("POST", f"/x?t={SECRET}&a=1", headers, f'{{"a":"{SECRET}"}}'.encode())
    response = Response(400, answer_headers, f"\u00e9 {SECRET}".encode("latin-1"), 0.1)
    assert shown(request, response) == CleanExchange(
        "POST",
        f"{BASE}/x?t=[redacted]&a=1",
        (
            JSON,
            ("Authorization", "SOTicket [redacted]"),
            ("Cookie", "a=[redacted]; b=invented"),
            ("X-XSRF-TOKEN", "nothing"),
        ),
        b'{"a":"[redacted]"}',
        400,
        (
            ("Set-Cookie", "ASP.NET_SessionId=[redacted]; path=/; HttpOnly"),
            ("set-cookie", "[redacted]"),
            ("X-Echo", "[redacted]"),
            ("Content-Type", "text/html; charset=iso-8859-1"),
        ),
        b"\xe9 [redacted]",
    )


def test_the_password_of_an_account_is_not_in_an_exchange() -> None:
    for body, kept in (
        (
            b'{"Server":"a","Password":"p\\"w","Port":1}',
            b'{"Server":"a","Password":"[redacted]","Port":1}',
        ),
        (
            b'{"password" : "pw", "OldPassword":"pw"}',
            b'{"password" : "[redacted]", "OldPassword":"[redacted]"}',
        ),
        (b'{"Password":"","Passwords":["a"]}', b'{"Password":"","Passwords":["a"]}'),
        (
            b"<a><i:Password x='1'>p&lt;w</i:Password><Port>1</Port></a>",
            b"<a><i:Password x='1'>[redacted]</i:Password><Port>1</Port></a>",
        ),
        (b"<Password></Password><Password/>a", b"<Password></Password><Password/>a"),
    ):
        exchange = shown(Request("POST", "/x", (JSON,), b"{}"), Response(200, (), body, 0.1))
        assert exchange is not None
        assert exchange.response_body == kept


def test_no_exchange_is_kept_without_a_response_or_with_a_long_body() -> None:
    request, response = Request("POST", "/x", (JSON,), b"{}"), Response(200, (), b"", 0.1)
    assert shown(request, response) is not None
    assert shown(request, None) is None
    for body, is_kept in ((b"x" * MAX_BODY, True), (b"x" * (MAX_BODY + 1), False)):
        long_request = msgspec.structs.replace(request, body=body)
        long_response = msgspec.structs.replace(response, body=body)
        assert (shown(long_request, response) is not None) == is_kept
        assert (shown(request, long_response) is not None) == is_kept
