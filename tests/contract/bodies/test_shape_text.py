"""What a shape says about its text: the example of a key, and the shortest element and field."""

from superoffice_contract.bodies.shape_text import example_key, shortest_element, shortest_field
from tests.contract.bodies.builders import FORM, OPERATION, XML, Schema, body_of

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
FREE: Schema = {"type": "object"}
LOOP: Schema = {"$ref": "#/components/schemas/Loop"}


def object_of(**members: Schema) -> Schema:
    return {"type": "object", "properties": members}


def array_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def test_the_accounts_have_the_shortest_parts_that_they_always_had() -> None:
    assert example_key(OPERATION.bodies[FORM].shape) == "SyncUserAccounts[0][AccountId]"
    assert shortest_field(OPERATION.bodies[FORM].shape) == len("SyncUserAccounts[0].AccountId=0&")
    assert shortest_element(OPERATION.bodies[XML].shape) == len("<SyncUserAccount/>")


def test_an_example_is_the_key_of_the_first_single_value() -> None:
    loop = body_of(LOOP, Loop=object_of(Next=LOOP, Id=INTEGER))
    endless = body_of(LOOP, Loop=object_of(Next=LOOP))
    for shape, key, field in (
        (loop.shape, "Id", "Id=0&"),
        (endless.shape, "name", "a=&"),
        (body_of(object_of(A=array_of(TEXT), B=TEXT)).shape, "B", "B=&"),
        (body_of(object_of(A=array_of(array_of(INTEGER)))).shape, "A[0][0]", "A[0][0]=0&"),
        (body_of(object_of(A=FREE, B=object_of(C=TEXT))).shape, "B[C]", "A.a=&"),
        (body_of(object_of(A=array_of(FREE))).shape, "A[0][name]", "A[0].a=&"),
        (body_of(array_of(object_of(Id=INTEGER))).shape, "0[Id]", "0.Id=0&"),
        (body_of(FREE).shape, "name", "a=&"),
    ):
        assert (example_key(shape), shortest_field(shape)) == (key, len(field))


def test_an_element_of_a_filled_item_may_be_shorter_than_an_empty_item() -> None:
    def row(name: str, **members: Schema) -> Schema:
        return array_of(object_of(**members) | {"xml": {"name": name}})

    for schema, elements in (
        (row("Row"), "<Row/>"),
        (row("Row", A=TEXT), "<Row/>"),
        (row("LongName", A=TEXT, B=TEXT), "<LongName><A/><B/></LongName>"),
        (row("LongName", A=TEXT, B=TEXT, SomeOtherName=TEXT), "<LongName><A/><B/></LongName>"),
        (object_of(A=row("Row"), B=row("Id")), "<Id/>"),
        (array_of(INTEGER), "<a/>"),
        (TEXT, "<a/>"),
    ):
        count = elements.count("/")
        assert shortest_element(body_of(schema).shape) == len(elements) // count, schema
