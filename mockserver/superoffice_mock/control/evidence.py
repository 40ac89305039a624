"""What happened at a tenant, as values that a verdict and a timeline are made of."""

import msgspec

from superoffice_contract.control.answers import (
    Accounts,
    ArmedFault,
    Exchange,
    ExchangeDetails,
    Runs,
    Value,
)
from superoffice_contract.verdict.problems import Evidence
from superoffice_contract.verdict.traffic import Traffic
from superoffice_mock.control.endpoints.accounts import account_parts
from superoffice_mock.control.endpoints.faults import faults_view
from superoffice_mock.control.endpoints.lease import run_parts
from superoffice_mock.control.exchange_view import exchange_view
from superoffice_mock.core import journal
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.backend import RecordedCalls
from superoffice_mock.webapi.entry import Registry


class _Faults(Value, frozen=True):
    faults: tuple[ArmedFault, ...]


def take_evidence(tenant: Tenant, operations: Registry, recorded: RecordedCalls) -> Evidence:
    """Return what a verdict on *tenant* rests on, as it is now."""
    facts, state = tenant.facts, tenant.state
    return Evidence(
        facts.id,
        read_traffic(tenant, operations),
        msgspec.convert(faults_view(state.faults), _Faults).faults,
        recorded.count,
        recorded.unplayed,
        facts.strict,
        facts.expect_lost,
    )


def read_traffic(tenant: Tenant, operations: Registry) -> Traffic:
    """Return the traffic of *tenant* as its journal has it now."""
    id_ = tenant.facts.id
    return Traffic(
        [_read_exchange(exchange, operations) for exchange in tenant.journal.exchanges(id_)],
        msgspec.json.decode(b"".join(run_parts(tenant)), type=Runs).runs,
        msgspec.json.decode(b"".join(account_parts(tenant)), type=Accounts).accounts,
        tenant.journal.count_forgotten(id_),
    )


def _read_exchange(exchange: journal.Exchange, operations: Registry) -> Exchange:
    view = exchange_view(exchange, operations, max_accounts=None)
    if exchange.failure is None:
        return msgspec.convert(view, Exchange)
    return msgspec.convert(view | {"crash": exchange.failure}, ExchangeDetails)
