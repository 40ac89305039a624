"""Two recordings side by side: exchanges paired by their requests, then their answers compared."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from superoffice_contract.report import Finding, Result
from superoffice_mock.replay import answer_diff
from superoffice_mock.replay.matching import Difference
from superoffice_mock.replay.player import Miss, Player, Recorded, Rules
from superoffice_mock.replay.pseudonym_bindings import Bindings


def compared(
    ours: Sequence[Recorded], theirs: Sequence[Recorded], fields: tuple[str, ...]
) -> Iterator[Result]:
    """Yield what every exchange of *theirs* came to, then those that only *ours* has.

    Pseudonyms of either stand for any value of the other, so neither is the first.
    """
    bindings = Bindings(another=True)
    player = Player(ours, Rules(fields, "none"), bindings)
    for one in theirs:
        found = player.take(one.sent)
        if isinstance(found, Miss):
            yield result(one, (Difference("request", "", "none", "one"), *found.differences))
            continue
        attempt = bindings.attempt()
        told = tuple(answer_diff.differences(player.recorded(found).entry, one.entry, attempt))
        attempt.keep()
        yield result(one, told)
    for one in player.left:
        yield result(one, (Difference("request", "", "one", "none"),))


def result(recorded: Recorded, differences: Sequence[Difference]) -> Result:
    """Return what the exchange *recorded* came to."""
    claims = recorded.entry.label.claims if differences else ()
    findings = tuple(Finding(_where(one), _what(one), claims) for one in differences)
    return Result(named(recorded), "differs" if findings else "agrees", claims, findings)


def named(recorded: Recorded) -> str:
    """Return what an exchange is called in a report."""
    path = urlsplit(recorded.entry.request.url).path
    proves = recorded.entry.label.proves
    return f"{recorded.place} {recorded.sent.method} {path}{f': {proves}' if proves else ''}"


def _where(difference: Difference) -> str:
    return f"{difference.field} {difference.where}".strip()


def _what(difference: Difference) -> str:
    return f"recorded {difference.recorded}, got {difference.sent}"
