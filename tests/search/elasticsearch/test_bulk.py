"""What an item of a bulk answer means."""

from typing import Any

import pytest

from headrace.search.elasticsearch.bulk import outcome_of, portions, worst
from headrace.search.port import Postponed, Refused, Superseded, Written


def item(status: int, kind: str, reason: str | None = "why") -> dict[str, Any]:
    return {"status": status, "error": {"type": kind, "reason": reason}}


@pytest.mark.parametrize(
    "kind",
    [
        "document_parsing_exception",
        "illegal_argument_exception",
        "mapper_parsing_exception",
        "strict_dynamic_mapping_exception",
    ],
)
def test_what_is_wrong_with_the_document_is_refused(kind: str) -> None:
    assert outcome_of(item(400, kind)) == Refused(f"{kind}: why")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, "es_rejected_execution_exception"),
        (429, "circuit_breaking_exception"),
        (429, "cluster_block_exception"),
        (403, "cluster_block_exception"),
        (404, "index_not_found_exception"),
        (503, "unavailable_shards_exception"),
        (500, "anything"),
        (400, "anything_else"),
    ],
)
def test_anything_else_is_tried_again(status: int, kind: str) -> None:
    assert outcome_of(item(status, kind)) == Postponed(f"{kind}: why")


def test_an_alias_that_leads_to_several_indices_is_no_fault_of_the_document() -> None:
    reason = "no write index is defined for alias [headrace-2026.11]"
    assert isinstance(outcome_of(item(400, "illegal_argument_exception", reason)), Postponed)


def test_a_newer_version_supersedes() -> None:
    assert outcome_of(item(409, "version_conflict_engine_exception")) == Superseded()
    assert outcome_of({"status": 201}) == Written()


@pytest.mark.parametrize(
    ("reason", "left"),
    [
        (
            "failed to parse field [n] of type [long] in document with id 'x'. Preview of field's value: 'secret'",
            "failed to parse field [n] of type [long] in document with id …. …",
        ),
        ('For input string: "secret"', "For input string: …"),
        ("failed to parse date field [secret] with format [x]", "…"),
        ("too long. The prefix of the first immense term is: '[115, 101]...'", "too long. …"),
        (None, ""),
    ],
)
def test_a_reason_does_not_quote(reason: str | None, left: str) -> None:
    assert outcome_of(item(400, "document_parsing_exception", reason)) == Refused(f"document_parsing_exception: {left}")


def test_a_reason_is_bounded() -> None:
    outcome = outcome_of(item(400, "document_parsing_exception", "x" * 10_000))
    assert isinstance(outcome, Refused)
    assert len(outcome.reason) == 500


def test_the_worst_of_several_copies_counts() -> None:
    assert worst([Written(), Superseded(), Written()]) == Superseded()
    assert worst([Refused("no"), Superseded()]) == Refused("no")
    assert worst([Postponed("later"), Refused("no"), Written()]) == Postponed("later")


def test_a_portion_has_as_much_as_is_allowed_but_one_at_least() -> None:
    lines = [(b"{}", b"x" * length) for length in (3, 3, 20, 1, 8, 1)]
    assert [[len(body) for _, body in portion] for portion in portions(lines, 13)] == [[3, 3], [20], [1, 8], [1]]
    assert list(portions([], 13)) == []
