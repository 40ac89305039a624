"""Defects that nothing but requests that a machine makes up comes upon."""

from typing import Any, Final

from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.response import Response
from tests.contract.mutants.patching import Defect, stepping
from tests.contract.mutants.patching_bodies import before

GENERATED: Final = "generated-requests"
MEMBERS: Final = b"FieldProperties"


def _traced(*_: Any) -> Any:
    async def traced(*_: object) -> Response:
        return Response(200)

    return traced


def _crashing(raw: bytes) -> bytes:
    if b'"AssociateId":2147483648' in raw.replace(b" ", b""):
        message = "a crash on an AssociateId out of range"
        raise RuntimeError(message)
    return raw


def _choosy(raw: bytes) -> bytes:
    if len(raw) > 3 and MEMBERS + b'":{}' in raw.replace(b" ", b""):
        raise Rejected(400, "", "an empty object")
    return raw


MADE_UP: Final = (
    Defect(
        "TRACE is answered",
        GENERATED,
        "method-not-allowed",
        "unsupported_method",
        stepping("TRACE", _traced()),
    ),
    Defect(
        "a crash on an AssociateId out of range",
        GENERATED,
        "body-shape",
        "not_a_server_error",
        before(_crashing, "application/json", "text/json"),
    ),
    Defect(
        "an empty object of carrier members is refused",
        GENERATED,
        "request-body",
        "positive_data_acceptance",
        before(_choosy, "application/json", "text/json"),
    ),
)
