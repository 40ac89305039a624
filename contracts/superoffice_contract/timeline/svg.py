"""Draws timelines as one SVG image, which needs no script: see `timeline.js` for pages."""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import Final

import msgspec

from superoffice_contract.timeline.lanes import KINDS, Bar, Lane, arrange, kind_of, time_span
from superoffice_contract.timeline.model import Timeline, TimelineRun

WIDTH: Final = 1200
LEFT: Final = 190
"""Where the time begins; to the left of it stand the names of the lanes."""
RIGHT: Final = 20
ROW: Final = 24
BAR: Final = 14
TASK: Final = 8
MAX_OPEN_RUNS: Final = 3
"""The most runs whose tasks are drawn."""
MAX_TASKS: Final = 20
MAX_ADVICE: Final = 5
CLOSE: Final = 2.0
"""If there are too many calls, those of one kind that are fewer pixels apart stand together."""
MAX_TIMELINES: Final = 4
MAX_BARS: Final = 180
"""The most bars of calls in a picture."""
MAX_BANDS: Final = 60
MAX_STEPS: Final = 200
"""The syncs that a picture shows one by one; if there are more, a task is one bar."""
STEPS: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600),
    *(43200, 86400, 604800),
)
"""The seconds between two marks of the axis."""
_NOT_IN_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STYLE: Final = """
svg{font:13px system-ui,sans-serif;background:#fff;color:#1f2328}
text{fill:#1f2328}.quiet{fill:#59636e}.head{font-size:17px;font-weight:600}
.grid{stroke:#d1d9e0}.lease{fill:#0969da;fill-opacity:.1;stroke:#0969da;stroke-opacity:.5}
.hold{fill:#9a6700;fill-opacity:.12;stroke:#9a6700;stroke-dasharray:4 3}
.task{fill:#0969da;fill-opacity:.55}
.cut{fill:#cf222e;fill-opacity:.7}.number{font-size:11px;text-anchor:middle}
.started{fill:#1a7f37;stroke:#1a7f37}.served{fill:#8b949e;stroke:#59636e}
.turned_away{fill:none;stroke:#cf222e}.rejected{fill:#9a6700;stroke:#9a6700}
.faulted{fill:#8250df;stroke:#8250df}.crashed{fill:#1f2328;stroke:#1f2328}
.pending,.unknown{fill:none;stroke:#59636e}.bar{stroke-width:1.6}.replayed{fill:none;stroke-width:1}
@media (prefers-color-scheme:dark){svg{background:#0d1117;color:#f0f6fc}text{fill:#f0f6fc}
.quiet{fill:#9198a1}.grid{stroke:#3d444d}.lease{fill:#4493f8;stroke:#4493f8}.task{fill:#4493f8}.cut{fill:#ff7b72}
.started{fill:#3fb950;stroke:#3fb950}.turned_away{stroke:#ff7b72}.rejected{fill:#d29922;stroke:#d29922}
.faulted{fill:#ab7df8;stroke:#ab7df8}.crashed{fill:#f0f6fc;stroke:#f0f6fc}.hold{fill:#d29922}
.pending,.unknown{stroke:#9198a1}}
""".replace("\n", "")


class Scale(msgspec.Struct, frozen=True):
    """Where a moment stands: *start* at `LEFT`, and *seconds* later the right end."""

    start: float
    seconds: float

    def x(self, moment: float) -> float:
        """Return where *moment* stands, in pixels."""
        share = min(max((moment - self.start) / self.seconds, 0.0), 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    @property
    def seconds_a_pixel(self) -> float:
        """The seconds that a pixel shows."""
        return self.seconds / (WIDTH - LEFT - RIGHT)


def as_svg(*timelines: Timeline, has_style: bool = True) -> str:
    """Return an SVG document of *timelines*, one below the other, aligned at their starts.

    Without a style of its own it needs `STYLE` in its page.
    """
    shown, omitted = timelines[:MAX_TIMELINES], len(timelines[MAX_TIMELINES:])
    spans = [time_span(timeline) for timeline in shown]
    seconds = max((end - start for start, end in spans), default=1.0) * 1.02
    elements: list[str] = []
    y = 12.0
    for timeline, (start, _) in zip(shown, spans, strict=True):
        drawn, y = _draw(timeline, Scale(start, seconds), y, len(shown))
        elements += drawn
    if omitted:
        elements.append(_text(12, y + 8, f"and {omitted} timelines more", "quiet"))
        y += 20
    legend, height = _legend(shown, y)
    elements += legend
    style = f"<style>{STYLE}</style>" if has_style else ""
    titles = "; ".join(each.title for each in shown)
    headlines = ". ".join(f"{each.title}: {each.headline}" for each in shown)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
        f'height="{height:g}" role="img">'
        f"<title>{escape(titles)}</title><desc>{escape(headlines)}</desc>{style}<defs>{_HATCH}</defs>{''.join(elements)}</svg>\n"
    )


_HATCH: Final = (
    '<pattern id="guess" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path d="M0 0V6" stroke="#59636e" stroke-width="2"/></pattern>'
)


def escape(text: str) -> str:
    """Return *text* as it stands in XML; what XML can't have becomes U+FFFD."""
    return html.escape(_NOT_IN_XML.sub("\ufffd", text))


def _text(x: float, y: float, text: str, class_: str = "", anchor: str = "") -> str:
    more = f' class="{class_}"' if class_ else ""
    more += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:g}" y="{y:g}"{more}>{escape(text)}</text>'


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


# ---- one timeline ----------------------------------------------------------------------------


def _draw(timeline: Timeline, scale: Scale, top: float, share: int) -> tuple[list[str], float]:
    """Return the elements of *timeline*, one of *share*, below *top*, and where the next begins."""
    words, y = _words(timeline, top)
    axis_y = y + 16
    lanes_y = y = axis_y + 12
    end, apart = scale.start + scale.seconds, CLOSE * scale.seconds_a_pixel
    lanes = arrange(timeline, end, apart, MAX_BARS // share)
    calls: list[str] = []
    for lane in lanes:
        calls += _lane(lane, scale, y)
        y += lane.rows * ROW + 10
    leases = [*_leases(timeline, scale, lanes_y - 4, y, MAX_BANDS // share)]
    tasks, y = _tasks(timeline, scale, y + 4, MAX_STEPS // share)
    return [*words, *_axis(scale, axis_y, y), *leases, *calls, *tasks], y + 16


def _words(timeline: Timeline, top: float) -> tuple[list[str], float]:
    """Return headline, title and advice, and where they end."""
    left_out = timeline.forgotten + timeline.omitted
    note = f"; {left_out} older calls are not shown" if left_out else ""
    omitted = len(timeline.advice) - MAX_ADVICE
    lines = [
        *((20, line, "head") for line in wrap(timeline.headline, 120)[:3]),
        (20, _shorten(f"{timeline.title}{note}", 150), "quiet"),
        *((18, _shorten(sentence, 165), "") for sentence in timeline.advice[:MAX_ADVICE]),
        *([(18, f"and {omitted} more", "quiet")] if omitted > 0 else ()),
    ]
    words = []
    for height, line, class_ in lines:
        top += height
        words.append(_text(12, top - 2, line, class_))
    return words, top + 6


def _axis(scale: Scale, y: float, bottom: float) -> Iterator[str]:
    step = next((step for step in STEPS if scale.seconds / step <= 12), scale.seconds / 8)
    for number in range(int(scale.seconds / step) + 1):
        x = scale.x(scale.start + number * step)
        yield f'<path class="grid" d="M{x:g} {y + 4:g}V{bottom:g}"/>'
        yield _text(x, y, _format_seconds(number * step), "quiet", "middle")
    yield _text(12, y, f"from {datetime.fromtimestamp(scale.start, UTC):%H:%M:%S} UTC", "quiet")


def _format_seconds(seconds: float) -> str:
    if seconds < 120:
        return f"+{seconds:g} s"
    return f"+{seconds / 60:g} min" if seconds < 7200 else f"+{seconds / 3600:g} h"


def _leases(
    timeline: Timeline, scale: Scale, top: float, bottom: float, most: int
) -> Iterator[str]:
    height = bottom - top
    runs = [run for run in timeline.runs if run.holds_lease]
    apart, groups = CLOSE * scale.seconds_a_pixel, [[run] for run in runs]
    while len(groups) > most:
        groups, apart = _group_runs(runs, apart), apart * 2
    for group in groups:
        first, last = group[0], group[-1]
        x, end = scale.x(first.started_at), scale.x(last.ends_at)
        title = f"run {first.id} holds the lease for {first.ends_at - first.started_at:.1f} s"
        if len(group) > 1:
            title = f"{len(group)} runs, from run {first.id} to run {last.id}, hold the lease"
        yield _rect(x, top, max(end - x, 1), height, "lease", title)
        if last.confidence is not None and last.latest_end is not None:
            latest = scale.x(last.latest_end)
            guess = f"run {last.id} ended in this time ({last.confidence} confidence)"
            yield _rect(end, top, max(latest - end, 1), height, "guess", guess)
    for hold in timeline.holds[-most:]:
        x = scale.x(hold.since)
        end = scale.x(scale.start + scale.seconds if hold.until is None else hold.until)
        yield _rect(x, top, max(end - x, 1), height, "hold", "the lease is held by hand")


def _group_runs(runs: Sequence[TimelineRun], seconds_apart: float) -> list[list[TimelineRun]]:
    """Return the *runs*, those that are close to each other together."""
    groups: list[list[TimelineRun]] = []
    for run in runs:
        if groups and run.started_at - groups[-1][-1].ends_at < seconds_apart:
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def _rect(x: float, y: float, width: float, height: float, class_: str, title: str) -> str:
    fill = ' fill="url(#guess)" fill-opacity=".35"' if class_ == "guess" else ""
    return (
        f'<rect class="{class_}" x="{x:g}" y="{y:g}" width="{width:.1f}" height="{height:g}"{fill}>'
        f"<title>{escape(title)}</title></rect>"
    )


def _tasks(timeline: Timeline, scale: Scale, top: float, most: int) -> tuple[list[str], float]:
    """Return the tasks of the runs, ten thin lanes, and where they end."""
    runs = [run for run in timeline.runs if run.tasks]
    if not runs or len(runs) > MAX_OPEN_RUNS:
        return [], top
    rows = min(max(len(run.tasks) for run in runs), MAX_TASKS)
    is_small = sum(len(task) for run in runs for task in run.tasks) <= most
    steps = [step for run in runs for step in _steps(run, scale, top, is_small=is_small)]
    name = "its task" if rows == 1 else f"{rows} tasks"
    label = _text(LEFT - 12, top + rows * TASK / 2 + 8, name, "quiet", "end")
    return [label, *steps], top + rows * TASK + 8


def _steps(run: TimelineRun, scale: Scale, top: float, *, is_small: bool) -> Iterator[str]:
    for row, task in enumerate(run.tasks[:MAX_TASKS]):
        y = top + row * TASK
        if task and not is_small:
            x, end = scale.x(task[0].started_at), scale.x(task[-1].ends_at)
            yield _rect(x, y, max(end - x, 1), TASK - 2, "task", f"{len(task)} accounts")
            continue
        for step in task:
            x, end = scale.x(step.started_at), scale.x(step.ends_at)
            class_ = "cut" if step.state in ("cut short", "failed") else "task"
            title = f"account {step.account}: {step.state}, {step.ends_at - step.started_at:.1f} s"
            yield _rect(x, y, max(end - x - 1, 0.5), TASK - 2, class_, title)


# ---- calls -----------------------------------------------------------------------------------


def _lane(lane: Lane, scale: Scale, top: float) -> Iterator[str]:
    yield _text(LEFT - 12, top + 15, _shorten(lane.caller, 25), "", "end")
    for bar in lane.bars:
        yield _bar(bar, scale, top + bar.row * ROW + (ROW - BAR) / 2)


def _bar(bar: Bar, scale: Scale, y: float) -> str:
    """Return the bar of one call, or of several of one kind, with a title that tells about it."""
    first = bar.calls[0]
    kind = kind_of(first)
    x, end = scale.x(bar.start), scale.x(bar.end)
    width = max(end - x, 6.0 if len(bar.calls) == 1 else 3.0)
    shape = "".join(_shape(kind, x, y, width))
    if first.confidence is not None:
        shape += (
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{BAR}" fill="url(#guess)" '
            'fill-opacity=".7" stroke="none"/>'
        )
    if first.outcome == "replayed":
        shape += (
            f'<rect class="replayed" x="{x - 3:g}" y="{y - 3:g}" width="{width + 6:g}" '
            f'height="{BAR + 6}" rx="4"/>'
        )
    bar_ = f'<g class="bar {kind}"><title>{escape(describe(bar))}</title>{shape}</g>'
    number = f"{len(bar.calls)}" if len(bar.calls) > 1 else ""
    return bar_ + (_text(x + width / 2, y + 11, number, f"number on-{kind}") if number else "")


def _shape(kind: str, x: float, y: float, width: float) -> Iterator[str]:
    """Yield what shows *kind* by its shape as well: ends, a cross, an open end."""
    end, bottom, middle = x + width, y + BAR, y + BAR / 2
    if kind == "pending":
        yield f'<path d="M{end:g} {y:g}H{x:g}V{bottom:g}H{end:g}"/>'
        return
    if kind in ("faulted", "crashed"):
        yield (
            f'<path d="M{x:g} {y:g}H{end:g}l4 {BAR / 4:g}l-6 {BAR / 4:g}l6 {BAR / 4:g}'
            f'l-4 {BAR / 4:g}H{x:g}Z"/>'
        )
        return
    radius = 0 if kind == "rejected" else 3
    yield f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{BAR}" rx="{radius}"/>'
    if kind == "turned_away":
        yield f'<path d="M{end + 4:g} {middle - 4:g}l8 8m0 -8l-8 8"/>'
    if kind == "rejected":
        yield f'<path d="M{end:g} {y - 4:g}V{bottom + 4:g}" stroke-width="3"/>'


def describe(bar: Bar) -> str:
    """Return a text about the calls of *bar*."""
    first = bar.calls[0]
    kind = KINDS[kind_of(first)]
    sure = "" if first.confidence is None else f" ({first.confidence} confidence)"
    if len(bar.calls) > 1:
        return f"{len(bar.calls)} calls, #{first.id} to #{bar.calls[-1].id}: {kind}{sure}"
    status = "" if first.status is None else f"{first.status} "
    took = "" if first.answered_at is None else f"after {first.answered_at - first.at:.1f} s"
    what = f"{first.method} {first.operation or first.path}"
    reason = f": {first.reason}" if first.reason else ""
    return f"#{first.id} {what}, {status}{took}\n{kind}{sure}{reason}"


def _legend(timelines: Sequence[Timeline], y: float) -> tuple[list[str], float]:
    """Return the legend of what *timelines* have, below *y*, and where it ends."""
    calls = [call for each in timelines for call in each.calls]
    confidences = [call.confidence for call in calls]
    confidences += [run.confidence for each in timelines for run in each.runs]
    kinds = {kind_of(call) for call in calls}
    entries = [(kind, words) for kind, words in KINDS.items() if kind in kinds]
    if any(call.outcome == "replayed" for call in calls):
        entries.append(("replayed unknown", "replayed"))
    if any(each.runs for each in timelines):
        entries.append(("lease", "the lease"))
    if any(each.holds for each in timelines):
        entries.append(("hold", "the lease, held by hand"))
    if any(confidences):
        entries.append(("guess", "a guess"))
    x, drawn = 12.0, list[str]()
    for kind, words in entries:
        width = 64 + 6.6 * len(words)
        if x + width > WIDTH:
            x, y = 12.0, y + 26
        if kind in KINDS:
            drawn.append(f'<g class="bar {kind}">{"".join(_shape(kind, x, y + 8, 22))}</g>')
        else:
            drawn.append(_rect(x, y + 8, 22, BAR, kind, words))
        drawn.append(_text(x + 40, y + 20, words, "quiet"))
        x += width
    return drawn, y + 44
