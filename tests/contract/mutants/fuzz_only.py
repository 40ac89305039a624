"""Defects that only generated requests find."""

from typing import Final

from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.patching import Seeds, replace_method
from tests.contract.mutants.patching_bodies import change_bytes

MEMBERS: Final = b"FieldProperties"


async def _answer_200(*_: object) -> Response:
    return Response(200)


def _crash_on_id(raw: bytes) -> bytes:
    if b'"AssociateId":2147483648' in raw.replace(b" ", b""):
        message = "a crash on an AssociateId out of range"
        raise RuntimeError(message)
    return raw


def _refuse_empty_object(raw: bytes) -> bytes:
    if len(raw) > 3 and MEMBERS + b'":{}' in raw.replace(b" ", b""):
        raise Rejected(400, "", "an empty object")
    return raw


FUZZ_DEFECTS: Final[Seeds] = {
    "TRACE is answered": (
        "TRACE is answered 200, expected 405",
        replace_method("TRACE", _answer_200),
    ),
    "a crash on an AssociateId out of range": (
        "the answer is a 500",
        change_bytes(_crash_on_id, "application/json", "text/json"),
    ),
    "an empty object of carrier members is refused": (
        "an object as TableRight or FieldProperties is answered 400, expected 204",
        change_bytes(_refuse_empty_object, "application/json", "text/json"),
    ),
}
