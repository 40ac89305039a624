"""The throttle check: Hypothesis schedules on the clock of each tenant."""

import time
from typing import Final

from superoffice_contract.errors import ImpossibleError, TargetError
from superoffice_contract.readings import ReadingSigns
from superoffice_contract.report import Finding, Result, Steps
from superoffice_contract.suite.plan import PROFILES, Plan, Tally, concluded, untold
from superoffice_contract.throttle.state_machine import ThrottleError, explore_throttle

THROTTLE: Final = "throttle"


THROTTLE_CLAIMS: Final = (
    *("single-run", "busy-second", "task-cap", "lease-end", "duplicates", "tasks-dealt"),
    *("run-detached", "busy-drop", "empty-no-run", "empty-busy", "disconnect-counts"),
)


def throttle(plan: Plan, tally: Tally, signs: ReadingSigns, steps: Steps) -> Result:
    """Play schedules on each tenant's clock, which leaves the tenants as configured.

    What is learned of the readings that *plan* leaves open goes to *signs*.
    """
    started = time.monotonic()
    with steps.step(THROTTLE):
        return _played(plan, tally, signs, started)


def _played(plan: Plan, tally: Tally, signs: ReadingSigns, started: float) -> Result:
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
