"""Control call that says that the mock is up."""

from typing import Final

from superoffice_mock.control.request import ControlMethod, ControlPaths, ControlRequest
from superoffice_mock.control.views import View
from superoffice_mock.core import clock
from superoffice_mock.version import __version__


async def _get_health(request: ControlRequest) -> View:
    context = request.context
    uptime = clock.to_seconds(context.steady() - context.started_at)
    return {"status": "ok", "version": __version__, "uptime_seconds": uptime}


PATHS: Final[ControlPaths] = {
    "/health": {
        "GET": ControlMethod(
            _get_health, summary="returns version and uptime; needs no token", response="Health"
        )
    }
}
