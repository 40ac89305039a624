"""Whatever a caller sends: it is answered as the contract says, and the journal can be read."""

import asyncio
import json

import pytest
from hypothesis import example, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from superoffice_mock.access_log import record, sentence
from superoffice_mock.config.settings import Settings
from tests.support.in_process import BASIC, PATH, Local

ONE = b'{"SyncUserAccounts":[{"AccountId":507}]}'
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
    json_values,
    st.fixed_dictionaries({"SyncUserAccounts": st.lists(accounts, max_size=3)}),
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


def tells_all(method: str, path: str, content_type: str, body: bytes) -> int:
    """Send one call and read all that is told about it; return its status."""

    async def run() -> int:
        local = Local()
        headers = {"authorization": BASIC, "content-type": content_type}
        answered = await local.call(method, path, body, headers)
        for told in ("requests", "requests/1", "runs", "lease"):
            shown = await local.call("GET", f"/_mock/{told}", b"", {})
            assert shown.status == 200, told
            json.loads(shown.body)
        (exchange,) = local.exchanges()
        assert exchange.status == answered.status
        assert (exchange.outcome == "rejected") == (answered.status >= 400)
        assert sentence(exchange).isprintable()
        json.loads(record(exchange))
        assert exchange.crash is None
        return answered.status

    return asyncio.run(run())


@limits(deadline=None, max_examples=300)
@given(content_type=st.sampled_from(TYPES), body=bodies)
@example("application/json", b'{"SyncUserAccounts":[{"AssociateName":"\\ud800"}]}')
@example("application/json", b'{"SYNCUSERACCOUNTS":[{"ASSOCIATENAME":"\\udfff"}],"\\ud800":1}')
@example("application/json", b'{"SyncUserAccounts":[{"AccountId":' + b"9" * 5000 + b"}]}")
@example("application/json", b'{"SyncUserAccounts":[{"AccountId":1e400}]}')
@example("application/x-www-form-urlencoded", b"SyncUserAccounts[0].AssociateName=%ED%A0%80")
@example("application/x-www-form-urlencoded", b"SyncUserAccounts[" + b"9" * 5000 + b"]=1")
def test_any_body_is_answered_and_journalled(content_type: str, body: bytes) -> None:
    assert tells_all("POST", PATH, content_type, body) in STATUSES


@limits(deadline=None, max_examples=60)
@given(
    method=st.sampled_from(["POST", "GET", "PUT", "OPTIONS", "X-\x7f"]),
    segments=st.lists(st.text(max_size=8) | st.sampled_from(["api", "v1", "Cust1"]), max_size=4),
    query=st.text(alphabet=st.characters(codec="latin-1"), max_size=30),
)
def test_any_path_and_query_is_answered_and_journalled(
    method: str, segments: list[str], query: str
) -> None:
    path = "/".join(["", *segments]).replace("?", "").removeprefix("/_mock") + PATH
    assert tells_all(method, f"{path}?{query}", "text/json", b"{}") in STATUSES


@pytest.mark.claim("body-syntax", "body-shape")
@pytest.mark.parametrize("body", [b'{"SyncUserAccounts":[NaN]}', b"[" * 10_000, b"nul", b"\x00"])
def test_a_body_that_is_no_body_is_a_400_that_the_journal_keeps(body: bytes) -> None:
    assert tells_all("POST", PATH, "application/json", body) == 400


@pytest.mark.claim("body-limit")
async def test_a_body_is_measured_even_if_nothing_announced_its_length() -> None:
    local = Local(Settings(max_body=len(ONE)))
    assert (await local.call(body=ONE)).status == 204
    assert (await local.call(body=ONE + b" ")).status == 413
    assert [one.outcome for one in local.exchanges()] == ["started", "rejected"]
    assert local.exchanges()[1].body == b""
