"""All seeded defects, and the table of them in contracts/README.md."""

from typing import Final

from tests.contracts.defective_answers import ANSWERS, ERRORS
from tests.contracts.defective_calls import PATHS, VERBS, WISHES
from tests.contracts.defective_credentials import LOOSE
from tests.contracts.defective_ids import IDS, MEMBERS
from tests.contracts.defective_lifetimes import LIFETIMES
from tests.contracts.defective_lists import BROKEN, LISTS
from tests.contracts.defective_made_up import MADE_UP
from tests.contracts.defective_makes import MAKES, DefectiveMake
from tests.contracts.defective_markup import FORM_DEFECTS, XML_DEFECTS
from tests.contracts.defective_media import MEDIA
from tests.contracts.defective_readings import READING_DEFECTS
from tests.contracts.defective_refusals import TIGHT
from tests.contracts.defective_throttle import THROTTLE
from tests.contracts.seeding import Defect

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
