"""I5, and how the search copy is read."""

import pytest

from chaos.evidence import CopyState, Evidence
from chaos.invariants.copy import check_copy
from chaos.search_copy import entries_in
from tests.chaos.invented import BAD, CHILD, COPY, GOOD, evidence


def holding(*held: tuple[str, int], seconds: float = 3.0) -> Evidence:
    return evidence(copy=CopyState(COPY.finished, held, seconds))


def found(spoilt: Evidence) -> list[tuple[str, list[str]]]:
    return [(finding.invariant, list(finding.ids)) for finding in check_copy(spoilt)]


def test_a_copy_that_has_each_finished_event_once_is_whole() -> None:
    assert found(evidence()) == []


@pytest.mark.parametrize(
    ("held", "wrong"),
    [
        ([(GOOD, 2), (BAD, 2)], CHILD),
        ([(GOOD, 2), (BAD, 2), (CHILD, 2), (CHILD, 2)], CHILD),
        ([(GOOD, 2), (BAD, 2), (CHILD, 4)], CHILD),
        ([(GOOD, 2), (BAD, 2), (CHILD, 2), ("made-up", 2)], "made-up"),
    ],
)
def test_what_is_missing_doubled_outdated_or_strange_is_a_breach(held: list[tuple[str, int]], wrong: str) -> None:
    assert found(holding(*held)) == [("I5", [wrong])]


def test_a_copy_that_was_whole_too_late_is_a_breach() -> None:
    assert evidence().quiet_seconds == 1.5
    assert found(holding(*COPY.held, seconds=61.0)) == []
    assert found(holding(*COPY.held, seconds=62.0)) == [("I5", [])]


def test_a_tombstone_is_no_document() -> None:
    hits = [
        {"_id": GOOD, "_source": {"version": 2}},
        {"_id": BAD, "_source": {"version": 3, "gone": "2026-11-29T00:00:00Z"}},
        {"_id": CHILD, "_source": {}},
    ]

    assert list(entries_in(hits)) == [(GOOD, 2), (CHILD, 0)]
