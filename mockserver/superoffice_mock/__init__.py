"""A local SuperOffice that answers as documented, and tells the truth on a side channel."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from superoffice_mock.errors import ControlFailed, ExpectationFailed, SetupError
    from superoffice_mock.testing.interleavings.explore import explore
    from superoffice_mock.testing.interleavings.schedules import schedules
    from superoffice_mock.testing.models import Event, Exchange, Run
    from superoffice_mock.testing.server import MockServer, create_app
    from superoffice_mock.testing.tenant import SuperOffice
    from superoffice_mock.testing.tenant_controls import Fault

__version__ = "0.1.0"

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
    "create_app",
    "explore",
    "schedules",
]

_WHERE: Final = {
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

if not TYPE_CHECKING:  # to a type checker there is what is listed, and nothing else

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
        """Import what is asked for, when it is: the command line must not pay for it."""
        if name not in _WHERE:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """List what is there, imported yet or not."""
    return sorted({*globals(), *__all__})
