"""Random requests: each gets an answer of the contract and a readable entry in the journal."""

import asyncio
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from superoffice_mock.access_log import format_json, format_text
from tests.support.in_process import BASIC, PATH, InProcessMock

STATUSES = {200, 204, 400, 401, 404, 405, 413, 415}
TYPES = (
    *("application/json", "text/json", "application/xml", "text/xml", "text/plain", "", "text/"),
    *("application/x-www-form-urlencoded", "application/merge-patch+json; charset=utf-16"),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=5,
)
accounts = st.fixed_dictionaries(
    {},
    optional={
        "AccountId": json_values | st.integers(-(2**31), 2**31 - 1),
        "associateName": json_values | st.text(),
        "ASSOCIATEID": st.integers(-5, 5),
        "Other": json_values,
    },
)
json_bodies = st.one_of(
    json_values, st.fixed_dictionaries({"SyncUserAccounts": st.lists(accounts, max_size=3)})
).map(lambda value: json.dumps(value).encode())
texts = st.sampled_from(["507", "", "x", "-1", "\x00", "Å", "<a/>", "&#55296;", "2147483648"])
xml_bodies = st.builds(
    lambda a, b, c: (
        f"<SyncEmailAccountsRequest><SyncUserAccounts><SyncUserAccount><AccountId>{a}</AccountId>"
        f"<AssociateName x='{b}'>{b}</AssociateName><{c}>1</{c}></SyncUserAccount>"
        "</SyncUserAccounts></SyncEmailAccountsRequest>"
    ).encode(),
    *(texts, texts, st.sampled_from(["Other", "TableRight", "AssociateId", "x:y", "é"])),
)
form_names = st.sampled_from(
    ["SyncUserAccounts[0][AccountId]", "SyncUserAccounts[1].AssociateName", "a", "[0]", "%ff"]
)
form_values = st.sampled_from(["507", "%C3%98", "%ff", "%00", "", "+", "%"])
form_bodies = st.lists(st.tuples(form_names, form_values), max_size=4).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode()
)
bodies = st.one_of(json_bodies, xml_bodies, form_bodies, st.binary(max_size=60))


def call_and_check_journal(method: str, path: str, content_type: str, body: bytes) -> int:
    """Send one call, check the control surface, journal and log afterwards; return its status."""

    async def run() -> int:
        local = InProcessMock()
        headers = {"authorization": BASIC, "content-type": content_type}
        response = await local.call(method, path, body, headers)
        for page in ("requests", "requests/1", "runs", "lease"):
            page_response = await local.call("GET", f"/_mock/{page}", b"", {})
            assert page_response.status == 200, page
            page_response.json()
        (exchange,) = local.exchanges()
        assert exchange.status == response.status
        assert (exchange.outcome == "rejected") == (response.status >= 400)
        assert format_text(exchange).isprintable()
        json.loads(format_json(exchange))
        assert exchange.crash is None
        return response.status

    return asyncio.run(run())


@pytest.mark.claim("no-server-error")
@settings(deadline=None, max_examples=300)
@given(content_type=st.sampled_from(TYPES), body=bodies)
@example("application/json", b'{"SyncUserAccounts":[{"AssociateName":"\\ud800"}]}')
@example("application/json", b'{"SYNCUSERACCOUNTS":[{"ASSOCIATENAME":"\\udfff"}],"\\ud800":1}')
@example("application/json", b'{"SyncUserAccounts":[{"AccountId":' + b"9" * 5000 + b"}]}")
@example("application/json", b'{"SyncUserAccounts":[{"AccountId":1e400}]}')
@example("application/x-www-form-urlencoded", b"SyncUserAccounts[0].AssociateName=%ED%A0%80")
@example("application/x-www-form-urlencoded", b"SyncUserAccounts[" + b"9" * 5000 + b"]=1")
def test_any_body_gets_an_answer_and_a_journal_entry(content_type: str, body: bytes) -> None:
    assert call_and_check_journal("POST", PATH, content_type, body) in STATUSES


@pytest.mark.claim("no-server-error")
@settings(deadline=None, max_examples=60)
@given(
    method=st.sampled_from(["POST", "GET", "PUT", "OPTIONS", "X-\x7f"]),
    segments=st.lists(st.text(max_size=8) | st.sampled_from(["api", "v1", "Cust1"]), max_size=4),
    query=st.text(alphabet=st.characters(codec="latin-1"), max_size=30),
)
def test_any_path_and_query_gets_an_answer(method: str, segments: list[str], query: str) -> None:
    path = "/".join(["", *segments]).replace("?", "").removeprefix("/_mock") + PATH
    assert call_and_check_journal(method, f"{path}?{query}", "text/json", b"{}") in STATUSES
