"""`GET /_mock/demo`: a page like the product's own, from which a web panel can sign in."""

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Final

from starlette.responses import Response

from superoffice_contract.messages import SESSION_COOKIE
from superoffice_contract.operations import sync_email_accounts
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.request import ControlMethod, ControlRequest
from superoffice_mock.core.credentials import Session

XSRF_COOKIE: Final = "XSRF-TOKEN"
"""The product's cookie with the XSRF value; scripts may read it."""
_COOKIE_VALUE: Final = re.compile(r"[!#-+\--:<-\[\]-~]*")  # RFC 6265, cookie-octet
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


async def _get_demo_page(request: ControlRequest) -> Response:
    facts = request.tenant.facts
    session = next(iter(request.tenant.state.sessions.values()), None)
    if session is None:
        detail = f"{facts.id} has no open session; POST /_mock/reset opens its first ones again"
        raise ProblemError(409, detail)
    call = request.context.operations.entries[sync_email_accounts.NAME].operation.path
    values = {"tenant": facts.id, "user": session.user, "xsrf": session.xsrf}
    page = _render_page(**values, call=f"/{facts.id}{call}")
    response = Response(page, media_type="text/html")
    response.headers.update(
        {
            "cache-control": "no-store",
            "content-security-policy": _content_security_policy(page),
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
    )
    for cookie in _cookies(session, secure=request.base_url.startswith("https:")):
        response.headers.append("set-cookie", cookie)
    return response


def _render_page(**values: str) -> str:
    page = Path(__file__).with_name("demo.html").read_text(encoding="utf-8")
    return Template(page).substitute({name: html.escape(text) for name, text in values.items()})


def _content_security_policy(page: str) -> str:
    """Return a policy that allows only the scripts and styles in *page* and its own origin."""
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
    """Yield `Set-Cookie` values; browsers send the cookies to all ports of this host."""
    scope = "Path=/; SameSite=Lax" + ("; Secure" if secure else "")
    for name, value in ((SESSION_COOKIE, session.id), (XSRF_COOKIE, session.xsrf)):
        if _COOKIE_VALUE.fullmatch(value) is None:
            raise ProblemError(409, f"{name}: the session has characters that cookies can't have")
    yield f"{SESSION_COOKIE}={session.id}; {scope}; HttpOnly"
    yield f"{XSRF_COOKIE}={session.xsrf}; {scope}"


CALLS: Final = {
    "GET /demo": ControlMethod(
        _get_demo_page,
        "returns a page that sets the session cookies, like the product's own pages",
        "Page",
        errors=(409,),
        media_type="text/html",
    )
}
