"""Compares two recordings: pairs exchanges by their requests, then compares their answers."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from superoffice_contract.report import Finding, Result
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
    player = Player(Script(old, Rules(fields, "none")), bindings)
    for exchange in new:
        match = player.take(exchange.key)
        if isinstance(match, Miss):
            missing = Difference("request", "", "none", "one")
            yield exchange_result(exchange, (missing, *match.differences))
            continue
        attempt = Attempt(bindings)
        entry = old[match].entry
        differences = tuple(answer_diff.differences(entry, exchange.entry, attempt))
        attempt.commit()
        yield exchange_result(exchange, differences)
    for exchange in player.remaining:
        yield exchange_result(exchange, (Difference("request", "", "one", "none"),))


def exchange_result(exchange: RecordedExchange, differences: Sequence[Difference]) -> Result:
    """Return the result of *exchange*, whose answer has these *differences*."""
    claims = exchange.entry.label.claims if differences else ()
    findings = tuple(
        Finding(_where(difference), _what(difference), claims) for difference in differences
    )
    return Result(exchange_title(exchange), "differs" if findings else "agrees", claims, findings)


def exchange_title(exchange: RecordedExchange) -> str:
    """Return the title of *exchange* in a report."""
    path = urlsplit(exchange.entry.request.url).path
    proves = exchange.entry.label.proves
    return f"{exchange.place} {exchange.key.method} {path}{f': {proves}' if proves else ''}"


def _where(difference: Difference) -> str:
    return f"{difference.field} {difference.where}".strip()


def _what(difference: Difference) -> str:
    return f"recorded {difference.recorded_value}, got {difference.actual_value}"
