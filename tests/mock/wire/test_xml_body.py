"""XML: by local name, any namespace, any order; what does not belong is named with its place."""

import pytest

from tests.mock.wire.builders import XML, XML_TYPES, Account, accounts, read, refused, xml_of

BOUND = 'xmlns:s="urn:s"'
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ACCOUNT = (
    "<SyncUserAccount><AccountId>507</AccountId><AssociateName>Walker &amp; Co</AssociateName>"
    "<AssociateId>874</AssociateId></SyncUserAccount>"
)
FIRST = "/SyncUserAccounts/0"
WALKER = Account(507, "Walker & Co", 874)


def one(members: str, attributes: str = "") -> str:
    return xml_of(f"<SyncUserAccount{attributes}>{members}</SyncUserAccount>")


def nil(name: str) -> str:
    return f'<{name} xmlns:i="{XSI}" i:nil="true"/>'


@pytest.mark.claim("xml-shape", "duplicates")
@pytest.mark.parametrize("media_type", XML_TYPES)
def test_the_root_holds_a_list_that_holds_the_accounts(media_type: str) -> None:
    assert accounts(media_type, xml_of(ACCOUNT * 2)) == [WALKER, WALKER]
    assert read(media_type, xml_of(ACCOUNT)).violations == ()


@pytest.mark.claim("xml-names", "camel-case")
@pytest.mark.parametrize(
    "body",
    [
        f'<?xml version="1.0" encoding="utf-8"?>\r\n<!-- c --><?p i?>\n{xml_of(ACCOUNT)}<!-- c -->',
        xml_of(ACCOUNT).replace("Request>", 'Request xmlns="urn:a">', 1),
        xml_of(ACCOUNT).replace("<", "<s:").replace("<s:/", "</s:").replace("t>", f"t {BOUND}>", 1),
        xml_of(ACCOUNT).lower().replace("walker &amp; co", "Walker &amp; Co"),
        xml_of(ACCOUNT).replace("><", ">\n  <"),
        xml_of(ACCOUNT.replace("507", " 507\n")),
        xml_of(ACCOUNT.replace("507", "5<!-- c -->0<![CDATA[7]]>")),
        xml_of(ACCOUNT.replace("507", "&#53;0&#x37;")),
        xml_of(ACCOUNT.replace("507", "+507")),
        one(
            "<AssociateId>874</AssociateId><AssociateName>Walker &amp; Co</AssociateName>"
            "<AccountId>507</AccountId>"
        ),
        one(
            "<AccountId>x</AccountId><AssociateId>1</AssociateId><accountid>507</accountid>"
            "<AssociateId>874</AssociateId><AssociateName>Walker &amp; Co</AssociateName>"
        ),
        f"\ufeff{xml_of(ACCOUNT)}",
    ],
)
def test_namespace_case_order_and_writing_do_not_matter(body: str) -> None:
    assert accounts(XML, body) == [WALKER]


@pytest.mark.claim("xml-names", "xml-nil")
def test_a_prefix_means_what_the_nearest_declaration_says() -> None:
    body = one('<AccountId p:nil="true">5</AccountId>', ' xmlns:p="urn:other"')
    rebound = body.replace("<AccountId", f'<AccountId xmlns:p="{XSI}"')
    assert accounts(XML, body) == [Account(5)]
    assert (
        refused(XML, rebound)[1] == "/SyncUserAccounts/0/AccountId: expected an integer, got null"
    )


@pytest.mark.claim("xml-names")
@pytest.mark.parametrize(
    ("body", "prefix"),
    [
        (one("<p:AccountId>5</p:AccountId>"), "p"),
        (one('<AssociateName i:nil="true"/>'), "i"),
        (one('<AccountId xmlns:p="u">5</AccountId><p:AssociateId>5</p:AssociateId>'), "p"),
        (one('<p:AccountId xmlns:p="">5</p:AccountId>'), "p"),
        ("<p:SyncEmailAccountsRequest/>", "p"),
        ("<:SyncEmailAccountsRequest/>", ""),
    ],
)
def test_a_prefix_that_nothing_declares_is_a_400(body: str, prefix: str) -> None:
    reason = f"the body is not XML: nothing says what the prefix {prefix} stands for"
    assert refused(XML, body) == (400, reason)


def test_the_prefix_xml_needs_no_declaration() -> None:
    assert accounts(XML, one('<xml:note/><AssociateName xml:lang="en">a</AssociateName>')) == [
        Account(name="a")
    ]


@pytest.mark.claim("xml-nil", "null-members", "empty-list", "carrier-members", "id-absent")
@pytest.mark.parametrize(
    ("body", "understood"),
    [
        ("<SyncEmailAccountsRequest/>", []),
        (f"<SyncEmailAccountsRequest>{nil('SyncUserAccounts')}</SyncEmailAccountsRequest>", []),
        (xml_of(""), []),
        (xml_of(" \n "), []),
        (xml_of("<SyncUserAccount/>"), [Account()]),
        (one(nil("AssociateName")), [Account()]),
        (one(nil("AssociateName").replace("true", " 1 ")), [Account()]),
        (one(nil("AssociateName").replace("true", "false")), [Account(name="")]),
        (one("<AssociateName/>"), [Account(name="")]),
        (one("<AssociateName> a </AssociateName>"), [Account(name=" a ")]),
        (one(nil("TableRight") + nil("FieldProperties")), [Account()]),
        (one("<TableRight/>"), [Account(table_right={})]),
        (one("<TableRight><a>b</a></TableRight>"), [Account(table_right={"a": "b"})]),
        (one("<TableRight><a><b/></a></TableRight>"), [Account(table_right={"a": {"b": ""}})]),
        (
            one("<TableRight><a> <b>c</b> <d><e> </e></d></a></TableRight>"),
            [Account(table_right={"a": {"b": "c", "d": {"e": " "}}})],
        ),
        (
            one(f"<TableRight><a>{nil('b')}</a></TableRight>"),
            [Account(table_right={"a": {"b": None}})],
        ),
    ],
)
def test_nil_and_nothing_are_null_and_empty(body: str, understood: list[Account]) -> None:
    assert accounts(XML, body) == understood


@pytest.mark.claim("unknown-members")
def test_unknown_elements_are_noted_with_their_place_and_ignored() -> None:
    body = one("<AccountId>1</AccountId><Id><AccountId>2</AccountId>3</Id>").replace(
        "<SyncUserAccounts>", "<a>b<c/></a><SyncUserAccounts>"
    )
    assert accounts(XML, body) == [Account(1)]
    assert read(XML, body).violations == (
        "/a: unknown member, ignored",
        "/SyncUserAccounts/0/Id: unknown member, ignored",
    )


@pytest.mark.claim("xml-shape", "error-place", "items-all", "text-ids", "body-shape")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<Request/>", "expected the root SyncEmailAccountsRequest, got Request"),
        (f"<SyncEmailAccountsRequest xmlns:i='{XSI}' i:nil='1'/>", "expected an object, got null"),
        ("<SyncEmailAccountsRequest>5</SyncEmailAccountsRequest>", "expected an object, got a str"),
        (xml_of("507"), "/SyncUserAccounts: expected an array or null, got a string"),
        (xml_of(f"{ACCOUNT}507"), "/SyncUserAccounts: expected an array or null, got a string"),
        (
            xml_of(f"{ACCOUNT}<A/>"),
            "/SyncUserAccounts/1: expected the element SyncUserAccount, got A",
        ),
        (
            xml_of(ACCOUNT + nil("SyncUserAccount")),
            "/SyncUserAccounts/1: expected an object, got nu",
        ),
        (one("507"), f"{FIRST}: expected an object, got a string"),
        (one("<AccountId/>"), f"{FIRST}/AccountId: expected an integer, got a string"),
        (
            one("<AccountId>1.0</AccountId>"),
            f"{FIRST}/AccountId: expected an integer, got a string",
        ),
        (
            one("<AccountId>0x1</AccountId>"),
            f"{FIRST}/AccountId: expected an integer, got a string",
        ),
        (
            one("<AccountId>&#x661;</AccountId>"),
            f"{FIRST}/AccountId: expected an integer, got a str",
        ),
        (
            one("<AccountId>1 2</AccountId>"),
            f"{FIRST}/AccountId: expected an integer, got a string",
        ),
        (
            one("<AccountId>1<a/></AccountId>"),
            f"{FIRST}/AccountId: expected an integer, got an obj",
        ),
        (one(nil("AccountId")), f"{FIRST}/AccountId: expected an integer, got null"),
        (
            one("<AccountId>2147483648</AccountId>"),
            f"{FIRST}/AccountId: expected an integer from -2",
        ),
        (
            one("<AssociateName><a/></AssociateName>"),
            f"{FIRST}/AssociateName: expected a string or",
        ),
        (one("<TableRight>x</TableRight>"), f"{FIRST}/TableRight: expected an object or null, got"),
    ],
)
def test_what_does_not_belong_is_named_with_its_place(body: str, reason: str) -> None:
    status, got = refused(XML, body)
    assert (status, got[: len(reason)]) == (400, reason)


@pytest.mark.claim("body-syntax")
@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("507", "line 1, column 1"),
        ("{}", "line 1, column 1"),
        ("\n<SyncEmailAccountsRequest>", "line 2, column 27"),
        ("<SyncEmailAccountsRequest></a>", "line 1, column 29"),
        ("<SyncEmailAccountsRequest/><a/>", "line 1, column 28"),
        (xml_of("&x;"), "line 1, column 45"),
        (xml_of("\x01"), "line 1, column 45"),
        (xml_of("&#0;"), "line 1, column 45"),
        (xml_of("<!DOCTYPE a>"), "line 1, column 47"),
        ("<SyncEmailAccountsRequest a='' a=''/>", "line 1, column 32"),
        ("<!-- -- --><a/>", "line 1, column 8"),
        ("<!-- ", "line 1, column 1"),
    ],
)
def test_broken_xml_is_a_400_with_line_and_column(body: str, place: str) -> None:
    status, reason = refused(XML, body)
    assert status == 400
    assert reason.startswith("the body is not XML: ")
    assert reason.endswith(f"({place})")


@pytest.mark.claim("body-syntax")
def test_nesting_of_more_than_a_hundred_elements_is_a_400() -> None:
    def nested(depth: int) -> str:
        inner = "<a>" * (depth - 1) + "</a>" * (depth - 1)
        return f"<SyncEmailAccountsRequest>{inner}</SyncEmailAccountsRequest>"

    assert accounts(XML, nested(100)) == []
    assert refused(XML, nested(101)) == (400, "the XML is nested more than 100 deep")
    assert refused(XML, nested(10_000)) == (400, "the XML is nested more than 100 deep")
