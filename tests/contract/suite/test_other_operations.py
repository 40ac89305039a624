"""A check works on the operation that it is given; others in the description do not disturb it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Final

import pytest
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema

from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.drift.baseline import expected_facts
from superoffice_contract.fuzzing.engine import SignIn, explore
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.real_tenant.run import RealTenantCheck
from superoffice_contract.suite.plan import Plan, unnamed_schemes
from superoffice_contract.target.context import make_context
from superoffice_contract.target.http import Request
from superoffice_contract.target.tenants import INSTALLATIONS, example_tenant
from tests.contract.openapi.other_operations import DESCRIPTION

TENANTS: Final = tuple(map(example_tenant, INSTALLATIONS))
OPERATIONS: Final = [DESCRIPTION.by_name[name] for name in ("SyncEmailAccounts", "Count", "State")]


def cases_of(operation: Operation) -> Iterator[ExpectedResponse]:
    """Yield all cases of the checks of single calls."""
    for context in (make_context(tenant, operation, {}) for tenant in TENANTS):
        for check in WIRE_CHECKS:
            yield from check.cases(context)


def requests_of(operation: Operation) -> list[Request]:
    """Return all requests that a check of a real tenant may send."""
    checks = (
        RealTenantCheck(None, tenant, (507,), max_requests=1_000, operation=operation)
        for tenant in TENANTS
    )
    return [step.request for check in checks for step in check.plan.steps]


def explored_schema(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> BaseSchema:
    """Return the schema that Schemathesis gets for *operation*."""
    schemas: list[BaseSchema] = []

    def start_engine(schema: BaseSchema) -> SimpleNamespace:
        schemas.append(schema)
        return SimpleNamespace(execute=list)

    monkeypatch.setattr("superoffice_contract.fuzzing.engine.from_schema", start_engine)
    sign_in = SignIn("a password", (("Authorization", "Basic dXNlcjpwYXNzd29yZA=="),))
    explore("http://127.0.0.1:1", operation, sign_in, seed=1, max_examples=1)
    return schemas[0]


def test_the_checks_of_an_operation_are_the_same_beside_others() -> None:
    operation, alone = OPERATIONS[0], sync_email_accounts.operation()
    described_cases = [
        [(case.name, case.request, case.statuses, case.claims) for case in cases_of(subject)]
        for subject in (operation, alone)
    ]
    assert described_cases[0] == described_cases[1]
    assert requests_of(operation) == requests_of(alone)
    assert expected_facts("page", operation) == expected_facts("page", alone)
    assert expected_facts("spec", operation) == expected_facts("spec", alone)


def test_every_operation_can_be_planned() -> None:
    for operation in OPERATIONS:
        contexts = [make_context(tenant, operation, {}) for tenant in TENANTS]
        assert {context.url for context in contexts} == {operation.path, f"/Cust1{operation.path}"}
        assert all(case.request.path for case in cases_of(operation))
        assert all(case.path for case in requests_of(operation))


def test_the_schemes_of_an_operation_without_a_credential_are_named() -> None:
    for operation, schemes in zip(
        OPERATIONS,
        (["basic", "soTicket", "bearer", "xsrfToken + session"], ["basic"], []),
        strict=True,
    ):
        assert unnamed_schemes(Plan(server=None, tenants=TENANTS, operation=operation)) == []
        assert unnamed_schemes(Plan(server=None, tenants=(), operation=operation)) == schemes


def test_schemathesis_gets_the_path_of_the_operation_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for operation, methods in zip(
        OPERATIONS, ({"post", "get", "head", "options"}, {"post"}, {"get"}), strict=True
    ):
        schema = explored_schema(operation, monkeypatch)
        labels = {
            result.ok().label for result in schema.get_all_operations() if isinstance(result, Ok)
        }
        assert labels == {f"{method.upper()} {operation.path}" for method in methods}
        assert list(schema.raw_schema["paths"]) == [operation.path]
        assert "x-claim" not in str(schema.raw_schema)
