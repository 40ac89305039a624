"""One answer of a real tenant held against the claims: each that it shows agrees or differs.

What a server says after it was shown a credential is never quoted: it might repeat that.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse, Verify, sign_of
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.claims import UNOBSERVABLE
from superoffice_contract.real_tenant.request_plan import PlannedRequest, Wanted
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Response

BY_ANSWER: Final = ("restricted", "errors", "no-content-type")


NOT_SEEN: Final = "not observed"


def followed(answers: Iterable[tuple[PlannedRequest, Response]]) -> Iterator[tuple[str, str]]:
    """Yield each reading that an answer can show, and the value that is followed, or each."""
    found: dict[str, dict[str, None]] = {name: {} for name in BY_ANSWER}
    for stop, seen in answers:
        for wanted in stop.wanted:
            sign = sign_of(wanted.told, seen)
            if sign is not None:
                found[sign[0]][sign[1]] = None
    for reading, values in found.items():
        yield reading, " and ".join(values) or NOT_SEEN


def envelope_of(stop: PlannedRequest, seen: Response) -> str | None:
    """Return the value of the reading `errors` that the error in *seen* follows, if any."""
    return dict(one for wanted in stop.wanted if (one := sign_of(wanted.told, seen))).get("errors")


class Shown(msgspec.Struct, frozen=True):
    """What one answer shows of one claim: *wrong* says how it differs, None that it agrees."""

    claim: str
    stop: PlannedRequest
    wrong: str | None = None


class Rule(msgspec.Struct, frozen=True):
    """What holds for all answers of some statuses; *unquoted* says what is wrong without them."""

    claims: tuple[str, ...]
    verify: Verify
    holds_for: Callable[[PlannedRequest, Response], bool]
    unquoted: str


def shown(stop: PlannedRequest, seen: Response, scene: CheckContext) -> Iterator[Shown]:
    """Yield what *seen*, the answer at *stop*, shows of each claim that it has to do with."""
    rules = [one for one in _rules(scene, stop, seen) if one.holds_for(stop, seen)]
    for rule in rules:
        wrong = rule.verify(seen)
        said = rule.unquoted if wrong is not None and stop.signed else wrong
        for id_ in rule.claims:
            yield Shown(id_, stop, said)
    known = {rule.verify(seen) for rule in rules}
    for wanted in stop.wanted:
        for id_, wrong in _of(wanted, stop, seen, known).items():
            if id_ not in _BY_RULE and id_ not in UNOBSERVABLE:
                yield Shown(id_, stop, wrong)


# ---- what was expected of this answer --------------------------------------------------------

_NAMED: Final = re.compile(r"\(claim ([a-z0-9-]+)\)")


_OF_CONTENT: Final = frozenset({"error-place", "error-format", "get-shape", "never-406"})
"""Claims about the content of an answer: another status says nothing about them."""


def _of(
    wanted: Wanted, stop: PlannedRequest, seen: Response, known: set[str | None]
) -> Mapping[str, str | None]:
    told = wanted.told
    if seen.status not in told.statuses:
        return _of_status(wanted, seen)
    found: dict[str, str | None] = dict.fromkeys(told.claims)
    for wrong in told.wrongs(seen):
        if wrong not in known:
            found[_blamed(told, wrong)] = wrong if not stop.signed else _unquoted(wrong)
    return found


def _of_status(wanted: Wanted, seen: Response) -> Mapping[str, str | None]:
    expected = " or ".join(map(str, wanted.told.statuses))
    wrong = f"expected {expected}, got {seen.status}"
    switched = seen.status in wanted.open.statuses
    known = claims.load()
    found: dict[str, str | None] = {}
    for id_ in wanted.told.claims:
        if id_ in _OF_CONTENT and not (id_ == "never-406" and seen.status == 406):
            continue
        agrees = switched and known[id_].reading is None
        found[id_] = None if agrees else wrong
    return found


def _blamed(told: ExpectedResponse, wrong: str) -> str:
    """Return the claim that *wrong* is about: the one it names, or that is about contents."""
    named = _NAMED.findall(wrong)
    contents = [one for one in told.claims if one in _OF_CONTENT]
    return str([*named, *contents, *told.claims][0])


def _unquoted(wrong: str) -> str:
    return wrong if wrong.startswith("the answer does not name ") else "the content is another"


# ---- what holds for every answer -------------------------------------------------------------


def _any(_: PlannedRequest, __: Response) -> bool:
    return True


def _empty(stop: PlannedRequest, seen: Response) -> bool:
    return seen.status == 204 and stop.ask.method == "POST"


def _refused(_: PlannedRequest, seen: Response) -> bool:
    return seen.status == 401


def _error(_: PlannedRequest, seen: Response) -> bool:
    return seen.status >= 400


def _fresh(stop: PlannedRequest, seen: Response) -> bool:
    return _empty(stop, seen) or (stop.ask.method == "POST" and _error(stop, seen))


def _error_in_json(stop: PlannedRequest, seen: Response) -> bool:
    accept = dict(stop.ask.headers).get("Accept", "")
    return _error(stop, seen) and stop.ask.method != "HEAD" and "xml" not in accept


def _rules(scene: CheckContext, stop: PlannedRequest, seen: Response) -> tuple[Rule, ...]:
    typed = expectations.typed(scene)
    follows, told = envelope_of(stop, seen), scene.readings.get("errors")
    envelope = f"error-{told or follows or 'webapi'}"
    other = () if follows is None else (f"error-{follows}",)

    def enveloped(seen: Response) -> str | None:
        if told is not None and follows not in (told, None):
            return f"the error has the envelope {follows}, expected {told}"
        return expectations.enveloped(scene)(seen)

    return (
        Rule(("no-body",), expectations.no_body, _empty, "the 204 has a body, or announces one"),
        Rule(("no-hints",), expectations.no_hints, _empty, "the 204 has a header that may tell"),
        Rule(("no-content-type",), typed, _empty, "the 204 has another Content-Type"),
        Rule(("no-banner",), expectations.no_banner, _any, "the answer names its server"),
        Rule(("cache-headers",), expectations.not_cached, _fresh, "the answer may be kept"),
        Rule(("www-authenticate",), expectations.challenged, _refused, "the 401 offers no scheme"),
        Rule(("error-no-trace",), expectations.no_trace, _error, "it shows a stack trace"),
        Rule((envelope,), enveloped, _error_in_json, "the error has another envelope"),
        Rule(other, lambda _: None, _error_in_json, ""),
    )


_BY_RULE: Final = frozenset(
    {
        *("no-body", "no-hints", "no-content-type", "no-banner", "cache-headers"),
        *("www-authenticate", "error-no-trace", "error-webapi", "error-netserver"),
    }
)
"""Claims that the rules judge, and single expectations therefore do not."""
