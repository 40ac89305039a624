"""Which value of a reading a server follows, as far as single answers show that."""

from collections.abc import Iterable, Iterator
from typing import Final

from superoffice_contract.checks.expectations import sign_of
from superoffice_contract.real_tenant.request_plan import Stop
from superoffice_contract.target.http import Seen

BY_ANSWER: Final = ("restricted", "errors", "no-content-type")
NOT_SEEN: Final = "not observed"


def followed(answers: Iterable[tuple[Stop, Seen]]) -> Iterator[tuple[str, str]]:
    """Yield each reading that an answer can show, and the value that is followed, or each."""
    found: dict[str, dict[str, None]] = {name: {} for name in BY_ANSWER}
    for stop, seen in answers:
        for wanted in stop.wanted:
            sign = sign_of(wanted.told, seen)
            if sign is not None:
                found[sign[0]][sign[1]] = None
    for reading, values in found.items():
        yield reading, " and ".join(values) or NOT_SEEN


def envelope(stop: Stop, seen: Seen) -> str | None:
    """Return the value of the reading `errors` that the error in *seen* follows, if any."""
    return dict(one for wanted in stop.wanted if (one := sign_of(wanted.told, seen))).get("errors")
