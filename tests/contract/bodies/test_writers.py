"""XML and forms that are written, of values of any shape; test_media_types_agree reads them."""

from typing import Final

from superoffice_contract.bodies.decode import decode
from superoffice_contract.bodies.writers import write_form, write_xml
from tests.contract.bodies.builders import OPERATION, XML, Schema, body_of

SHAPE: Final = OPERATION.bodies[XML].shape
NIL: Final = ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
SAMPLE: Final = {
    "SyncUserAccounts": [{"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874}]
}


def array_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def test_a_form_has_one_key_for_each_member_of_each_account() -> None:
    assert write_form(SAMPLE).replace(b"%5B", b"[").replace(b"%5D", b"]") == (
        b"SyncUserAccounts[0][AccountId]=507"
        b"&SyncUserAccounts[0][AssociateName]=Walker+LLC"
        b"&SyncUserAccounts[0][AssociateId]=874"
    )


def test_xml_wraps_the_accounts_under_the_described_names() -> None:
    assert write_xml(SAMPLE, SHAPE) == (
        b"<SyncEmailAccountsRequest><SyncUserAccounts><SyncUserAccount>"
        b"<AccountId>507</AccountId><AssociateName>Walker LLC</AssociateName>"
        b"<AssociateId>874</AssociateId>"
        b"</SyncUserAccount></SyncUserAccounts></SyncEmailAccountsRequest>"
    )


def test_xml_of_any_described_shape_has_the_names_of_the_description_or_of_dotnet() -> None:
    row = {
        "type": ["object", "null"],
        "xml": {"name": "Row"},
        "properties": {"A.Id": {"type": "integer"}},
    }
    lists = "ArrayOfdouble"
    for schema, value, expected in (
        (row, {"A.Id": 1}, "<Row><A.Id>1</A.Id></Row>"),
        (
            {"type": "object"},
            {"a": {"b": True, "c": None}},
            f"<R><a><b>true</b><c{NIL}></c></a></R>",
        ),
        ({"type": "object"}, {}, "<R></R>"),
        ({"type": "string"}, "\x01<\ud800&>", "<string>&lt;&amp;&gt;</string>"),
        ({"type": "boolean"}, False, "<boolean>false</boolean>"),
        ({"type": ["integer", "null"]}, None, f"<int{NIL}></int>"),
        (array_of(row), [{}, None], f"<ArrayOfRow><Row></Row><Row{NIL}></Row></ArrayOfRow>"),
        (array_of(row), [], "<ArrayOfRow></ArrayOfRow>"),
        (array_of({"type": "string"}), ["a"], "<ArrayOfstring><string>a</string></ArrayOfstring>"),
        (array_of({"type": "object"}), [{}], "<ArrayOfitem><item></item></ArrayOfitem>"),
        (
            array_of(array_of({"type": ["number", "null"]})),
            [[0.5]],
            f"<ArrayOf{lists}><{lists}><double>0.5</double></{lists}></ArrayOf{lists}>",
        ),
        (
            array_of({"type": "integer", "xml": {"name": "Id"}}),
            [5],
            "<ArrayOfId><Id>5</Id></ArrayOfId>",
        ),
    ):
        body = body_of(schema)
        raw = write_xml(value, body.shape, "R")
        assert raw.decode() == expected, schema
        assert decode({XML: body}, XML, raw).violations == (), schema


# ---- values of another shape -----------------------------------------------------------------


def test_forms_of_values_with_wrong_types() -> None:
    for value, expected in (
        ({"a": None}, b"a=null"),
        ({"a": []}, b"a="),
        ({"a": {}}, b"a="),
        ({"a": [True, 0.5]}, b"a%5B0%5D=true&a%5B1%5D=0.5"),
        ({"a.b": {"[]": "x"}}, b"a_2e_b%5B_5b__5d_%5D=x"),
        ({}, b""),
        ([], b""),
        (["x"], b"0=x"),
        (None, b"null="),
        ("x", b"x="),
    ):
        assert write_form(value) == expected, value


def test_xml_of_values_with_wrong_types() -> None:
    for value, expected in (
        ({"AccountId": None}, f"<AccountId{NIL}></AccountId>"),
        ({"AccountId": [1]}, "<AccountId>[1]</AccountId>"),
        ({"AssociateName": "<&\x00\ud800>"}, "<AssociateName>&lt;&amp;&gt;</AssociateName>"),
        ({"TableRight": {"Mask": True}}, "<TableRight><Mask>true</Mask></TableRight>"),
        ({"1 é:": 1, "": 2}, "<_1___>1</_1___><_>2</_>"),
    ):
        text = write_xml({"SyncUserAccounts": [value]}, SHAPE).decode()
        assert text.split("<SyncUserAccount>")[1].split("</SyncUserAccount>")[0] == expected


def test_xml_of_a_root_that_is_not_an_object_keeps_its_name() -> None:
    root = "SyncEmailAccountsRequest"
    assert write_xml(None, SHAPE) == f"<{root}{NIL}></{root}>".encode()
    assert write_xml([1], SHAPE) == f"<{root}>[1]</{root}>".encode()
