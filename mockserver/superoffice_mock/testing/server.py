"""The mock in this process: behind a socket in a thread of its own, or as an ASGI application."""

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack
from warnings import warn

from superoffice_mock.errors import SetupError
from superoffice_mock.testing.control_client import ControlClient
from superoffice_mock.testing.models import NewTenant
from superoffice_mock.testing.tenant import SuperOffice

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from superoffice_mock.app import Mock
    from superoffice_mock.config.settings import Settings
    from superoffice_mock.webapi.backend import Backend, BackendFactory, TenantBackends
    from superoffice_mock.webapi.routing import Routes


class TenantOptions(TypedDict, total=False):
    """What a tenant is like; what is left out is as the server has it, or made up."""

    installation: Literal["onsite", "online"]
    granted: bool
    clock: Literal["jump", "freeze", "real"]
    seconds_per_account: float
    accounts: Mapping[int, float]  # id -> seconds
    readings: Mapping[str, str]
    expires_after: float | Mapping[str, float]
    users: list[Mapping[str, str]]
    tickets: list[str]
    sessions: list[Mapping[str, str]]
    apps: list[Mapping[str, str | bool]]
    tokens: list[Mapping[str, str]]


class MockServer:
    """A server in a thread of this process, while the block lasts; its port is a free one.

    *settings* are those of the command line (`seconds_per_account=0.5`, `tls_cert="…"`);
    *readings* hold where a tenant has none of its own. Raise SetupError if they can't be.
    """

    def __init__(self, readings: Mapping[str, str] | None = None, **settings: Any) -> None:  # noqa: ANN401 - by setting
        self._settings = _settings(readings or {}, {"port": 0, "log": "off"} | settings)
        self._stack = ExitStack()
        self._calls: ControlClient | None = None
        self._cast: TenantBackends | None = None

    def __enter__(self) -> Self:
        from superoffice_mock.server.run import in_background

        url = self._stack.enter_context(in_background(self.served(), self._settings))
        self._calls = ControlClient(
            _callable(url), self._settings.control_token, self._settings.tls_cert
        )
        self._stack.callback(self._calls.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stack.close()

    def served(self) -> "Mock":
        """Return what it serves: the mock."""
        return _assembled(self._settings, self._casting)

    @property
    def url(self) -> str:
        """Where to call it."""
        return self._running.url

    def tenant(self, **wanted: Unpack[TenantOptions]) -> SuperOffice:
        """Make a tenant of its own, on a clock that jumps. Raise ControlFailed if it can't be."""
        body: dict[str, object] = dict(wanted)
        accounts = wanted.get("accounts")
        if isinstance(accounts, Mapping):
            body["accounts"] = [{"id": id_, "seconds": took} for id_, took in accounts.items()]
        return SuperOffice(self._running, self._running.post("tenants", body, NewTenant))

    def play(self, office: SuperOffice, path: str) -> None:
        """Let *office* answer from the recording at *path*. Raise SetupError if it can't be."""
        from superoffice_mock.webapi import replay_backend

        if self._cast is not None:
            longest = self._settings.max_body
            self._cast.parts[office.id] = replay_backend.part(path, office.id, longest, warn)

    def simulate(self, office: SuperOffice) -> None:
        """Let *office* answer as any other again."""
        if self._cast is not None:
            self._cast.parts.pop(office.id, None)

    def _casting(self, routes: "Routes", simulation: "Backend") -> "Backend":
        from superoffice_mock.webapi.backend import TenantBackends

        self._cast = TenantBackends(routes, simulation)
        return self._cast

    @property
    def _running(self) -> ControlClient:
        if self._calls is None:
            msg = "the server does not run yet: write `with MockServer() as server:`"
            raise RuntimeError(msg)
        return self._calls


def create_app(readings: Mapping[str, str] | None = None, **settings: Any) -> "Starlette":  # noqa: ANN401 - by setting
    """Return the mock as an ASGI application, for an ASGI transport; it has the demo world.

    The control surface is in it: call /_mock/ through the same transport. It can't break
    connections, as it has none. Raise SetupError for what *settings* can't be.
    """
    return _assembled(_settings(readings or {}, {"log": "off"} | settings)).app


def _settings(readings: object, given: Mapping[str, object]) -> "Settings":
    from superoffice_mock.config.settings import load

    if not isinstance(readings, Mapping):
        msg = f'readings={readings!r}: expected a mapping, such as readings={{"run": "blocking"}}'
        raise SetupError(msg)
    flags = {
        name.replace("_", "-"): str(value) for name, value in given.items() if value is not None
    }
    assignments = tuple(f"{name}={value}" for name, value in readings.items())
    return load(None, {}, flags, assignments, source="settings").settings


def _callable(url: str) -> str:
    """Return *url* with an address to call, where it has the one for listening on all."""
    return url.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]")


def _assembled(settings: "Settings", instead: "BackendFactory | None" = None) -> "Mock":
    from superoffice_mock import access_log
    from superoffice_mock.app import assemble
    from superoffice_mock.config import tenant_file

    return assemble(
        settings, tenant_file.of(settings), access_log.logger(settings.log), instead=instead
    )
