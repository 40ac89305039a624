"""How the tests of drift ask for it."""

import json
from typing import Any

from superoffice_contract.drift import compare
from superoffice_contract.report import Finding, Report


def report_of(document: str | dict[str, Any]) -> Report:
    """Compare a page, or a specification, with the contract."""
    text = document if isinstance(document, str) else json.dumps(document)
    return compare.compare(compare.read(text.encode()), "the test")


def findings(document: str | dict[str, Any]) -> list[Finding]:
    """Return what has drifted."""
    return list(report_of(document).findings)


def found(document: str | dict[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return place, words and claims of what has drifted."""
    return [(one.where, one.what, one.claims) for one in findings(document)]
