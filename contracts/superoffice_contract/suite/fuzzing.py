"""Requests that a machine makes up: generated bodies, and schedules for the throttle."""

import time
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from superoffice_contract.fuzzing.engine import Access, Exploration, explore
from superoffice_contract.report import Finding, Result, Steps
from superoffice_contract.suite.plan import PROFILES, Plan, Tally, concluded
from superoffice_contract.target import credentials
from superoffice_contract.target.tenants import TargetTenant

GENERATED: Final = "generated-requests"


BREAKS: Final[Mapping[str, tuple[str, ...]]] = {
    "not_a_server_error": ("body-shape", "body-syntax"),
    "status_code_conformance": ("no-content",),
    "content_type_conformance": ("error-format",),
    "response_schema_conformance": ("error-webapi", "error-netserver"),
    "negative_data_rejection": ("body-shape",),
    "positive_data_acceptance": ("request-body", "starts-sync"),
    "ignored_auth": ("unauthorized",),
    "unsupported_method": ("method-not-allowed",),
    "no_body_on_204": ("no-body",),
    "no_hints_on_204": ("no-hints",),
    "no_banner": ("no-banner",),
    "not_cached": ("cache-headers",),
    "no_trace_in_errors": ("error-no-trace",),
    "media_type_declared": ("media-type-other",),
    "strangers_challenged": ("www-authenticate",),
}
"""The claims that a failed check of Schemathesis, or one of ours, breaks; it knows none itself."""


def generated(
    plan: Plan, tally: Tally, mode: Literal["all", "negative"], steps: Steps
) -> Iterator[Result]:
    """Let Schemathesis loose on the server, with one credential after the other.

    Raise TargetError if the server stops answering.
    """
    for access in explored_ways_in(plan):
        started = time.monotonic()
        with steps.step(f"{GENERATED}, {access.name}"):
            exploration = explore(
                plan.server,
                access,
                seed=plan.seed,
                max_examples=PROFILES[plan.profile].max_examples,
                mode=mode,
                timeout_seconds=plan.timeout_seconds,
            )
        _count(tally, access, exploration)
        yield _explored(access, exploration, started)


def explored_ways_in(plan: Plan) -> list[Access]:
    """Return the ways in that *plan* explores."""
    found = [one for tenant in plan.tenants for one in accesses(tenant)]
    return found[: PROFILES[plan.profile].accesses]


def _count(tally: Tally, access: Access, exploration: Exploration) -> None:
    for sent, count in exploration.sent.items():
        tally.requests += count
        if sent.status is not None:
            tally.statuses[sent.status] += count
        if sent.media_type is not None:
            tally.cases[sent.media_type] += count
        if sent.status == 204 and sent.media_type is not None:
            tally.media_types[sent.media_type] += count
            tally.ways_in[access.alternative] += count
    tally.engine_errors += exploration.errors


def accesses(tenant: TargetTenant) -> Iterator[Access]:
    """Yield each way into *tenant* that the description has a scheme for."""
    segment = tenant.base.strip("/")
    for one in credentials.good(tenant):
        scheme, _, value = dict(one.headers).get("Authorization", "").partition(" ")
        token = dict(one.headers).get("SO-AppToken")
        name = f"{one.name} at {tenant.id}"
        if scheme == "Basic":
            user = tenant.users[0]
            schemes = {"basic": {"username": user.name, "password": user.password}}
            yield Access(name, schemes, segment)
        elif scheme == "SOTicket":
            yield Access(name, {"soTicket": {"api_key": f"SOTicket {value}"}}, segment, token)
        elif scheme == "Bearer":
            yield Access(name, {"bearer": {"bearer": value}}, segment)
        elif not scheme:
            (session,) = tenant.sessions[:1]
            pair = {"xsrfToken": {"api_key": session.xsrf}, "session": {"api_key": session.id}}
            yield Access(name, pair, segment)


def _explored(access: Access, exploration: Exploration, started: float) -> Result:
    findings = [
        Finding(one.check, one.message, BREAKS.get(one.check, ()), one.curl)
        for one in exploration.findings
    ]
    findings += [Finding("engine", error) for error in exploration.errors]
    return concluded(f"{GENERATED}, {access.name}", (), findings, time.monotonic() - started)
