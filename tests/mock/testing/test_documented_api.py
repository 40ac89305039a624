"""The README lists what the fixture and schedules have, and its example runs as shown."""

import re
from pathlib import Path

import pytest

from superoffice_mock import ExpectationFailed, SuperOffice, explore
from superoffice_mock.testing.interleavings.schedules import KINDS, TIMED_KINDS
from tests.examples.mail_sync import NaiveSync, SuperOfficeClient
from tests.support.documents import pattern, table

README = (Path(__file__).parents[3] / "mockserver/README.md").read_text(encoding="utf-8")
FIXTURE = README.split("### Interleavings\n")[0]


def public_members(value: object) -> set[str]:
    return {name for name in dir(value) if not name.startswith("_")}


def test_the_readme_lists_every_member_of_the_fixture_and_of_its_parts(office: SuperOffice) -> None:
    rows = [row.split("|") for row in table(FIXTURE, "In Python")]
    documented = set(re.findall(r"`(\w+)", " ".join(row[1] for row in rows)))
    assert documented == public_members(office)
    for part in ("clock", "lease", "faults"):
        (description,) = (row[2] for row in rows if row[1].startswith(f" `{part}`"))
        assert set(re.findall(r"`(\w+)", description)) == public_members(getattr(office, part))


def test_the_readme_lists_every_event_of_a_schedule() -> None:
    section = README.split("### Interleavings\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert rows == [
        f"| `{name}{' 1.5' if name in TIMED_KINDS else ''}` | {description.format('1.5')} |"
        for name, description in KINDS.items()
    ]


def test_the_scenario_of_the_readme_fails_as_shown() -> None:
    example = r"```python\n(def scenario.*?)```\n\n```text\n(.*?)```"
    ((block, output),) = re.findall(example, README, re.DOTALL)
    names: dict[str, object] = {
        "NaiveSync": NaiveSync,
        "SuperOfficeClient": SuperOfficeClient,
        "explore": explore,
    }
    exec(block, names)
    with pytest.raises(ExpectationFailed) as raised:
        names["test_nothing_gets_lost"]()  # type: ignore[operator]
    assert pattern(output.strip()).fullmatch(str(raised.value)), str(raised.value)
