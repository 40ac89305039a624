"""The claims: each has a unique id and fact, and an inferred one a reason."""

import re
import tomllib
from collections import Counter

from superoffice_contract.openapi import claims
from superoffice_contract.openapi.readings import READINGS
from tests.support.claims import CLAIMS

ALL_CLAIMS = claims.load()
TABLES = tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["claim"]


def test_claims_are_loaded_by_id_in_the_order_of_the_file() -> None:
    assert [table["id"] for table in TABLES] == list(ALL_CLAIMS)
    assert [id_ for id_, claim in ALL_CLAIMS.items() if claim.id != id_] == []


def test_no_two_claims_share_an_id_or_a_fact() -> None:
    for name in ("id", "fact"):
        counts = Counter(table[name] for table in TABLES)
        assert [value for value, count in counts.items() if count > 1] == []


def test_a_fact_is_a_sentence_and_an_inferred_claim_has_a_reason() -> None:
    for id_, claim in ALL_CLAIMS.items():
        fact = claim.fact
        assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", id_), id_
        assert fact == " ".join(fact.split()), id_
        assert fact[0].isupper() or fact[0].isdigit() or fact.startswith(("xsi", "$")), id_
        assert fact.endswith("."), id_
        if claim.kind == "documented":
            assert claim.section != "-", id_
            assert (claim.because, claim.reading) == (None, None), id_
        else:
            assert claim.section == "-", id_
            assert claim.because, id_
            assert claim.reading is None or claim.reading in READINGS, id_


def test_every_reading_has_a_claim() -> None:
    assert {claim.reading for claim in ALL_CLAIMS.values()} - {None} == set(READINGS)
