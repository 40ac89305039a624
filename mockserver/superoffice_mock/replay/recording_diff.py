"""Compares two recordings: pairs exchanges by their requests, then compares their answers."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace

from superoffice_contract.report import Finding, Result
from superoffice_mock.recordings.model import Entry
from superoffice_mock.recordings.pseudonyms import text_of_tenant
from superoffice_mock.replay import answer_diff
from superoffice_mock.replay.matching import Difference
from superoffice_mock.replay.player import Miss, Player, RecordedExchange, Rules, Script
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings


def compare(
    old: Sequence[RecordedExchange], new: Sequence[RecordedExchange], fields: tuple[str, ...]
) -> Iterator[Result]:
    """Yield the result of every exchange of *new*, then of those that only *old* has.

    The comparison is symmetric: pseudonyms of either recording match any value of the other.
    """
    bindings = Bindings(two_sided=True)
    old, new = ([*map(_with_tenant_as_text, exchanges)] for exchanges in (old, new))
    player = Player(Script(old, Rules(fields, "none")), bindings)
    for exchange in new:
        match = player.take(exchange.key)
        if isinstance(match, Miss):
            missing = Difference("request", "", "none", "one")
            yield exchange_result(exchange, (missing, *match.differences))
        else:
            yield exchange_result(exchange, compare_answers(old[match], exchange.entry, bindings))
    for exchange in player.remaining:
        yield exchange_result(exchange, (Difference("request", "", "one", "none"),))


def _with_tenant_as_text(exchange: RecordedExchange) -> RecordedExchange:
    """Return *exchange* with a text in place of the hidden id of its tenant."""
    path = tuple(map(text_of_tenant, exchange.key.path))
    return replace(exchange, key=replace(exchange.key, path=path))


def compare_answers(
    recorded: RecordedExchange, actual: Entry, bindings: Bindings
) -> tuple[Difference, ...]:
    """Return the differences of the answer in *actual*, and bind the pseudonyms in it."""
    attempt = Attempt(bindings)
    found = tuple(answer_diff.differences(recorded, actual, attempt))
    attempt.commit()
    return found


def exchange_result(exchange: RecordedExchange, differences: Sequence[Difference]) -> Result:
    """Return the result of *exchange*, whose answer has these *differences*."""
    claims = exchange.entry.label.claims if differences else ()
    findings = tuple(Finding(*each.place_and_values, claims) for each in differences)
    return Result(exchange_title(exchange), "differs" if findings else "agrees", claims, findings)


def exchange_title(exchange: RecordedExchange) -> str:
    """Return the title of *exchange* in a report."""
    path = urlsplit(exchange.entry.request.url).path
    proves = exchange.entry.label.proves
    return f"{exchange.place} {exchange.key.method} {path}{f': {proves}' if proves else ''}"
