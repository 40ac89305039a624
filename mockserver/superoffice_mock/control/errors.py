"""Errors of the control surface, as problem+json (RFC 9457) that says what to send instead."""

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from superoffice_contract.messages import one_line


class ProblemError(HTTPException):
    """An error of a control call; *detail* says what to send instead."""


def render_problem(error: ProblemError) -> Response:
    """Return *error* as problem+json that is safe to print on a terminal."""
    content = {
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": one_line(error.detail),
    }
    return Response(
        msgspec.json.encode(content) + b"\n",
        error.status_code,
        headers=dict(error.headers or {}),
        media_type="application/problem+json",
    )
