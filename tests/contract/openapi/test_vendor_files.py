"""The loader reads every operation of the vendor's own API files."""

import json
from collections.abc import Iterator
from functools import cache
from zipfile import ZipFile

import msgspec
import pytest

from superoffice_contract.openapi.operations import Operation, read_document
from tests.conftest import SHARED

FILES = SHARED / "vendor" / "agents-openapi3.zip"


@cache
def vendor_operations() -> tuple[Operation, ...]:
    if not FILES.is_file():
        pytest.skip("the vendor's API files are not beside this checkout")
    return tuple(_read_operations())


def _read_operations() -> Iterator[Operation]:
    with ZipFile(FILES) as archive:
        for name in archive.namelist():
            if name.endswith(".json"):
                yield from read_document(json.loads(archive.read(name))).operations.values()


def test_every_operation_has_a_description_and_is_an_agent_method_with_get_and_post() -> None:
    operations = vendor_operations()
    assert len(operations) == 1_805
    for operation in operations:
        assert operation.description["Path"] == operation.path
        assert (operation.method, operation.agent is None) == ("POST", False), operation.path
        assert operation.allowed_methods == ("GET", "HEAD", "OPTIONS", "POST")


def test_every_body_has_a_shape_fast_decoders_and_a_validator() -> None:
    bodies = [body for operation in vendor_operations() for body in operation.bodies.values()]
    assert len(bodies) > 1_000
    for body in bodies:
        assert body.shape.expected in ("an object", "an array")
        assert next(body.find_problems("text"))
        for decoder in (body.exact_case, body.camel_case):
            with pytest.raises(msgspec.ValidationError):
                decoder.decode(b'"text"')


def test_every_answer_has_a_shape() -> None:
    for operation in vendor_operations():
        for answer in operation.answers:
            if answer.schema is not None:
                assert operation.schemas.shape_of(answer.schema).expected
