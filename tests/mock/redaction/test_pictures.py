"""Pictures of recordings: what their calls came to, as a guess, and without secrets."""

import json
from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.timeline.model import Timeline
from superoffice_mock.recordings.model import Entry, Headers, Label
from superoffice_mock.redaction.pictures import draw_recordings
from tests.support.recordings import BASIC, JSON, URL, entry

AT = 1_800_000_000.25
"""Whole seconds would count as inexact."""
TICKET: Headers = (("authorization", "SOTicket 7T:another-caller"), *JSON)
ONLINE = "http://crm.example/Cust12345/api/v1/Agents/EMail/SyncEmailAccounts"


def call(
    at: float | None, accounts: Sequence[int] = (507,), took: float = 0.05, **members: object
) -> Entry:
    body = json.dumps({"SyncUserAccounts": [{"AccountId": id_} for id_ in accounts]}).encode()
    moment = None if at is None else AT + at
    made = entry(body=body, **members)  # type: ignore[arg-type]
    return replace(made, at=moment, elapsed=took, service_time=took)


def draw(*entries: Entry) -> Timeline:
    ((timeline,),) = draw_recordings(("app.har", entries))
    return timeline


def test_times_tell_which_calls_did_nothing_and_how_long_runs_may_have_been() -> None:
    timeline = draw(
        call(0, (501, 502)),
        call(2, (503,), took=1.01, headers=TICKET),
        call(6, (504,)),
        call(7, (505,), status=401),
    )
    assert timeline.headline == (
        "1 of 4 calls probably did nothing; account 503 was probably never synced; 1 was refused"
    )
    started, idle, later, refused = timeline.calls
    assert [each.outcome for each in timeline.calls] == [
        *("started", "turned_away", "started", "rejected"),
    ]
    assert (idle.confidence, idle.lost, idle.holder) == ("medium", (503,), "run 1")
    assert idle.retry_at == AT + 6
    assert (started.caller, idle.caller) == ("caller 1 (Basic)", "caller 2 (SOTicket)")
    assert (started.run, later.run, refused.run) == (1, 2, None)
    first, second = timeline.runs
    assert (first.started_at, first.ends_at, first.latest_end) == (AT, AT + 2, AT + 6)
    assert (second.confidence, second.latest_end) == ("low", None)
    (sentence,) = timeline.advice
    assert sentence == (
        "entries[1] at 08:00:02.250 (account 503): asking again from 08:00:06.250 on would have "
        "worked, when run 1 had ended"
    )


def test_a_label_of_our_own_recording_is_certain() -> None:
    labels = Label("started", "certain"), Label("turned_away", "certain"), Label("faulted", "low")
    timeline = draw(*(call(at, label=label) for at, label in enumerate(labels)))
    assert [(each.outcome, each.confidence) for each in timeline.calls] == [
        *(("started", None), ("turned_away", None), ("faulted", "low")),
    ]
    assert timeline.headline.startswith("1 of 3 calls did nothing; ")


def test_of_calls_without_times_the_order_is_shown_and_said() -> None:
    timeline = draw(call(None), call(None), call(3))
    assert timeline.title == "app.har (the times are not known, only the order)"
    assert [each.at for each in timeline.calls] == [0.0, 1.0, 2.0]


def test_other_calls_and_calls_without_an_answer_are_shown_as_what_they_are() -> None:
    other = URL.replace("SyncEmailAccounts", "GetCurrentAccountId")
    timeline = draw(
        call(0, url=other, status=200, response_body=b"5"),
        call(1, status=0, failure="net::ERR_ABORTED", took=0.2),
        call(2, (), took=0.01),
    )
    assert [each.outcome for each in timeline.calls] == ["served", "unknown", "served"]
    assert timeline.calls[1].hung_up


def test_each_tenant_has_a_picture_and_those_of_two_recordings_stand_together() -> None:
    old = [call(0), call(1, url=ONLINE)]
    pictures = draw_recordings(("old.har", old), ("new.har", [*old, call(2)]))
    assert [[each.title.partition(":")[0] for each in picture] for picture in pictures] == [
        *(["old.har", "new.har"], ["old.har", "new.har"]),
    ]
    secrets = [
        {value for each in picture for made in each.calls for value in headers_of(made.request)}
        for picture in pictures
    ]
    assert len(secrets[0] & secrets[1]) == 1, "the same secret has the same pseudonym"


def headers_of(message: object) -> list[str]:
    headers: Headers = getattr(message, "headers", ())
    return [value for name, value in headers if name == "authorization"]


@given(
    secret=st.text(st.characters(categories=("L", "N")), min_size=12, max_size=30),
    place=st.sampled_from(["ticket", "cookie", "query", "member", "answer"]),
)
def test_no_secret_of_a_recording_is_in_its_picture(secret: str, place: str) -> None:
    headers, body, url, answer = (*BASIC, *JSON), b"{}", URL, b""
    text = secret.encode("utf-8").hex() + "Zz9"
    if place == "ticket":
        headers = (("authorization", f"SOTicket 7T:{text}"), *JSON)
    elif place == "cookie":
        headers = (("cookie", f"ASP.NET_SessionId={text}"), *headers)
    elif place == "query":
        url = f"{URL}?token={text}"
    elif place == "member":
        body = json.dumps({"SyncUserAccounts": [], "Pasword": text}).encode()
    else:
        answer = json.dumps({"Password": text}).encode()
    made = entry(url, headers, body, status=200, response_headers=JSON, response_body=answer)
    assert text.encode() not in msgspec.json.encode(draw(made))
