"""A local SuperOffice that answers as documented and reports the truth on a side channel."""

from typing import TYPE_CHECKING, Any, Final

from superoffice_mock.version import __version__

if TYPE_CHECKING:
    from superoffice_mock.errors import ControlFailed, ExpectationFailed, SetupError
    from superoffice_mock.testing.interleavings.explore import explore
    from superoffice_mock.testing.interleavings.schedules import schedules
    from superoffice_mock.testing.models import Event, Exchange, Run
    from superoffice_mock.testing.server import MockServer, create_app
    from superoffice_mock.testing.tenant import SuperOffice
    from superoffice_mock.testing.tenant_controls import Fault

__all__ = [
    "ControlFailed",
    "Event",
    "Exchange",
    "ExpectationFailed",
    "Fault",
    "MockServer",
    "Run",
    "SetupError",
    "SuperOffice",
    "__version__",
    "create_app",
    "explore",
    "schedules",
]

_MODULES: Final = {
    "ControlFailed": "errors",
    "Event": "testing.models",
    "Exchange": "testing.models",
    "ExpectationFailed": "errors",
    "Fault": "testing.tenant_controls",
    "MockServer": "testing.server",
    "Run": "testing.models",
    "SetupError": "errors",
    "SuperOffice": "testing.tenant",
    "create_app": "testing.server",
    "explore": "testing.interleavings.explore",
    "schedules": "testing.interleavings.schedules",
}

if not TYPE_CHECKING:  # type checkers see the names above and no others

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the names
        """Import *name* on first use, so that the command line starts quickly."""
        if name not in _MODULES:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List all names, imported or not."""
    return sorted({*globals(), *__all__})
