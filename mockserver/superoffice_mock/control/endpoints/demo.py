"""`GET /_mock/demo`: a page as the product's own are, for web panels to sign in from."""

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Final

from starlette.responses import Response

from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import ControlMethod, ControlPaths, ControlRequest
from superoffice_mock.core.credentials import Session
from superoffice_mock.wire.headers import SESSION_COOKIE

XSRF_COOKIE: Final = "XSRF-TOKEN"
"""Where the product keeps the XSRF value, too; scripts may read this cookie."""
_COOKIE_VALUE: Final = re.compile(r"[!#-+\--:<-\[\]-~]*")  # RFC 6265, cookie-octet
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


async def _demo(asked: ControlRequest) -> Response:
    facts = asked.tenant.facts
    session = next(iter(asked.tenant.state.sessions.values()), None)
    if session is None:
        detail = f"{facts.id} has no open session; POST /_mock/reset opens those it began with"
        raise problem(409, detail)
    call = next(iter(asked.world.operations.values())).path
    values = {"tenant": facts.id, "user": session.user, "xsrf": session.xsrf}
    page = _filled(**values, call=f"/{facts.id}{call}")
    response = Response(page, media_type="text/html")
    response.headers.update(
        {
            "cache-control": "no-store",
            "content-security-policy": _policy(page),
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
    )
    for cookie in _cookies(session, secure=asked.base.startswith("https:")):
        response.headers.append("set-cookie", cookie)
    return response


def _filled(**values: str) -> str:
    page = Path(__file__).with_name("demo.html").read_text(encoding="utf-8")
    return Template(page).substitute({name: html.escape(one) for name, one in values.items()})


def _policy(page: str) -> str:
    """Return a policy that lets *page* use what stands in it and call its own origin, only."""
    inline = {
        f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for kind, text in _INLINE.findall(page)
    }
    return "; ".join(
        (
            *("default-src 'none'", *sorted(inline), "connect-src 'self'", "img-src data:"),
            *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
        )
    )


def _cookies(session: Session, *, secure: bool) -> Iterator[str]:
    """Yield the cookies: for every port of this host, and never for a page of another site."""
    scope = "Path=/; SameSite=Lax" + ("; Secure" if secure else "")
    for name, value in ((SESSION_COOKIE, session.id), (XSRF_COOKIE, session.xsrf)):
        if _COOKIE_VALUE.fullmatch(value) is None:
            raise problem(409, f"{name}: the session has characters that no cookie can have")
    yield f"{SESSION_COOKIE}={session.id}; {scope}; HttpOnly"
    yield f"{XSRF_COOKIE}={session.xsrf}; {scope}"


VERBS: Final[ControlPaths] = {
    "/demo": {
        "GET": ControlMethod(
            _demo,
            summary="shows a page with session cookies and XSRF value, as the product's own",
            answers="Page",
            refuses=(409,),
            media_type="text/html",
        )
    }
}
