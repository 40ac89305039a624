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
    """Renders errors of the control surface; *calls* are what there is, as `GET /_mock/lease`."""

    calls: tuple[str, ...]

    async def answer(self, request: Request, error: Exception) -> Response:
        """Return *error* as problem+json (RFC 9457)."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
        detail = error.detail
        if not isinstance(error, ProblemError):
            path = request.scope["path"]
            here = [one for one in self.calls if one.endswith(f" {path}")]
            detail = f"no such control call; there are: {', '.join(here or self.calls)}"
        return _rendered(error, detail)


def _rendered(error: HTTPException, detail: str) -> Response:
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
