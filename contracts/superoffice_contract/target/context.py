"""What a check knows about the tenant that it runs against.

A check gets one context for each tenant of the target.
"""

import msgspec

from superoffice_contract.control.answers import Limits
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.target.credentials import valid_credentials
from superoffice_contract.target.http import Request
from superoffice_contract.target.tenants import TargetTenant


class CheckContext(msgspec.Struct, frozen=True):
    """The operation to check at one tenant, the headers of a credential, and the readings there.

    A reading that is not in *readings* is open: every value of it is right. *has_control*: the
    server has `/_mock/`, and with it the settings of the mock and its *limits*. *run_seconds*: the
    duration of a run there.
    """

    tenant: TargetTenant
    operation: Operation
    credential_headers: tuple[tuple[str, str], ...]
    readings: dict[str, str]
    has_control: bool = False
    run_seconds: float | None = None
    limits: Limits | None = None

    def post(self, body: bytes, content_type: str | None, *headers: tuple[str, str]) -> Request:
        """Return a call with *body*, the credential and more *headers*."""
        type_header = () if content_type is None else (("Content-Type", content_type),)
        return Request("POST", self.url, (*self.credential_headers, *type_header, *headers), body)

    @property
    def url(self) -> str:
        """The path of the call at this tenant."""
        return f"{self.tenant.base}{self.operation.path}"

    def allowed_values(self, reading: str, *all_values: str) -> tuple[str, ...]:
        """Return the values of *reading* that are right: the stated one, or *all_values*."""
        value = self.readings.get(reading)
        return all_values if value is None else (value,)


def make_context(
    tenant: TargetTenant, operation: Operation, readings: dict[str, str]
) -> CheckContext:
    """Return the context of *tenant* with its first credential, if it has any."""
    credential = next(valid_credentials(tenant), None)
    headers = () if credential is None else credential.headers
    return CheckContext(tenant, operation, headers, readings)
