"""XML bodies: names, namespaces, order, nil, and the place of an error in the reason."""

import re

import pytest

from tests.contract.bodies.builders import (
    XML,
    XML_TYPES,
    Account,
    read_accounts,
    read_body,
    rejection,
    wrap_xml,
)

DECLARATION = 'xmlns:s="urn:s"'
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MEMBERS = (
    "<AccountId>507</AccountId>",
    "<AssociateName>Walker &amp; Co</AssociateName>",
    "<AssociateId>874</AssociateId>",
)
ACCOUNT = f"<SyncUserAccount>{''.join(MEMBERS)}</SyncUserAccount>"
FIRST = "/SyncUserAccounts/0"
WALKER = Account(507, "Walker & Co", 874)


def wrap_account(members: str, attributes: str = "") -> str:
    return wrap_xml(f"<SyncUserAccount{attributes}>{members}</SyncUserAccount>")


def nil_element(name: str) -> str:
    return f'<{name} xmlns:i="{XSI}" i:nil="true"/>'


@pytest.mark.claim("xml-names", "member-case", "xml-shape", "duplicates")
def test_namespace_case_order_and_notation_do_not_matter() -> None:
    for media_type in XML_TYPES:
        assert read_accounts(media_type, wrap_xml(ACCOUNT * 2)) == [WALKER, WALKER], media_type
        assert read_body(media_type, wrap_xml(ACCOUNT)).violations == (), media_type
    for body in (
        f'<?xml version="1.0" encoding="utf-8"?>\r\n<!-- c --><?p i?>\n{wrap_xml(ACCOUNT)}<!-- -->',
        wrap_xml(ACCOUNT).replace("Request>", 'Request xmlns="urn:a">', 1),
        re.sub("<(/?)", r"<\1s:", wrap_xml(ACCOUNT)).replace("t>", f"t {DECLARATION}>", 1),
        wrap_xml(ACCOUNT).lower().replace("walker &amp; co", "Walker &amp; Co"),
        wrap_xml(ACCOUNT).replace("><", ">\n  <"),
        wrap_xml(ACCOUNT.replace("507", " 507\n")),
        wrap_xml(ACCOUNT.replace("507", "5<!-- c -->0<![CDATA[7]]>")),
        wrap_xml(ACCOUNT.replace("507", "&#53;0&#x37;")),
        wrap_xml(ACCOUNT.replace("507", "+507")),
        wrap_account("".join(reversed(MEMBERS))),
        wrap_account(f"<AccountId>x</AccountId><ASSOCIATEID>1</ASSOCIATEID>{''.join(MEMBERS)}"),
        f"\ufeff{wrap_xml(ACCOUNT)}",
    ):
        assert read_accounts(XML, body) == [WALKER], body


@pytest.mark.claim("xml-names", "xml-nil")
def test_a_prefix_is_resolved_by_the_nearest_declaration() -> None:
    body = wrap_account('<AccountId p:nil="true">5</AccountId>', ' xmlns:p="urn:other"')
    assert read_accounts(XML, body) == [Account(5)]
    nil_body = body.replace("<AccountId", f'<AccountId xmlns:p="{XSI}"')
    assert rejection(XML, nil_body)[1] == f"{FIRST}/AccountId: expected an integer, got null"
    sibling = f'<AssociateName xmlns:p="{XSI}"/><AccountId p:nil="true">5</AccountId>'
    body = wrap_account(sibling, ' xmlns:p="urn:other"')
    assert read_accounts(XML, body) == [Account(5, "")]
    body = wrap_account('<xml:note/><AssociateName xml:lang="en">a</AssociateName>')
    assert read_accounts(XML, body) == [Account(name="a")]


@pytest.mark.claim("xml-names")
def test_an_undeclared_prefix_gets_a_400() -> None:
    for body, prefix in (
        (wrap_account("<p:AccountId>5</p:AccountId>"), "p"),
        (wrap_account("<unknown><p:a/></unknown>"), "p"),
        (wrap_account('<AssociateName i:nil="true"/>'), "i"),
        (wrap_account('<AccountId xmlns:p="u">5</AccountId><p:AssociateId>5</p:AssociateId>'), "p"),
        (wrap_account('<p:AccountId xmlns:p="">5</p:AccountId>'), "p"),
        ("<p:SyncEmailAccountsRequest/>", "p"),
        ("<:SyncEmailAccountsRequest/>", ""),
    ):
        reason = f"the body is not XML: the prefix {prefix} is not declared"
        assert rejection(XML, body) == (400, reason), body


@pytest.mark.claim("xml-nil", "null-members", "empty-list", "carrier-members", "id-absent")
def test_nil_elements_are_null_and_empty_elements_are_empty() -> None:
    nil_list = nil_element("SyncUserAccounts")
    nil_list = f"<SyncEmailAccountsRequest>{nil_list}</SyncEmailAccountsRequest>"
    for body in ("<SyncEmailAccountsRequest/>", nil_list, wrap_xml(""), wrap_xml(" \n ")):
        assert read_accounts(XML, body) == [], body
    assert read_accounts(XML, wrap_xml("<SyncUserAccount/>")) == [Account()]
    for members, account in (
        (nil_element("AssociateName"), Account()),
        (nil_element("AssociateName").replace("true", " 1 "), Account()),
        (nil_element("AssociateName").replace("true", "false"), Account(name="")),
        ("<AssociateName/>", Account(name="")),
        ("<AssociateName> a </AssociateName>", Account(name=" a ")),
        (nil_element("TableRight") + nil_element("FieldProperties"), Account()),
        ("<TableRight/>", Account(table_right={})),
        ("<TableRight><a>b</a></TableRight>", Account(table_right={"a": "b"})),
        ("<TableRight><a><b/></a></TableRight>", Account(table_right={"a": {"b": ""}})),
        (
            "<TableRight><a> <b>c</b> <d><e> </e></d></a></TableRight>",
            Account(table_right={"a": {"b": "c", "d": {"e": " "}}}),
        ),
        (
            f"<TableRight><a>{nil_element('b')}</a></TableRight>",
            Account(table_right={"a": {"b": None}}),
        ),
    ):
        assert read_accounts(XML, wrap_account(members)) == [account], members


@pytest.mark.claim("unknown-members")
def test_unknown_elements_are_noted_with_their_place_and_ignored() -> None:
    body = wrap_account("<AccountId>1</AccountId><Id><AccountId>2</AccountId>3</Id>").replace(
        "<SyncUserAccounts>", "<a>b<c/></a><SyncUserAccounts>"
    )
    assert read_accounts(XML, body) == [Account(1)]
    assert read_body(XML, body).violations == (
        "/a: unknown member, ignored",
        "/SyncUserAccounts/0/Id: unknown member, ignored",
    )


@pytest.mark.claim("xml-shape", "error-place", "items-all", "text-ids", "body-shape")
def test_the_reason_has_the_place_of_a_wrong_element() -> None:
    root, accounts = "SyncEmailAccountsRequest", "/SyncUserAccounts"
    for body, expected in (
        ("<Request/>", f"expected the root {root}, got Request"),
        (f"<{root} xmlns:i='{XSI}' i:nil='1'/>", "expected an object, got null"),
        (f"<{root}>5</{root}>", "expected an object, got a string"),
        (wrap_xml("507"), f"{accounts}: expected an array or null, got a string"),
        (wrap_xml(f"{ACCOUNT}507"), f"{accounts}: expected an array or null, got a string"),
        (wrap_xml(f"{ACCOUNT}<A/>"), f"{accounts}/1: expected the element SyncUserAccount, got A"),
        (wrap_xml(nil_element("SyncUserAccount")), f"{FIRST}: expected an object, got null"),
        (wrap_account("507"), f"{FIRST}: expected an object, got a string"),
        (
            wrap_account(nil_element("AccountId")),
            f"{FIRST}/AccountId: expected an integer, got null",
        ),
        (
            wrap_account("<AssociateName><a/></AssociateName>"),
            f"{FIRST}/AssociateName: expected a s",
        ),
        (
            wrap_account("<TableRight>x</TableRight>"),
            f"{FIRST}/TableRight: expected an object or n",
        ),
        *(
            (
                wrap_account(f"<AccountId>{text}</AccountId>"),
                f"{FIRST}/AccountId: expected an integer{end}",
            )
            for text, end in (
                *((text, ", got a string") for text in ("", "1.0", "0x1", "&#x661;", "1 2")),
                *(
                    ("1<a/>", ", got an object"),
                    ("2147483648", " from -2147483648 to 2147483647, got"),
                ),
            )
        ),
    ):
        status, reason = rejection(XML, body)
        assert (status, reason[: len(expected)]) == (400, expected), body


@pytest.mark.claim("body-syntax")
def test_malformed_xml_gets_a_400_with_line_and_column() -> None:
    for body, place in (
        ("507", "line 1, column 1"),
        ("{}", "line 1, column 1"),
        ("\n<SyncEmailAccountsRequest>", "line 2, column 27"),
        ("<html>", "line 1, column 7"),
        ("<html><br></html>", "line 1, column 13"),
        ("<html>&nbsp;</html>", "line 1, column 7"),
        ("<SyncEmailAccountsRequest></a>", "line 1, column 29"),
        ("<SyncEmailAccountsRequest/><a/>", "line 1, column 28"),
        (wrap_xml("&x;"), "line 1, column 45"),
        (wrap_xml("\x01"), "line 1, column 45"),
        (wrap_xml("&#0;"), "line 1, column 45"),
        (wrap_xml("<!DOCTYPE a>"), "line 1, column 47"),
        ("<SyncEmailAccountsRequest a='' a=''/>", "line 1, column 32"),
        ("<!-- -- --><a/>", "line 1, column 8"),
        ("<!-- ", "line 1, column 1"),
    ):
        status, reason = rejection(XML, body)
        assert status == 400, body
        assert reason.startswith("the body is not XML: "), body
        assert reason.endswith(f"({place})"), body


@pytest.mark.claim("body-syntax")
def test_nesting_of_more_than_a_hundred_elements_gets_a_400() -> None:
    def nest(depth: int) -> str:
        inner = "<a>" * (depth - 1) + "</a>" * (depth - 1)
        return f"<SyncEmailAccountsRequest>{inner}</SyncEmailAccountsRequest>"

    assert read_accounts(XML, nest(100)) == []
    assert rejection(XML, nest(101)) == (400, "the XML is nested more than 100 deep")
    assert rejection(XML, nest(10_000)) == (400, "the XML is nested more than 100 deep")
