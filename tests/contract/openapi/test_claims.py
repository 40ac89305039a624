"""The claims: ids and facts are unique, evidence has a source, and what is inferred a reason."""

import re
import tomllib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.openapi import claims
from superoffice_contract.openapi.claims import KINDS, Kind
from superoffice_contract.openapi.readings import READINGS
from superoffice_contract.suite.run import checks_by_claim
from tests.support.claims import CLAIMS

ALL_CLAIMS = claims.load()
FILE = tomllib.loads(CLAIMS.read_text(encoding="utf-8"))
TABLES = FILE["claim"]
WRITTEN_SOURCE = {
    "documented": rf"(?:{'|'.join(FILE['sources'])}): .+",
    "http": r"RFC \d+, sections? .+",
    "safety": r"CWE-\d+.*",
    "observed": r"(?:api-files|api-files-3|client): .+",
}


# ---- the file --------------------------------------------------------------------------------


def test_claims_are_loaded_by_id_in_the_order_of_the_file() -> None:
    assert [table["id"] for table in TABLES] == list(ALL_CLAIMS)
    assert [id_ for id_, claim in ALL_CLAIMS.items() if claim.id != id_] == []


def test_no_two_claims_share_an_id_or_a_fact() -> None:
    for name in ("id", "fact"):
        counts = Counter(table[name] for table in TABLES)
        assert [value for value, count in counts.items() if count > 1] == []


def test_a_fact_is_a_sentence() -> None:
    for id_, claim in ALL_CLAIMS.items():
        fact = claim.fact
        assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", id_), id_
        assert fact == " ".join(fact.split()), id_
        assert fact[0].isupper() or fact[0].isdigit() or fact.startswith(("xsi", "$")), id_
        assert fact.endswith("."), id_


def test_evidence_has_a_source_and_an_inferred_claim_a_reason() -> None:
    for table in TABLES:
        has = {name for name in ("source", "because", "follows") if name in table}
        if "kind" not in table:
            assert has == {"follows"}, table
        elif table["kind"] == "inferred":
            assert has == {"because"}, table
        else:
            assert has == {"source"}, table
            for part in table["source"].split("; "):
                assert re.fullmatch(WRITTEN_SOURCE[table["kind"]], part), table


def test_every_document_is_the_source_of_a_claim_and_has_an_address() -> None:
    sources = " ".join(claim.source or "" for claim in ALL_CLAIMS.values())
    for name, address in FILE["sources"].items():
        assert re.match(r"https://|npm @", address), name
        assert f"{name} ({address}): " in sources, name


def test_every_reading_has_a_claim() -> None:
    assert {claim.reading for claim in ALL_CLAIMS.values()} - {None} == set(READINGS)


def test_no_check_judges_the_sample_that_contradicts_http() -> None:
    assert checks_by_claim().keys() & {"sample-response", "response-title"} == set()


# ---- what read() makes of a file -------------------------------------------------------------

SOURCES = '[sources]\npage = "https://example.com/page"\nguide = "https://example.com/guide"\n'


def table(id_: str, *lines: str) -> str:
    return "\n".join(["[[claim]]", f'id = "{id_}"', f'fact = "{id_} holds."', *lines, ""])


def observation(claim: str, *, agrees: bool, day: str = "2026-11-30") -> str:
    lines = ("[[observation]]", f'claim = "{claim}"', f"agrees = {str(agrees).lower()}")
    return "\n".join([*lines, f"date = {day}", ""])


def test_the_name_of_a_document_gets_its_address() -> None:
    for written, source, section in (
        ("page: Response", "page (https://example.com/page): Response", "Response"),
        (
            "guide: Basic; page: Banner",
            "guide (https://example.com/guide): Basic; page (https://example.com/page): Banner",
            "Banner",
        ),
        ("guide: Basic", "guide (https://example.com/guide): Basic", None),
        ("RFC 9110, section 9.3.2", "RFC 9110, section 9.3.2", None),
        ("somebody: said so", "somebody: said so", None),
    ):
        text = SOURCES + table("a", 'kind = "documented"', f'source = "{written}"')
        assert (claims.read(text)["a"].source, claims.read(text)["a"].section) == (source, section)


@given(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), length=st.integers(1, 3))
def test_a_claim_that_follows_has_the_weakest_kind_at_any_distance(
    kinds: list[Kind], length: int
) -> None:
    origins = [f"origin-{number}" for number in range(len(kinds))]
    text = "".join(table(id_, f'kind = "{kind}"') for id_, kind in zip(origins, kinds, strict=True))
    names = origins
    for number in range(length):
        text = table(f"link-{number}", f"follows = {names}") + text
        names = [f"link-{number}"]
    last = claims.read(text)[names[0]]
    assert last.kind == max(kinds, key=KINDS.index)
    assert last.is_evidence == ("inferred" not in kinds)
    assert (last.source or "").startswith("follows from ")


def test_an_inferred_claim_is_observed_once_a_tenant_agreed_and_none_differed() -> None:
    guess = table("guess", 'kind = "inferred"', 'because = "why"')
    text = guess + table("link", 'follows = ["guess"]')
    agreed, refuted = observation("guess", agrees=True), observation("guess", agrees=False)
    earlier = observation("guess", agrees=True, day="2026-10-01")
    for observations, kind, source in (
        ("", "inferred", None),
        (agreed, "observed", "a tenant, on 2026-11-30"),
        (agreed + earlier, "observed", "a tenant, on 2026-11-30"),
        (refuted, "inferred", None),
        (agreed + refuted + earlier, "inferred", None),
    ):
        found = claims.read(text + observations)
        assert (found["guess"].kind, found["guess"].source) == (kind, source), observations
        assert found["guess"].because == "why", observations
        assert found["link"].kind == kind, observations


def test_an_observation_changes_no_evidence() -> None:
    text = table("a", 'kind = "http"', 'source = "RFC 9110, section 1"')
    for agrees in (True, False):
        found = claims.read(text + observation("a", agrees=agrees))["a"]
        assert (found.kind, found.source) == ("http", "RFC 9110, section 1"), agrees


def test_a_bad_file_is_refused_with_its_place() -> None:
    good = table("a", 'kind = "inferred"')
    for text, reason in (
        (table("a"), "claim a: expected kind or follows, and not both"),
        (table("b", 'kind = "http"', 'follows = ["a"]') + good, "claim b: expected kind or foll"),
        (table("b", 'follows = ["c"]') + good, "claim b: it follows from c, which is no claim"),
        (table("b", 'follows = ["b"]'), "claim b: it follows from b, which leads back to it"),
        (
            table("b", 'follows = ["c"]') + table("c", 'follows = ["a", "b"]') + good,
            "claim c: it follows from b, which leads back to it",
        ),
        (good + table("a", 'kind = "http"'), "claim a: there are two"),
        (good + observation("b", agrees=True), "observation: no claim has the id 'b'"),
        (good + observation("a", agrees=True, day='"30 November"'), "Invalid RFC3339 encoded date"),
        (good + observation("a", agrees=True, day="2026-13-40"), "line 8"),
        (good + observation("a", agrees=True) + 'tenant = "Cust12345"', "unknown field `tenant`"),
        (table("a", 'kind = "guessed"'), "Invalid enum value 'guessed'"),
        (table("a", 'kind = "inferred"', 'section = "x"'), "unknown field `section`"),
        (f"{good}[other]\n", "unknown field `other`"),
        ("[[claim", "end of an array declaration"),
    ):
        with pytest.raises(ValueError, match=re.escape(reason)):
            claims.read(text)
