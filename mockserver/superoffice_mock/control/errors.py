"""Errors of the control surface, as problem+json (RFC 9457) that says what to send instead."""

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


class ProblemError(HTTPException):
    """An error of a control call; *detail* says what to send instead."""


def problem(status: int, detail: str) -> ProblemError:
    """Return an error with *status* and *detail*."""
    return ProblemError(status, detail)


class NotFoundHandler(msgspec.Struct, frozen=True):
    """Answers unknown paths; *calls* lists the valid calls, such as `GET /_mock/lease`."""

    calls: tuple[str, ...]

    async def answer(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """Return a 404 that lists all calls."""
        detail = f"no such control call; the calls are: {', '.join(self.calls)}"
        return render_problem(problem(404, detail))


def render_problem(error: ProblemError) -> Response:
    """Return *error* as problem+json that is safe to print on a terminal."""
    detail = "".join(char if char.isprintable() else "\ufffd" for char in error.detail)
    content = {
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": detail,
    }
    return Response(
        msgspec.json.encode(content) + b"\n",
        error.status_code,
        headers=dict(error.headers or {}),
        media_type="application/problem+json",
    )
