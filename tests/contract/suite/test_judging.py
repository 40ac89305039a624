"""A failure needs evidence; findings of one cause are one."""

from superoffice_contract.report import Finding
from superoffice_contract.suite.judging import Judge, fold, merge


def finding(claim: str, what: str = "wrong", where: str = "here") -> Finding:
    return Finding(where, what, (claim,))


EVIDENCE = ("media-types", "no-body", "no-server-error", "camel-case", "simultaneous")
INFERRED = ("no-banner", "run-detached", "media-type-other")


def test_a_difference_from_what_is_only_inferred_is_a_note() -> None:
    judge = Judge(strict=False)
    result = judge.conclude("a-check", (), [*map(finding, EVIDENCE), *map(finding, INFERRED)], 0.0)
    assert result.status == "failed"
    assert [failure.claims for failure in result.findings] == [(id_,) for id_ in EVIDENCE]
    assert [note.claims for note in result.notes] == [(id_,) for id_ in INFERRED]
    assert judge.conclude("a-check", (), map(finding, INFERRED), 0.0).status == "passed"


def test_a_strict_check_has_no_notes() -> None:
    result = Judge(strict=True).conclude("a-check", (), map(finding, INFERRED), 0.0)
    assert (result.status, len(result.findings), result.notes) == ("failed", 3, ())


def test_a_reading_that_is_told_is_evidence() -> None:
    result = Judge(strict=False, told_readings=frozenset({"run"})).conclude(
        "a-check", (), map(finding, INFERRED), 0.0
    )
    assert [failure.claims for failure in result.findings] == [("run-detached",)]


def test_a_finding_without_a_claim_is_a_failure() -> None:
    assert Judge(strict=False).is_failure(Finding("engine", "it broke"))


def test_findings_of_one_cause_are_one_with_a_count() -> None:
    merged = merge(
        (
            finding("media-types", where="first"),
            finding("no-body", where="second"),
            finding("media-types", where="third"),
            finding("media-types", "wrong in another way", where="fourth"),
        )
    )
    assert [(each.where, each.count) for each in merged] == [
        ("first", 2),
        ("second", 1),
        ("fourth", 1),
    ]


def test_what_several_checks_found_is_told_by_the_first_of_them() -> None:
    judge = Judge(strict=False)
    first = judge.conclude("first", (), [finding("no-body")], 0.0)
    same = judge.conclude("second", (), [finding("no-body")], 0.0)
    both = judge.conclude("third", (), [finding("no-body"), finding("method", "by PUT")], 0.0)
    by_chance = judge.conclude("made-up, Basic", (), [finding("method", "by QUERY")], 0.0)
    results = fold([first, same, both, by_chance], "made-up")
    assert [result.status for result in results] == ["failed", "skipped", "failed", "skipped"]
    assert [found.count for result in results for found in result.findings] == [3, 2]
    assert results[2].findings[0].what == "by PUT"
