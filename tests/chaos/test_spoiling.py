"""What is done to bulk requests and their answers."""

import random
from typing import Any

import orjson

from chaos.spoiling import BUSY, Fate, Spoiling, answer_with, items_of

FIRST = b'{"index":{"_index":"headrace-2026.11","_id":"1"}}\n{"id":"1"}\n'
SECOND = b'{"delete":{"_index":"headrace-2026.11","_id":"2"}}\n'
THIRD = b'{"create":{"_index":"headrace-2026.11"}}\n{"id":"3"}\n'


def told(*refused: int, answered: bytes | None) -> dict[str, Any]:
    answer: dict[str, Any] = orjson.loads(answer_with([FIRST, SECOND, THIRD], dict.fromkeys(refused, 429), answered))
    return answer


def test_an_item_is_its_line_and_its_document() -> None:
    assert items_of(FIRST + SECOND + THIRD) == [FIRST, SECOND, THIRD]


def test_items_that_were_refused_stand_in_their_places_in_the_answer() -> None:
    of_the_others = b'{"errors":false,"items":[{"index":{"status":201}},{"create":{"status":409}}]}'

    answer = told(1, answered=of_the_others)

    assert answer["errors"]
    assert [next(iter(item.items())) for item in answer["items"]] == [
        ("index", {"status": 201}),
        ("delete", {"_index": "headrace-2026.11", "_id": "2", "status": 429, "error": dict(BUSY[429])}),
        ("create", {"status": 409}),
    ]


def test_where_all_items_are_refused_nothing_needs_to_be_asked() -> None:
    answer = told(0, 1, 2, answered=None)

    assert [next(iter(item.values()))["status"] for item in answer["items"]] == [429, 429, 429]


def test_an_answer_of_which_nothing_was_refused_is_as_it_was() -> None:
    answered = b'{"errors":true,"items":[{"index":{"status":201}},{"delete":{"status":503}},{"create":{"status":201}}]}'

    assert told(answered=answered) == orjson.loads(answered)


def test_only_bulk_requests_have_items() -> None:
    spoiling = Spoiling(random.Random(1))

    assert Fate.REFUSE_ITEMS not in {spoiling.fate_of("/headrace/_search?size=0") for _ in range(200)}
    assert {spoiling.fate_of("/_bulk?require_alias=true") for _ in range(200)} == set(Fate)


def test_the_same_chance_gives_the_same_fates() -> None:
    first, second = Spoiling(random.Random(1)), Spoiling(random.Random(1))

    assert [first.fate_of("/_bulk") for _ in range(50)] == [second.fate_of("/_bulk") for _ in range(50)]


def test_what_is_refused_is_counted() -> None:
    spoiling = Spoiling(random.Random(1))
    fates = [spoiling.fate_of("/_bulk") for _ in range(100)]
    chosen = spoiling.choose_items(100)

    assert (spoiling.refused, spoiling.lost) == (fates.count(Fate.REFUSE), fates.count(Fate.LOSE_REPLY))
    assert spoiling.items == len(chosen) > 0
    assert set(chosen.values()) == set(BUSY)


def test_a_refusal_is_elasticsearchs_own_or_that_of_something_before_it() -> None:
    spoiling = Spoiling(random.Random(1))
    refusals = [spoiling.refusal() for _ in range(50)]

    assert {refusal.status for refusal in refusals} == {429, 503}
    assert {refusal.media_type for refusal in refusals} == {"text/html", "application/json"}
