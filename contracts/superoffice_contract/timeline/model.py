"""What a timeline shows, as data: calls, runs with their tasks, the lease, and what it means.

`timeline.js` draws the same members, so a name that changes here changes there. Moments are in
seconds since 1970, on the clock of the tenant.
"""

from typing import Final

import msgspec

MAX_CALLS: Final = 2_000
"""The calls of a timeline that is a file or an image; if there are more, the newest."""
MAX_STEPS: Final = 500
"""The syncs of accounts that a run lists; `omitted` counts the others."""


class _Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a timeline; in JSON, members with their default values are left out."""


class Message(_Part, frozen=True):
    """Headers and body of a request or a response, without secrets."""

    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


class TimelineCall(_Part, frozen=True):
    """A call, from *at* until *answered_at*, which is None if it has no answer (yet).

    *id* is unique in its timeline, such as `12` of a journal. *caller* names its lane. *outcome* is
    one of a journal, or `unknown`; *became* is that of the recorded call, for a replayed one.
    *confidence* is None if the outcome is certain, else `high`, `medium`, `low` or `unknown`.
    *accounts* are the first of *account_count*; *lost* are those that no run ever covered. *run* is
    the run that it started, *holder* what it was turned away by (`run 3` or `hand`), and *retry_at*
    the moment from which asking again would have worked, None if unknown. *request* and *response*
    are there in files; in a page of the mock they are fetched.
    """

    id: str
    at: float
    caller: str
    method: str
    path: str
    outcome: str
    answered_at: float | None = None
    operation: str | None = None
    accounts: tuple[int, ...] = ()
    account_count: int = 0
    became: str | None = None
    confidence: str | None = None
    status: int | None = None
    hung_up: bool = False
    run: int | None = None
    holder: str | None = None
    retry_at: float | None = None
    lost: tuple[int, ...] = ()
    reason: str = ""
    violations: tuple[str, ...] = ()
    request: Message | None = None
    response: Message | None = None


class TimelineStep(_Part, frozen=True):
    """The sync of an *account* by a task: `waiting`, `syncing`, `synced`, `failed`, `cut short`."""

    account: int
    started_at: float
    ends_at: float
    state: str


class TimelineRun(_Part, frozen=True):
    """A run that the call with the id *call* started; it holds the lease until *ends_at*.

    *confidence* is None if it is known, else how certain the run is; it then ended between
    *ends_at* and *latest_end*. *state* is `running`, `ended` or `released`. *omitted* counts the
    syncs that *tasks* leave out. A run that holds no lease, such as that of SyncEmailAccount, has
    *holds_lease* False.
    """

    id: int
    call: str
    started_at: float
    ends_at: float
    state: str = "ended"
    tasks: tuple[tuple[TimelineStep, ...], ...] = ()
    omitted: int = 0
    confidence: str | None = None
    latest_end: float | None = None
    holds_lease: bool = True


class TimelineHold(_Part, frozen=True):
    """A hold of the lease by hand; *until* is None if it still lasts."""

    since: float
    until: float | None = None


class TimelineAccount(_Part, frozen=True):
    """An account that a call asked for: when it was last synced with success, and whether lost."""

    id: int
    last_fetch: float | None = None
    status: str = ""
    is_lost: bool = False


class Timeline(_Part, frozen=True):
    """What happened at a tenant, or in a file.

    *title* names it. *headline* says in a sentence what came of the calls, and *advice* has a
    sentence for each call that did nothing: when asking again would have worked. *calls* are in the
    order of their arrival. *clock* and *now* are those of a tenant of a mock, None of a file.
    *forgotten* counts calls that the journal has dropped, *omitted* those left out here.
    """

    title: str
    headline: str
    calls: tuple[TimelineCall, ...] = ()
    runs: tuple[TimelineRun, ...] = ()
    holds: tuple[TimelineHold, ...] = ()
    accounts: tuple[TimelineAccount, ...] = ()
    advice: tuple[str, ...] = ()
    tenant: str | None = None
    clock: str | None = None
    now: float | None = None
    forgotten: int = 0
    omitted: int = 0
