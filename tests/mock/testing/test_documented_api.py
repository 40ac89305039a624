"""What the README says of the fixture and of schedules is what there is."""

import re
from pathlib import Path

import pytest

from superoffice_mock import ExpectationFailed, SuperOffice, explore
from superoffice_mock.testing.interleavings.schedules import KINDS, TIMED
from tests.examples.mail_sync import NaiveSync, SuperOfficeClient
from tests.repository.test_readmes import pattern, table

README = (Path(__file__).parents[3] / "mockserver/README.md").read_text(encoding="utf-8")
FIXTURE = README.split("### Interleavings\n")[0]


def test_the_readme_lists_everything_that_the_fixture_has(superoffice_mock: SuperOffice) -> None:
    rows = [row.split("|")[1] for row in table(FIXTURE, "In Python")]
    named = set(re.findall(r"`(\w+)", " ".join(rows)))
    assert named == {name for name in dir(superoffice_mock) if not name.startswith("_")}


@pytest.mark.parametrize("part", ["clock", "lease", "faults"])
def test_the_readme_lists_what_the_parts_of_the_fixture_have(
    superoffice_mock: SuperOffice, part: str
) -> None:
    row = next(row for row in table(FIXTURE, "In Python") if row.startswith(f"| `{part}`"))
    named = set(re.findall(r"`(\w+)", row.split("|")[2]))
    has = {name for name in dir(getattr(superoffice_mock, part)) if not name.startswith("_")}
    assert named == has


def test_the_readme_lists_every_happening_of_a_schedule() -> None:
    section = README.split("### Interleavings\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert rows == [
        f"| `{name}{' 1.5' if name in TIMED else ''}` | {words.format('1.5')} |"
        for name, words in KINDS.items()
    ]


def test_the_scenario_of_the_readme_fails_as_shown() -> None:
    shown = r"```python\n(def scenario.*?)```\n\n```text\n(.*?)```"
    ((block, printed),) = re.findall(shown, README, re.DOTALL)
    names: dict[str, object] = {
        "NaiveSync": NaiveSync,
        "SuperOfficeClient": SuperOfficeClient,
        "explore": explore,
    }
    exec(block, names)
    with pytest.raises(ExpectationFailed) as failed:
        names["test_nothing_gets_lost"]()  # type: ignore[operator]
    assert pattern(printed.strip()).fullmatch(str(failed.value)), str(failed.value)
