"""All seeded defects, and the table of them in contracts/README.md."""

from typing import Final

from tests.contract.mutants.answers import ANSWERS, ERRORS
from tests.contract.mutants.calls import PATHS, VERBS, WISHES
from tests.contract.mutants.credentials import LOOSE
from tests.contract.mutants.expiry import LIFETIMES
from tests.contract.mutants.fuzz_only import MADE_UP
from tests.contract.mutants.ids import IDS, MEMBERS
from tests.contract.mutants.lists import BROKEN, LISTS
from tests.contract.mutants.markup import FORM_DEFECTS, XML_DEFECTS
from tests.contract.mutants.media_types import MEDIA
from tests.contract.mutants.other_servers import MAKES, DefectiveMake
from tests.contract.mutants.patching import Defect
from tests.contract.mutants.readings import READING_DEFECTS
from tests.contract.mutants.refusals import TIGHT
from tests.contract.mutants.throttle import THROTTLE

DEFECTS: Final[tuple[Defect, ...]] = (
    *(*ANSWERS, *ERRORS, *VERBS, *PATHS, *WISHES),
    *(*LOOSE, *LIFETIMES, *TIGHT),
    *(*MEDIA, *MEMBERS, *IDS, *LISTS, *BROKEN, *XML_DEFECTS, *FORM_DEFECTS),
    *(*READING_DEFECTS, *THROTTLE, *MADE_UP),
)


def as_table() -> list[str]:
    """Return the lines of the table: what is wrong, which check catches it, and the claim."""
    head = ["| defect | check | claim |", "| --- | --- | --- |"]
    rows: list[Defect | DefectiveMake] = [*DEFECTS, *MAKES]
    return head + [f"| {one.name} | `{one.check}` | `{one.claim}` |" for one in rows]
