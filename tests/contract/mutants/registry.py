"""All seeded defects. contracts/DEFECTS.md says which check finds each, and the claim it breaks."""

import re
from pathlib import Path
from typing import Final

from tests.contract.mutants.answers import ERROR_DEFECTS, RESPONSE_DEFECTS
from tests.contract.mutants.calls import METHOD_DEFECTS, NEGOTIATION_DEFECTS, PATH_DEFECTS
from tests.contract.mutants.credentials import (
    ACCEPTING_DEFECTS,
    EXPIRY_DEFECTS,
    REFUSING_DEFECTS,
)
from tests.contract.mutants.fuzz_only import FUZZ_DEFECTS
from tests.contract.mutants.ids import ID_DEFECTS, MEMBER_DEFECTS
from tests.contract.mutants.lists import INVALID_BODY_DEFECTS, LIST_DEFECTS
from tests.contract.mutants.markup import FORM_DEFECTS, XML_DEFECTS
from tests.contract.mutants.media_types import MEDIA_TYPE_DEFECTS
from tests.contract.mutants.office import OFFICE_DEFECTS
from tests.contract.mutants.patching import Seeds
from tests.contract.mutants.readings import READING_DEFECTS
from tests.contract.mutants.throttle import THROTTLE_DEFECTS

DEFECTS: Final[Seeds] = {
    **(RESPONSE_DEFECTS | ERROR_DEFECTS | METHOD_DEFECTS | PATH_DEFECTS | NEGOTIATION_DEFECTS),
    **(ACCEPTING_DEFECTS | EXPIRY_DEFECTS | REFUSING_DEFECTS),
    **(MEDIA_TYPE_DEFECTS | MEMBER_DEFECTS | ID_DEFECTS | LIST_DEFECTS | INVALID_BODY_DEFECTS),
    **(XML_DEFECTS | FORM_DEFECTS | READING_DEFECTS | THROTTLE_DEFECTS | OFFICE_DEFECTS),
    **FUZZ_DEFECTS,
}
_TABLE: Final = Path(__file__).parents[3] / "contracts" / "DEFECTS.md"
ROWS: Final[list[tuple[str, str, str]]] = re.findall(
    r"^\| (.+) \| `(.+)` \| `(.+)` \|$", _TABLE.read_text(encoding="utf-8"), re.MULTILINE
)
"""The rows of the table: defect, check and claim."""
