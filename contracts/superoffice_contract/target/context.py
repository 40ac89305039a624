"""What a check needs to know about the tenant that it runs against."""

import msgspec

from superoffice_contract.target.http import Request
from superoffice_contract.target.tenants import TargetTenant


class CheckContext(msgspec.Struct, frozen=True):
    """Where expectations are held: one tenant, a way in, and the readings that it follows.

    A reading that is not in *readings* is open: each of its values will do. *has_control*:
    the server has `/_mock/`, and with it the settings of the mock. *run_seconds*: how long a run
    takes there.
    """

    tenant: TargetTenant
    path: str
    sign_in: tuple[tuple[str, str], ...]
    media_types: tuple[str, ...]
    methods: tuple[str, ...]
    readings: dict[str, str]
    has_control: bool = False
    run_seconds: float | None = None

    def post(self, body: bytes, content_type: str | None, *more: tuple[str, str]) -> Request:
        """Return a signed-in call with *body*."""
        kind = () if content_type is None else (("Content-Type", content_type),)
        return Request("POST", self.url, (*self.sign_in, *kind, *more), body)

    @property
    def url(self) -> str:
        """The path of the call at this tenant."""
        return f"{self.tenant.base}{self.path}"

    def values(self, reading: str, *every: str) -> tuple[str, ...]:
        """Return the values of *reading* that will do, of *every* one there is."""
        value = self.readings.get(reading)
        return every if value is None else (value,)
