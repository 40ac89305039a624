"""Secrets: whatever a caller presents, the journal, the log and the answers do not repeat it."""

import asyncio
import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_mock.log import record, sentence
from tests.asgi.local import PATH, Local

MARK = "Zq7secretZq7"
FORMS = (MARK, base64.b64encode(MARK.encode()).decode().rstrip("="), "WnE3c2VjcmV0WnE3")


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


AUTHORIZATIONS = st.sampled_from(
    [
        *(MARK, f"Basic {MARK}", basic(MARK), basic(f"tje0:{MARK}"), basic(f"{MARK}:{MARK}")),
        *(basic(f"tje0:Tje0{MARK}"), f"Basic {MARK} {MARK}", f"{MARK} {MARK}", f"Basic:{MARK}"),
        *(f"SOTicket {MARK}", f"soticket  7T:demo-ticket{MARK}", f" {MARK}", f"Bearer\t{MARK}"),
        *(f"Bearer {MARK}", f"Bearer 8A:Cust12345.{MARK}", f"Negotiate {MARK}", f"Digest a={MARK}"),
    ]
)
COOKIES = st.sampled_from(
    [
        *(f"ASP.NET_SessionId={MARK}", f"ASP.NET_SessionId={MARK}; XSRF_TOKEN={MARK}"),
        *(f"session={MARK}", MARK, f'ASP.NET_SessionId="{MARK}', f"{MARK}=1"),
        f"ASP.NET_SessionId=demo-session; x={MARK}",
    ]
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just("authorization"), AUTHORIZATIONS),
        st.tuples(st.just("cookie"), COOKIES),
        st.tuples(st.sampled_from(["so-apptoken", "x-xsrf-token", "x-api-key"]), st.just(MARK)),
        st.tuples(st.just("so-apptoken"), st.sampled_from([f"demo-app-token{MARK}", f"a {MARK}"])),
        st.tuples(st.just("referer"), st.just(f"https://app.example/?token={MARK}")),
    ),
    max_size=5,
)
GOOD = st.sampled_from(
    [
        [("authorization", "Basic dGplMDpUamUw"), ("cookie", f"other={MARK}")],
        [("authorization", "SOTicket 7T:demo-ticket"), ("so-apptoken", "demo-app-token")],
        [("cookie", "ASP.NET_SessionId=demo-session"), ("x-xsrf-token", "demo-xsrf")],
    ]
)
QUERIES = ("", f"?access_token={MARK}", f"?a=1&ticket={MARK}&$select=name", "?$top=1")
PATHS = (PATH, f"/Cust12345{PATH}", f"/Cust54321{PATH}", f"/Cust9{PATH}", "/nowhere")
BODIES = (b'{"SyncUserAccounts":[{"AccountId":507}]}', b"{}", b"{", b"", b"[" * 5000)
TYPES = ("application/json", "text/xml", "text/plain", "application/json; charset=x")


async def everything_told(
    method: str, target: str, headers: list[tuple[str, str]], body: bytes
) -> tuple[str, bool]:
    """Return all that the mock tells of one call, and whether the call is in a journal at all."""
    local = Local()
    answered = await local.call(method, target, body, headers)
    told = [answered.body.decode(), str(answered.headers)]
    journalled = False
    for tenant in local.mock.tenants.ids:
        for exchange in local.exchanges(tenant):
            journalled = True
            told += [sentence(exchange), record(exchange)]
        for path in ("requests", "requests/1", "lease", "runs"):
            shown = await local.call("GET", f"/_mock/{path}?tenant={tenant}", b"", {})
            told.append(shown.body.decode())
    return "\n".join(told), journalled


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS"]),
    path=st.sampled_from(PATHS),
    query=st.sampled_from(QUERIES),
    presented=st.one_of(HEADERS, st.builds(lambda a, b: a + b, GOOD, HEADERS)),
    media_type=st.sampled_from(TYPES),
    body=st.sampled_from(BODIES),
)
def test_no_secret_is_in_the_journal_the_log_or_an_answer(
    method: str,
    path: str,
    query: str,
    presented: list[tuple[str, str]],
    media_type: str,
    body: bytes,
) -> None:
    headers = [*presented, ("content-type", media_type)]
    told, journalled = asyncio.run(everything_told(method, path + query, headers, body))
    assert journalled
    for form in FORMS:
        assert form not in told
    for known in ("dGplMDpUamUw", "7T:demo-ticket", "demo-app-token", "demo-session", "demo-xsrf"):
        assert known not in told


def test_the_journal_says_that_a_secret_was_there_and_of_what_scheme() -> None:
    headers = [("authorization", f"SOTicket {MARK}"), ("so-apptoken", MARK), ("x-other", MARK)]
    local = Local()
    asyncio.run(local.call(headers=headers))
    assert local.exchanges()[0].headers == (
        ("authorization", "SOTicket [redacted]"),
        ("so-apptoken", "[redacted]"),
        ("host", "127.0.0.1:8204"),
    )
