"""The mock in this process: as a server in a thread of its own, or as an ASGI application."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Required, Self, TypedDict, Unpack
from warnings import warn

from superoffice_contract.control.answers import NewTenant
from superoffice_contract.control.client import ControlClient
from superoffice_mock.errors import ControlFailed, SetupError
from superoffice_mock.testing.tenant import SuperOffice

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from superoffice_contract.openapi.operations import Description
    from superoffice_mock.app import Mock
    from superoffice_mock.config.settings import Settings
    from superoffice_mock.webapi.backend import Backend, BackendChoice, BackendFactory
    from superoffice_mock.webapi.routing import Routes

__tracebackhide__ = True
"""A failing test shows its own line, and none of this module."""


class AccountOptions(TypedDict, total=False):
    """An account of a new tenant; only its `id` is required.

    `fails` is the reason of its failures, `fails_times` how many of its syncs fail (default: all),
    `failed_after` after how many in a row it is Failed. `last_fetch` is a moment, or seconds before
    the tenant is made.
    """

    id: Required[int]
    address: str
    associate: str
    associate_id: int
    folder: str
    seconds: float
    fails: str
    fails_times: int
    failed_after: int
    last_fetch: datetime | str | float


class TenantOptions(TypedDict, total=False):
    """The options of a new tenant; the defaults are the server's settings and new credentials."""

    installation: Literal["onsite", "online"]
    granted: bool
    clock: Literal["jump", "freeze", "real"]
    seconds_per_account: float
    accounts: Mapping[int, float] | Sequence[AccountOptions]  # or: id -> seconds
    readings: Mapping[str, str]
    due_after: float
    state: str
    host: str
    expires_after: float | Mapping[str, float]
    users: list[Mapping[str, str]]
    tickets: list[str]
    sessions: list[Mapping[str, str]]
    apps: list[Mapping[str, str | bool]]
    tokens: list[Mapping[str, str]]
    strict: Collection[str]
    expect_lost: Collection[int]


class MockServer:
    """A context manager: a server in a thread of this process, on a free port.

    *settings* are those of the command line (`seconds_per_account=0.5`, `tls_cert="…"`);
    *readings* are the defaults of its tenants. Raise SetupError if one of them is invalid.
    """

    def __init__(self, readings: Mapping[str, str] | None = None, **settings: Any) -> None:  # noqa: ANN401 - by setting
        self._settings = _load_settings(readings or {}, {"port": 0, "log": "off"} | settings)
        self._stack = ExitStack()
        self._control_client: ControlClient | None = None
        self._description: Description
        self._replays: dict[str, Backend] = {}

    def __enter__(self) -> Self:
        from superoffice_mock.server.run import local_url, serve_in_background

        url = self._stack.enter_context(serve_in_background(self.served(), self._settings))
        token, certificate = self._settings.control_token, self._settings.tls_cert
        self._control_client = ControlClient(
            local_url(url), token, certificate, error=ControlFailed
        )
        self._stack.callback(self._control_client.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def served(self) -> "Mock":
        """Return the mock to serve."""
        return _build_mock(self._settings, self._choose_backends)

    @property
    def url(self) -> str:
        """The base URL to call."""
        return self._client.url

    def tenant(self, **options: Unpack[TenantOptions]) -> SuperOffice:
        """Create a tenant, with a clock that jumps by default. Raise ControlFailed if it can't."""
        body: dict[str, object] = dict(options)
        accounts = options.get("accounts")
        if isinstance(accounts, Mapping):
            body["accounts"] = [{"id": id_, "seconds": took} for id_, took in accounts.items()]
        elif accounts is not None and not _lists_accounts(accounts):
            raise ValueError(
                f"accounts={accounts!r}: write accounts={{507: 5.0}}, with the seconds that its "
                'sync takes, or accounts=[{"id": 507}]'
            )
        for name in ("strict", "expect_lost"):
            value = options.get(name)
            if isinstance(value, Collection) and not isinstance(value, str):
                body[name] = list(value)
        return SuperOffice(self._client, self._client.control("POST", "tenants", NewTenant, body))

    def play(self, office: SuperOffice, path: str) -> None:
        """Make *office* answer from the recording at *path*. Raise SetupError if it can't."""
        from superoffice_mock.webapi.replay_backend import tenant_replay

        self._replays[office.id] = tenant_replay(
            path, office.id, self._settings.max_body, warn, self._description
        )

    def simulate(self, office: SuperOffice) -> None:
        """Make *office* answer like other tenants again, after `play`."""
        self._replays.pop(office.id, None)

    def _choose_backends(self, routes: "Routes", simulation: "Backend") -> "BackendChoice":
        self._description = routes.description
        return lambda tenant: self._replays.get(tenant.facts.id, simulation)

    @property
    def _client(self) -> ControlClient:
        if self._control_client is None:
            msg = "the server is not running yet: write `with MockServer() as server:`"
            raise RuntimeError(msg)
        return self._control_client


def create_app(readings: Mapping[str, str] | None = None, **settings: Any) -> "Starlette":  # noqa: ANN401 - by setting
    """Return the mock with the demo tenants as an ASGI application, for an ASGI transport.

    It includes the control surface: call /_mock/ through the same transport. It has no
    connections, so it can't break them. Raise SetupError if one of the *settings* is invalid.
    """
    return _build_mock(_load_settings(readings or {}, {"log": "off"} | settings)).app


def _lists_accounts(accounts: object) -> bool:
    return isinstance(accounts, list | tuple) and all(
        isinstance(each, Mapping) for each in accounts
    )


def _load_settings(readings: object, values: Mapping[str, object]) -> "Settings":
    from superoffice_mock.config.settings import load

    if not isinstance(readings, Mapping):
        raise SetupError('readings: expected a mapping, such as readings={"run": "blocking"}')
    known = {name: value for name, value in values.items() if value is not None}
    flags = {name.replace("_", "-"): str(value) for name, value in known.items()}
    assignments = tuple(f"{name}={value}" for name, value in readings.items())
    return load(None, {}, flags, assignments, source="settings").settings


def _build_mock(settings: "Settings", backend_factory: "BackendFactory | None" = None) -> "Mock":
    from superoffice_mock import access_log
    from superoffice_mock.app import assemble
    from superoffice_mock.config import tenant_file

    return assemble(
        settings,
        tenant_file.load_tenants(settings),
        access_log.make_logger(settings.log),
        backend_factory=backend_factory,
    )
