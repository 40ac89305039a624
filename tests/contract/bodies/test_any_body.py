"""Random bodies: each is accepted, or rejected with a printable reason, and never crashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.bodies.content_type import CHARSETS
from superoffice_contract.errors import InvalidBody
from tests.contract.bodies.builders import FORM, JSON, OPERATION, XML, read_body

XSI = "http://www.w3.org/2001/XMLSchema-instance"
PIECES = {
    JSON: (
        *('{"SyncUserAccounts":', '{"syncUserAccounts":', '"accountId":', '"AccountId":', "[", "]"),
        *("{", "}", ",", ":", "507", "-1", "1.0", "null", "true", '"x"', '"', "\\u0000", " ", "é"),
        *('"TableRight":{', "\ufeff", "1e400", "9" * 400, "[" * 300, "]" * 300),
    ),
    XML: (
        *("<SyncEmailAccountsRequest>", "</SyncEmailAccountsRequest>", "<SyncUserAccounts>"),
        *("</SyncUserAccounts>", "<SyncUserAccount>", "</SyncUserAccount>", "<SyncUserAccount/>"),
        *("<AccountId>507</AccountId>", "<AccountId>", "</AccountId>", "<TableRight>", "<a/>"),
        *("</TableRight>", "<p:a/>", f"<AccountId xmlns:p='{XSI}' p:nil='1'/>", "507", "x", " "),
        *("&amp;", "&a;", "&#0;", "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE", "<?xml?>", "é"),
    ),
    FORM: (
        *("SyncUserAccounts", "syncuseraccounts", "[0]", "[1]", "[99]", "[x]", "[]", "[", "]"),
        *("AccountId", "AssociateName", "TableRight", ".", "=", "&", "+", "%", "%5B", "%ff", "%C3"),
        *("507", "-1", "x", "\\", "é", "\x00", "%26", "%3D", "%00", ";"),
    ),
}
other_types = st.text(st.characters(max_codepoint=255)).filter(
    lambda text: not text.strip().lower().startswith(tuple(OPERATION.bodies))
)
other_charsets = st.sampled_from(sorted(OPERATION.bodies)).map("{}; charset=x".format)


def describe_outcome(content_type: str, raw: bytes) -> str:
    """Return `accepted` or the status of *raw*, and check that its messages are printable."""
    try:
        body = read_body(content_type, raw, limit=2)
    except InvalidBody as error:
        outcome, messages = str(error.status), [str(error)]
    else:
        outcome, messages = "accepted", list(body.violations)
        assert len(body.content.sync_user_accounts or ()) <= 2
    assert all(message.isprintable() and len(message) < 300 for message in messages)
    return outcome


@pytest.mark.claim("body-syntax", "charset-broken", "no-server-error")
@pytest.mark.parametrize("media_type", OPERATION.bodies)
@given(raw=st.binary(min_size=1, max_size=60), charset=st.sampled_from([None, *CHARSETS]))
def test_any_bytes_are_accepted_or_a_400(media_type: str, raw: bytes, charset: str | None) -> None:
    content_type = media_type if charset is None else f"{media_type}; charset={charset}"
    assert describe_outcome(content_type, raw) in ("400", "accepted")


@pytest.mark.claim("body-syntax")
@pytest.mark.parametrize("media_type", PIECES)
@given(data=st.data())
def test_any_sequence_of_pieces_is_accepted_or_rejected(
    media_type: str, data: st.DataObject
) -> None:
    pieces = data.draw(st.lists(st.sampled_from(PIECES[media_type]), min_size=1))
    assert describe_outcome(media_type, "".join(pieces).encode()) in ("accepted", "400", "413")


@pytest.mark.claim("media-type-other", "charset-unknown")
@given(other_types | other_charsets)
def test_any_other_content_type_gets_a_415(content_type: str) -> None:
    assert describe_outcome(content_type, b"{}") == "415"
