"""`GET /_mock/`: the dashboard, a page that shows the tenants and what happens at them."""

from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, RedirectResponse, Response

import superoffice_contract.timeline as timeline
from superoffice_contract.openapi.operations import SAFE_METHODS
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import (
    ControlMethod,
    ControlRequest,
    RequestBody,
    session_cookie,
)
from superoffice_mock.control.sessions import LIFETIME
from superoffice_mock.core.sync_run import SECOND
from superoffice_mock.version import __version__

FOLDER: Final = Path(__file__).parents[1] / "dashboard"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


async def _get_page(_: ControlRequest) -> Response:
    return _serve(FOLDER / "index.html")


async def _get_asset(request: ControlRequest) -> Response:
    folders = (FOLDER, Path(timeline.__path__[0]))
    files = {
        path.name: path
        for folder in folders
        for path in folder.iterdir()
        if path.suffix in (".js", ".css")
    }
    file = files.get(request.id)
    if file is None:
        raise ProblemError(404, f"no such file; the files are: {', '.join(sorted(files))}")
    return _serve(file)


def _serve(file: Path) -> Response:
    return Response(file.read_bytes(), media_type=_TYPES[file.suffix], headers=_HEADERS)


class SignIn(RequestBody):
    """The control token."""

    example: ClassVar[str] = '{"token": "..."}'
    token: str


async def _get_session(request: ControlRequest) -> View:
    sessions = request.context.sessions
    is_open = sessions.is_open(request.session, request.context.steady())
    return {"needed": sessions.is_needed, "signed_in": is_open}


async def _sign_in(request: ControlRequest) -> Response:
    sessions = request.context.sessions
    if not sessions.is_needed:
        raise ProblemError(409, "this mock has no control token, so nobody has to sign in")
    if not sessions.accepts(request.decode_body(SignIn).token.encode()):
        raise ProblemError(401, "this is not the control token of this mock")
    response = JSONResponse({"needed": True, "signed_in": True})
    id_ = sessions.open(request.context.steady())
    _set_cookie(response, request, id_, max_age=LIFETIME // SECOND)
    return response


async def _sign_out(request: ControlRequest) -> Response:
    request.context.sessions.close(request.session)
    is_needed = request.context.sessions.is_needed
    response = JSONResponse({"needed": is_needed, "signed_in": False})
    _set_cookie(response, request, "", max_age=0)
    return response


def _set_cookie(response: Response, request: ControlRequest, value: str, max_age: int) -> None:
    response.set_cookie(
        session_cookie(urlsplit(request.base_url).netloc),
        value,
        max_age=max_age,
        path="/_mock/",
        secure=request.base_url.startswith("https:"),
        httponly=True,
        samesite="strict",
    )


def find_entrance(method: str, path: str, accept: str) -> Response | None:
    """Return the answer to a GET of `/` or `/_mock`, which leads to the dashboard; else None."""
    if method not in SAFE_METHODS:
        return None
    if path == "/" and "text/html" not in accept:
        places = {"dashboard": "/_mock/", "control": "/_mock/openapi.json", "api": "/api/v1/"}
        return JSONResponse({"name": "superoffice-mock", "version": __version__, **places})
    return RedirectResponse("/_mock/", headers=_HEADERS)


PAGES: Final = {
    "GET /": ControlMethod(
        _get_page,
        "returns the dashboard",
        "Page",
        media_type="text/html",
        needs_token=False,
        any_tenant=True,
    ),
    "GET /assets/{id}": ControlMethod(
        _get_asset,
        "returns a script or a style of the dashboard",
        "Page",
        media_type="text/javascript",
        needs_token=False,
    ),
    "GET /session": ControlMethod(
        _get_session, "tells whether the dashboard is signed in", "Session", needs_token=False
    ),
    "POST /session": ControlMethod(
        _sign_in,
        "signs the dashboard in with the control token, for 8 hours",
        "Session",
        SignIn,
        errors=(401, 409),
        needs_token=False,
    ),
    "DELETE /session": ControlMethod(_sign_out, "signs the dashboard out", "Session"),
}
"""What the dashboard itself needs of its server; it is not described, and not for others."""
