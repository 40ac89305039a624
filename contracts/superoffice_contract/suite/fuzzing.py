"""The generated requests of a check: run Schemathesis with each credential."""

import time
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from superoffice_contract.fuzzing.engine import Exploration, SignIn, explore
from superoffice_contract.report import Finding, ProgressCounter, Result
from superoffice_contract.suite.plan import PROFILES, Plan, Tally, conclude
from superoffice_contract.target import credentials
from superoffice_contract.target.tenants import TargetTenant

GENERATED: Final = "generated-requests"
CLAIMS_BY_CHECK: Final[Mapping[str, tuple[str, ...]]] = {
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
"""The claims that a failed check breaks, by name: Schemathesis's own checks, and ours."""


def run_generated_requests(
    plan: Plan, tally: Tally, mode: Literal["all", "negative"], steps: ProgressCounter
) -> Iterator[Result]:
    """Run Schemathesis against the server, with one credential after the other.

    Raise TargetError if the server stops responding.
    """
    for sign_in in sign_ins_to_explore(plan):
        started = time.monotonic()
        with steps.step(f"{GENERATED}, {sign_in.name}"):
            exploration = explore(
                plan.server,
                sign_in,
                seed=plan.seed,
                max_examples=PROFILES[plan.profile].max_examples,
                mode=mode,
                timeout_seconds=plan.timeout_seconds,
            )
        _count(tally, sign_in, exploration)
        yield _result(sign_in, exploration, started)


def sign_ins_to_explore(plan: Plan) -> list[SignIn]:
    """Return the credentials that *plan* explores with, as many as its profile allows."""
    all_sign_ins = [sign_in for tenant in plan.tenants for sign_in in sign_ins(tenant)]
    return all_sign_ins[: PROFILES[plan.profile].max_sign_ins]


def _count(tally: Tally, sign_in: SignIn, exploration: Exploration) -> None:
    for kind, count in exploration.counts.items():
        tally.requests += count
        if kind.status is not None:
            tally.statuses[kind.status] += count
        if kind.media_type is not None:
            tally.calls[kind.media_type] += count
        if kind.status == 204 and kind.media_type is not None:
            tally.accepted[kind.media_type] += count
            tally.security_schemes[sign_in.alternative] += count
    tally.engine_errors += exploration.errors


def sign_ins(tenant: TargetTenant) -> Iterator[SignIn]:
    """Yield a SignIn for each valid credential of *tenant*."""
    segment = tenant.base.strip("/")
    for credential in credentials.valid_credentials(tenant):
        scheme, _, value = dict(credential.headers).get("Authorization", "").partition(" ")
        token = dict(credential.headers).get("SO-AppToken")
        name = f"{credential.name} at {tenant.id}"
        if scheme == "Basic":
            user = tenant.users[0]
            schemes = {"basic": {"username": user.name, "password": user.password}}
            yield SignIn(name, schemes, segment)
        elif scheme == "SOTicket":
            yield SignIn(name, {"soTicket": {"api_key": f"SOTicket {value}"}}, segment, token)
        elif scheme == "Bearer":
            yield SignIn(name, {"bearer": {"bearer": value}}, segment)
        elif not scheme:
            (session,) = tenant.sessions[:1]
            pair = {"xsrfToken": {"api_key": session.xsrf}, "session": {"api_key": session.id}}
            yield SignIn(name, pair, segment)


def _result(sign_in: SignIn, exploration: Exploration, started: float) -> Result:
    findings = [
        Finding(
            failed_check.check,
            failed_check.message,
            CLAIMS_BY_CHECK.get(failed_check.check, ()),
            failed_check.curl,
        )
        for failed_check in exploration.failed_checks
    ]
    findings += [Finding("engine", error) for error in exploration.errors]
    return conclude(f"{GENERATED}, {sign_in.name}", (), findings, time.monotonic() - started)
