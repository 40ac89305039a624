"""Errors of the control surface: problem+json (RFC 9457) that says what to send instead."""

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


class ProblemError(HTTPException):
    """A control call that can't be done; *detail* says what to send instead."""


def problem(status: int, detail: str) -> ProblemError:
    """Return the error of *status* that says *detail*."""
    return ProblemError(status, detail)


class Problems(msgspec.Struct, frozen=True):
    """Answers calls that nothing is there for; *calls* are what there is, as `GET /_mock/lease`."""

    calls: tuple[str, ...]

    async def answer(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """Return the 404 that names all calls."""
        return rendered(problem(404, f"no such control call; there are: {', '.join(self.calls)}"))


def rendered(error: ProblemError) -> Response:
    """Return *error* as problem+json, safe to show on a terminal."""
    detail = "".join(one if one.isprintable() else "\ufffd" for one in error.detail)
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
