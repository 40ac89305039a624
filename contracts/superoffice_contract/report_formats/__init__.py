"""The formats of a report: text, one screen of text, Markdown, HTML, JSON and JUnit XML."""

from collections.abc import Callable, Mapping
from typing import Final

from superoffice_contract.report import Report
from superoffice_contract.report_formats.for_programs import as_json, as_junit
from superoffice_contract.report_formats.html import as_html
from superoffice_contract.report_formats.markdown import as_markdown
from superoffice_contract.report_formats.screen import as_screen
from superoffice_contract.report_formats.text import as_text

__all__ = [
    "FORMATS",
    "SHORT_FORMATS",
    "Formats",
    "as_html",
    "as_json",
    "as_junit",
    "as_markdown",
    "as_screen",
    "as_text",
]

Formats = Mapping[str, Callable[[Report], str]]

FORMATS: Final[Formats] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "markdown": as_markdown,
    "html": as_html,
}
"""Each format by the name that a user gives it; the text is a list of all results."""
SHORT_FORMATS: Final[Formats] = {**FORMATS, "text": as_screen}
"""The same, but the text fits a screen."""
