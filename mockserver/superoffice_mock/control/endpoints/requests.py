"""The journal: what was asked, answered and decided."""

from typing import Final

from superoffice_mock.control import views
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import Asked, Verb, Verbs, whole
from superoffice_mock.control.views import View
from superoffice_mock.core.journal import OUTCOMES
from superoffice_mock.core.sync_run import ExchangeId
from superoffice_mock.wire.values import shown


async def _list(asked: Asked) -> View:
    outcome, since = _outcome(asked), asked.number("since", 0)
    journal, tenant = asked.world.journal, asked.tenant.facts.id
    found = [
        one
        for one in journal.exchanges(tenant)
        if one.id > since and outcome in (None, one.outcome)
    ]
    limit = asked.number("limit", len(found))
    kept = found[len(found) - min(limit, len(found)) :]
    return {
        "requests": [views.exchange_view(one, asked.world.operations) for one in kept],
        "total": len(found),
        "forgotten": journal.forgotten(tenant),
    }


async def _one(asked: Asked) -> View:
    id_ = ExchangeId(whole(asked.id) or 0)
    exchange = asked.world.journal.exchange(asked.tenant.facts.id, id_)
    if exchange is None:
        known = "GET /_mock/requests lists the rest"
        raise problem(404, f"request {shown(asked.id)} is unknown or forgotten; {known}")
    return views.whole_exchange_view(exchange, asked.world.operations)


async def _forget(asked: Asked) -> View:
    asked.world.journal.clear(asked.tenant.facts.id)
    return {"requests": [], "total": 0, "forgotten": 0}


def _outcome(asked: Asked) -> str | None:
    outcome = asked.query.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise problem(400, f"?outcome={shown(outcome)}: expected one of {', '.join(OUTCOMES)}")
    return outcome


VERBS: Final[Verbs] = {
    "/requests": {
        "GET": Verb(
            _list,
            ("outcome", "since", "limit"),
            "tells the journal, oldest first",
            answers="Requests",
        ),
        "DELETE": Verb(_forget, summary="empties the journal; ids go on", answers="Requests"),
    },
    "/requests/{id}": {
        "GET": Verb(_one, summary="tells one exchange whole", answers="WholeRequest")
    },
}
