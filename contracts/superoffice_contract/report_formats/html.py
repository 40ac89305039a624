"""A report as one HTML file with pictures of the traffic: it needs no other file and no network."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from superoffice_contract import timeline as timeline_package
from superoffice_contract.messages import one_line, printable
from superoffice_contract.report import WRONG_GUESS, Finding, Report
from superoffice_contract.report_formats.markdown import list_failures
from superoffice_contract.report_formats.text import describe_evidence, describe_place, show_reason
from superoffice_contract.timeline.model import Message, Timeline
from superoffice_contract.timeline.svg import STYLE, as_svg, escape

MAX_FINDINGS: Final = 200
"""Failures, and notes, that a page shows."""
BYTES_OF_A_CALL: Final = 1_700
MIN_BYTES: Final = 50_000
MAX_BYTES: Final = 2_000_000
"""What the data of a picture may take: on average for each call, if there are few, and at most."""
_FOLDER: Final = Path(timeline_package.__path__[0])


class _Limits(msgspec.Struct, frozen=True):
    """How many characters of a body and of a header's value a page shows, and how many headers."""

    body: int
    value: int
    headers: int


LIMITS: Final = (
    *(_Limits(8_000, 2_000, 100), _Limits(2_000, 500, 50), _Limits(1_000, 300, 30)),
    *(_Limits(500, 200, 20), _Limits(250, 100, 16), _Limits(100, 60, 12), _Limits(0, 40, 8), None),
)
"""From the most to nothing; the first with which the data is small enough counts."""
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{content}
</main>
{script}
</body>
</html>
"""


def as_html(report: Report) -> str:
    """Return *report* as a page: pictures, failures with their commands, notes, figures."""
    parts = [f'<p class="verdict">{escape(report.verdict)}</p>']
    parts += map(_picture, report.pictures)
    guesses = [result for result in report.results if result.status == WRONG_GUESS]
    others = [result for result in report.results if result.status != WRONG_GUESS]
    notes = [(result.check, note) for result in others for note in result.notes]
    parts += _section("Failures", map(_finding, list_failures(report.results)))
    parts += _list("Our guess is wrong", map(show_reason, guesses))
    parts += _section("Notes", map(_finding, notes))
    skipped = (result for result in others if result.kind == "skipped")
    parts += _list("Skipped", map(show_reason, skipped))
    passed = (result for result in others if result.kind == "passed")
    parts += _list("Passed", map(show_reason, passed))
    if report.facts:
        parts += ["<h2>Figures</h2>", *_figures(report.facts)]
    return _page(report.heading, parts, has_picture=bool(report.pictures))


def as_page(timeline: Timeline) -> str:
    """Return a page with the picture of *timeline*."""
    return _page(timeline.title, [_picture((timeline,))])


def _page(title: str, parts: Iterable[str], *, has_picture: bool = True) -> str:
    style, script = _assets(has_picture=has_picture)
    return _PAGE.format(
        policy=content_security_policy(has_picture=has_picture),
        title=escape(title),
        style=style,
        content="\n".join((f"<h1>{escape(title)}</h1>", *parts)),
        script=f'<script type="module">{script}</script>' if script else "",
    )


@cache
def content_security_policy(*, has_picture: bool = True) -> str:
    """Return the policy of a page: it runs its own script only, and loads nothing."""
    style, script = map(hash_of, _assets(has_picture=has_picture))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _assets(*, has_picture: bool) -> tuple[str, str]:
    """Return the style and the script of a page."""
    style = _read("page.css")
    if not has_picture:
        return style, ""
    return style + _read("timeline.css") + f".timeline-static {{{STYLE}}}", _read("timeline.js")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def hash_of(text: str) -> str:
    """Return the source in a policy that allows *text* inline, and nothing else."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'" if text else "'none'"


# ---- pictures --------------------------------------------------------------------------------


def _picture(timelines: Sequence[Timeline]) -> str:
    """Return the data of *timelines* for the script, and their picture until it runs."""
    most = max(MIN_BYTES, BYTES_OF_A_CALL * sum(len(each.calls) for each in timelines))
    for limits in LIMITS:
        data = _as_json([_shorten_messages(timeline, limits) for timeline in timelines])
        if len(data) <= min(most, MAX_BYTES):
            break
    static = as_svg(*timelines, has_style=False)
    return (
        f'<script type="application/json" data-timeline>{data}</script>\n'
        f'<div class="timeline-static">{static}</div>'
    )


def _as_json(timelines: Sequence[Timeline]) -> str:
    """Return *timelines* in ASCII, without the sign that begins markup."""
    # Not with msgspec, which rejects a lone surrogate.
    return json.dumps(msgspec.to_builtins(timelines), separators=(",", ":")).replace("<", "\\u003c")


def _shorten_messages(timeline: Timeline, limits: _Limits | None) -> Timeline:
    calls = (
        replace(
            call, request=_shorten(call.request, limits), response=_shorten(call.response, limits)
        )
        for call in timeline.calls
    )
    return replace(timeline, calls=tuple(calls))


def _shorten(message: Message | None, limits: _Limits | None) -> Message | None:
    if message is None or limits is None:
        return None
    most = limits.value
    headers = [
        (name, value if len(value) <= most else f"{value[:most]}…")
        for name, value in message.headers
    ]
    omitted = len(headers) - limits.headers
    if omitted > 0:
        headers[limits.headers :] = [("…", f"{omitted} more headers")]
    body, omitted = message.body, len(message.body) - limits.body
    if omitted > 0:
        body = f"{body[: limits.body]}… {omitted:,} more characters"
    return Message(tuple(headers), body)


# ---- markup ----------------------------------------------------------------------------------


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    parts = [*items]
    if parts:
        yield f"<h2>{title}</h2>"
        yield from parts[:MAX_FINDINGS]
    if len(parts) > MAX_FINDINGS:
        yield f"<p>and {len(parts) - MAX_FINDINGS} more; another format has them all</p>"


def _finding(found: tuple[str, Finding]) -> str:
    """Return a finding of a check: what and where, the claims, and a command that shows it."""
    check, finding = found
    lines = [f"<h3>{escape(check)}</h3><p>{escape(printable(finding.what))}</p>"]
    place = describe_place(finding)
    claims = (
        f"{id_} ({', '.join(filter(None, describe_evidence(id_)))})" for id_ in finding.claims
    )
    quiet = filter(None, (place, *(f"claim {claim}" for claim in claims)))
    lines += (f'<p class="quiet">{escape(printable(text))}</p>' for text in quiet)
    if finding.reproduce:
        lines.append(f"<pre>{escape(printable(finding.reproduce))}</pre>")
    return f'<section class="finding">{"".join(lines)}</section>'


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"<li>{escape(one_line(item))}</li>" for item in items]
    if lines:
        yield f"<h2>{title}</h2><ul>{''.join(lines)}</ul>"


def _figures(facts: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "<table>"
    for name, value in facts:
        yield f'<tr><th scope="row">{escape(name)}</th><td>{escape(printable(value))}</td></tr>'
    yield "</table>"
