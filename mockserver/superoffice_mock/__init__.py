"""A local SuperOffice that answers as documented and reports the truth on a side channel."""

from typing import TYPE_CHECKING, Any, Final

from superoffice_mock.version import __version__ as __version__

if TYPE_CHECKING:
    from superoffice_contract.control.answers import Account as Account
    from superoffice_contract.control.answers import AccountState as AccountState
    from superoffice_contract.control.answers import ArmedFault as ArmedFault
    from superoffice_contract.control.answers import Credentials as Credentials
    from superoffice_contract.control.answers import Event as Event
    from superoffice_contract.control.answers import Exchange as Exchange
    from superoffice_contract.control.answers import ExchangeDetails as ExchangeDetails
    from superoffice_contract.control.answers import Header as Header
    from superoffice_contract.control.answers import Holder as Holder
    from superoffice_contract.control.answers import Principal as Principal
    from superoffice_contract.control.answers import Problem as Problem
    from superoffice_contract.control.answers import RecordedOutcome as RecordedOutcome
    from superoffice_contract.control.answers import Run as Run
    from superoffice_contract.control.answers import Step as Step
    from superoffice_contract.control.answers import Verdict as Verdict
    from superoffice_contract.lost_accounts import Attempt as Attempt
    from superoffice_contract.lost_accounts import Confidence as Confidence
    from superoffice_contract.verdict.traffic import Traffic as Traffic
    from superoffice_mock.core.journal import Outcome as Outcome
    from superoffice_mock.errors import ControlFailed as ControlFailed
    from superoffice_mock.errors import ExpectationFailed as ExpectationFailed
    from superoffice_mock.errors import SetupError as SetupError
    from superoffice_mock.testing.interleavings.explore import explore as explore
    from superoffice_mock.testing.interleavings.schedules import ScheduledEvent as ScheduledEvent
    from superoffice_mock.testing.interleavings.schedules import schedules as schedules
    from superoffice_mock.testing.server import AccountOptions as AccountOptions
    from superoffice_mock.testing.server import MockServer as MockServer
    from superoffice_mock.testing.server import TenantOptions as TenantOptions
    from superoffice_mock.testing.server import create_app as create_app
    from superoffice_mock.testing.tenant import ExpiringCredentials as ExpiringCredentials
    from superoffice_mock.testing.tenant import SuperOffice as SuperOffice
    from superoffice_mock.testing.tenant_controls import Clock as Clock
    from superoffice_mock.testing.tenant_controls import Fault as Fault
    from superoffice_mock.testing.tenant_controls import Faults as Faults
    from superoffice_mock.testing.tenant_controls import Lease as Lease
else:  # type checkers see the names above and no others
    _NAMES: Final = {
        "superoffice_contract.control.answers": (
            "Account AccountState ArmedFault Credentials Event Exchange ExchangeDetails Header "
            "Holder Principal Problem RecordedOutcome Run Step Verdict"
        ),
        "superoffice_contract.lost_accounts": "Attempt Confidence",
        "superoffice_contract.verdict.traffic": "Traffic",
        "superoffice_mock.core.journal": "Outcome",
        "superoffice_mock.errors": "ControlFailed ExpectationFailed SetupError",
        "superoffice_mock.testing.interleavings.explore": "explore",
        "superoffice_mock.testing.interleavings.schedules": "ScheduledEvent schedules",
        "superoffice_mock.testing.server": "AccountOptions MockServer TenantOptions create_app",
        "superoffice_mock.testing.tenant": "ExpiringCredentials SuperOffice",
        "superoffice_mock.testing.tenant_controls": "Clock Fault Faults Lease",
    }
    _MODULES: Final = {name: module for module, names in _NAMES.items() for name in names.split()}
    __all__ = sorted((*_MODULES, "__version__"))

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the names
        """Import *name* on first use, so that the command line starts quickly."""
        from importlib import import_module

        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_MODULES[name]), name)

    def __dir__() -> list[str]:
        """List all names, imported or not."""
        return sorted({*globals(), *__all__})
