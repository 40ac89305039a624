"""The claims: every fact has an id of its own, and an inferred one says why."""

import re
import tomllib
from collections import Counter

import pytest

from superoffice_contract.openapi import claims
from superoffice_contract.openapi.claims import Claim
from superoffice_mock.core.readings import READINGS
from tests.support.claims import CLAIMS

ALL = claims.load()


def test_claims_come_by_id_in_the_order_of_the_file() -> None:
    written = tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["claim"]
    assert [one["id"] for one in written] == list(ALL)
    assert [id_ for id_, one in ALL.items() if one.id != id_] == []


def test_no_two_claims_share_an_id_or_a_fact() -> None:
    written = tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["claim"]
    for name in ("id", "fact"):
        counts = Counter(one[name] for one in written)
        assert [value for value, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("claim", ALL.values(), ids=lambda one: one.id)
def test_a_claim_is_a_sentence_with_what_its_kind_needs(claim: Claim) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", claim.id)
    assert claim.fact == " ".join(claim.fact.split())
    assert claim.fact[0].isupper() or claim.fact[0].isdigit() or claim.fact.startswith(("xsi", "$"))
    assert claim.fact.endswith(".")
    if claim.kind == "documented":
        assert claim.section != "-"
        assert claim.because is None
        assert claim.reading is None
    else:
        assert claim.section == "-"
        assert claim.because
        assert claim.reading is None or claim.reading in READINGS


def test_every_reading_has_a_claim() -> None:
    assert {one.reading for one in ALL.values()} - {None} == set(READINGS)
