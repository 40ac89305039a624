"""A local SuperOffice that answers as documented and reports the truth on a side channel."""

from typing import TYPE_CHECKING, Any, Final

from superoffice_mock.version import __version__

if TYPE_CHECKING:
    from superoffice_contract.control.answers import AccountState, Event, Exchange, Run
    from superoffice_mock.errors import ControlFailed, ExpectationFailed, SetupError
    from superoffice_mock.testing.interleavings.explore import explore
    from superoffice_mock.testing.interleavings.schedules import schedules
    from superoffice_mock.testing.server import MockServer, create_app
    from superoffice_mock.testing.tenant import SuperOffice
    from superoffice_mock.testing.tenant_controls import Fault

__all__ = [
    "AccountState",
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
    "superoffice_contract.control.answers": ("AccountState", "Event", "Exchange", "Run"),
    "superoffice_mock.errors": ("ControlFailed", "ExpectationFailed", "SetupError"),
    "superoffice_mock.testing.interleavings.explore": ("explore",),
    "superoffice_mock.testing.interleavings.schedules": ("schedules",),
    "superoffice_mock.testing.server": ("MockServer", "create_app"),
    "superoffice_mock.testing.tenant": ("SuperOffice",),
    "superoffice_mock.testing.tenant_controls": ("Fault",),
}

if not TYPE_CHECKING:  # type checkers see the names above and no others

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the names
        """Import *name* on first use, so that the command line starts quickly."""
        from importlib import import_module

        for module, names in _MODULES.items():
            if name in names:
                return getattr(import_module(module), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List all names, imported or not."""
    return sorted({*globals(), *__all__})
