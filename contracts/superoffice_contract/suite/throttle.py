"""The throttle check: run Hypothesis schedules on the clock of each tenant."""

import time
from typing import Final

from superoffice_contract.errors import NotObservableError, TargetError
from superoffice_contract.readings import ObservedReadings
from superoffice_contract.report import Finding, ProgressCounter, Result
from superoffice_contract.suite.plan import PROFILES, Plan, Tally, conclude, control_error
from superoffice_contract.throttle.state_machine import ThrottleError, explore_throttle

THROTTLE: Final = "throttle"
THROTTLE_CLAIMS: Final = (
    *("single-run", "busy-second", "task-cap", "lease-end", "duplicates", "tasks-dealt"),
    *("run-detached", "busy-drop", "empty-no-run", "empty-busy", "disconnect-counts"),
)


def run_throttle_check(
    plan: Plan, tally: Tally, observed_readings: ObservedReadings, steps: ProgressCounter
) -> Result:
    """Run schedules on each tenant's clock, and leave the tenants as configured.

    Readings that *plan* leaves open are detected and added to *observed_readings*.
    """
    started = time.monotonic()
    with steps.step(THROTTLE):
        return _play_schedules(plan, tally, observed_readings, started)


def _play_schedules(
    plan: Plan, tally: Tally, observed_readings: ObservedReadings, started: float
) -> Result:
    findings: list[Finding] = []
    profile = PROFILES[plan.profile]
    for context in plan.signed_in_contexts:
        try:
            detected_readings = explore_throttle(
                plan.server,
                context,
                random_seed=plan.seed,
                examples=profile.schedules,
                shrink_seconds=0.0 if findings else profile.shrink_seconds,
                timeout_seconds=plan.timeout_seconds,
                control_token=plan.control_token,
                on_response=tally.count,
            )
            for detected_reading in detected_readings:
                observed_readings.add(detected_reading)
        except ThrottleError as error:
            findings.append(Finding(context.tenant.id, str(error), error.claims, error.schedule))
        except TargetError:
            raise
        except NotObservableError as error:
            if not findings:
                return Result(THROTTLE, "skipped", THROTTLE_CLAIMS, note=str(error))
        except (LookupError, TypeError, ValueError) as error:
            return control_error(THROTTLE, THROTTLE_CLAIMS, error)
    return conclude(THROTTLE, THROTTLE_CLAIMS, findings, time.monotonic() - started)
