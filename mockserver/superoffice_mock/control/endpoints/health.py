"""What the mock says of itself."""

from typing import Final

from superoffice_mock import __version__
from superoffice_mock.control.request import ControlMethod, ControlPaths, ControlRequest
from superoffice_mock.control.views import View
from superoffice_mock.core import clock


async def _health(asked: ControlRequest) -> View:
    world = asked.world
    uptime = clock.to_seconds(world.steady() - world.started_at)
    return {"status": "ok", "version": __version__, "uptime_seconds": uptime}


VERBS: Final[ControlPaths] = {
    "/health": {
        "GET": ControlMethod(
            _health, summary="says that the server is up; needs no token", answers="Health"
        )
    }
}
