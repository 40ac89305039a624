"""A timeline with a value in every member, and texts that try to be markup."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, Final, TypeVar, get_args

import msgspec
from hypothesis import strategies as st

from superoffice_contract.report import Status
from superoffice_contract.timeline.model import (
    Message,
    Timeline,
    TimelineAccount,
    TimelineCall,
    TimelineHold,
    TimelineRun,
    TimelineStep,
)

NOON: Final = 1_796_126_400.0
KINDS: Final = (
    *("started", "turned_away", "served", "rejected", "faulted", "crashed", "pending", "replayed"),
    "unknown",
)
TEXTS: Final = st.text() | st.sampled_from(
    (
        *("</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>"),
        *('" onload="alert(1)', "' x='", "</style><b>", "]]><b>", "</text><a href='x'>", "&lt;b>"),
        *(
            "\x00\x0b\x1b[2J",
            "\ud800\ufffe",
            "{0}{style}",
            "%s",
            "\u2028\r\n",
            "javascript:alert(1)",
        ),
    )
)
"""Any text, and some that is markup, is cut or is no character where it stands unchanged."""


def make_call(number: int, kind: str, caller: str = "app", seconds: float = 1.0) -> TimelineCall:
    return TimelineCall(
        f"{number}",
        NOON + number / 10,
        caller,
        "POST",
        "/onsite/api/v1/Agents/EMail/SyncEmailAccounts",
        kind,
        answered_at=None if kind == "pending" else NOON + number / 10 + seconds,
        operation="SyncEmailAccounts",
        accounts=(501, 502),
        account_count=2,
        became="started" if kind == "replayed" else None,
        confidence="low" if kind == "unknown" else None,
        status=204,
        holder="run 1",
        reason="a reason",
        lost=(502,),
        violations=("a violation",),
        request=Message((("accept", "application/json"),), '{"SyncUserAccounts": []}'),
        response=Message((("server", "x"),), "null"),
    )


def make_run(number: int, at: float, tasks: int = 10, steps: int = 2) -> TimelineRun:
    lane = (TimelineStep(501 + n, NOON + at + n, NOON + at + n + 1, "synced") for n in range(steps))
    return TimelineRun(
        number,
        "1",
        NOON + at,
        NOON + at + steps,
        tasks=(tuple(lane),) * tasks,
        confidence="low",
        latest_end=NOON + at + steps + 1,
    )


TIMELINE: Final = Timeline(
    "tenant onsite",
    "1 of 9 calls did nothing; account 502 was never synced",
    calls=tuple(make_call(n, kind, f"app {n % 2}") for n, kind in enumerate(KINDS)),
    runs=(make_run(1, 0.5),),
    holds=(TimelineHold(NOON + 5, NOON + 6), TimelineHold(NOON + 7)),
    accounts=(TimelineAccount(502, NOON, "Failed", is_lost=True),),
    advice=("#1 at 12:00:00.100 (accounts 501, 502): asking again would have worked",),
    tenant="onsite",
    clock="jump",
    now=NOON + 8,
    forgotten=3,
    omitted=2,
)


Part = TypeVar("Part")


def with_texts(value: Part, text: Callable[[], str]) -> Part:
    """Return the struct *value* with another text for each that is not a status of a report."""

    statuses = get_args(Status)

    def change(part: Any) -> Any:
        if isinstance(part, str):
            return part if part in statuses else text()
        if isinstance(part, list | tuple):
            return [change(each) for each in part]
        if isinstance(part, dict):
            return {name: change(each) for name, each in part.items()}
        return part

    return msgspec.convert(change(msgspec.to_builtins(value)), type(value))


class Markup(HTMLParser):
    """The elements of a page with the names of their attributes, and its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: dict[str, list[str]] = {}
        self.contents: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            self.values.setdefault(name, []).append(value or "")
        if tag in self.CDATA_CONTENT_ELEMENTS:
            self.contents.append((tag, ""))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            tag, content = self.contents.pop()
            self.contents.append((tag, content + data))

    def content(self, tag: str) -> list[str]:
        return [content for name, content in self.contents if name == tag]
