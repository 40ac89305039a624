"""Requests that a machine makes up: generated bodies, and schedules for the throttle."""

import time
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from superoffice_contract.explored import Exploration
from superoffice_contract.fuzzing.engine import Access, explore
from superoffice_contract.progress import Steps
from superoffice_contract.readings import Signs
from superoffice_contract.report import Finding, Result
from superoffice_contract.suite.plan import PROFILES, Plan, Tally, concluded, untold
from superoffice_contract.target import tenants
from superoffice_contract.target.tenants import ImpossibleError, TargetError, TargetTenant
from superoffice_contract.throttle.state_machine import ThrottleError, explore_throttle

GENERATED: Final = "generated-requests"
THROTTLE: Final = "throttle"
THROTTLE_CLAIMS: Final = (
    *("single-run", "busy-second", "task-cap", "lease-end", "duplicates", "tasks-dealt"),
    *("run-detached", "busy-drop", "empty-no-run", "empty-busy", "disconnect-counts"),
)


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
    for one in tenants.good(tenant):
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


def throttle(plan: Plan, tally: Tally, signs: Signs, steps: Steps) -> Result:
    """Play schedules on each tenant's clock, which leaves the tenants as configured.

    What is learned of the readings that *plan* leaves open goes to *signs*.
    """
    started = time.monotonic()
    with steps.step(THROTTLE):
        return _played(plan, tally, signs, started)


def _played(plan: Plan, tally: Tally, signs: Signs, started: float) -> Result:
    findings: list[Finding] = []
    profile = PROFILES[plan.profile]
    for scene in plan.signed_in:
        try:
            learned = explore_throttle(
                plan.server,
                scene,
                chance=plan.seed,
                examples=profile.schedules,
                seconds=0.0 if findings else profile.shortening,
                timeout_seconds=plan.timeout_seconds,
                control_token=plan.control_token,
                note=tally.note,
            )
            for sign in learned:
                signs.note(sign)
        except ThrottleError as error:
            findings.append(Finding(scene.tenant.id, str(error), error.claims, error.schedule))
        except TargetError:
            raise
        except ImpossibleError as error:
            if not findings:
                return Result(THROTTLE, "skipped", THROTTLE_CLAIMS, note=str(error))
        except (LookupError, TypeError, ValueError) as error:
            return untold(THROTTLE, THROTTLE_CLAIMS, error)
    return concluded(THROTTLE, THROTTLE_CLAIMS, findings, time.monotonic() - started)
