"""What a test needs to sign in to a tenant: one credential of each kind, and ready headers."""

import base64

from superoffice_mock.control.views import View
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import Installation


def credentials_view(facts: TenantFacts) -> View:
    """Return one credential of each kind that *facts* has; null where there is none."""
    known = facts.known
    user, password = next(iter(known.users.items()), (None, None))
    token, app = next(iter(known.tokens.items()), (None, next(iter(known.apps.values()), None)))
    session = next(iter(facts.sessions.values()), None)
    found = {
        "user": user,
        "password": password,
        "ticket": next(iter(known.tickets), None),
        "app": app and app.name,
        "app_token": app and app.token,
        "access_token": token,
        "session": session and session.id,
        "xsrf": session and session.xsrf,
    }
    return found | {"headers": _headers(found, facts.installation)}


def _headers(found: View, installation: Installation) -> dict[str, str]:
    """Return the request headers of the first way in that there is."""
    online = installation is Installation.ONLINE
    if online and found["access_token"] is not None:
        return {"Authorization": f"Bearer {found['access_token']}"}
    if not online and found["user"] is not None:
        pair = f"{found['user']}:{found['password']}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    if found["ticket"] is not None and (found["app_token"] or not online):
        app = {"SO-AppToken": found["app_token"]} if online else {}
        return {"Authorization": f"SOTicket {found['ticket']}", **app}
    if found["session"] is not None:
        cookie = f"ASP.NET_SessionId={found['session']}"
        return {"Cookie": cookie, "X-XSRF-TOKEN": found["xsrf"]}
    return {}
