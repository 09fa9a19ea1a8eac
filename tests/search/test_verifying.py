"""What a copy says of itself to whoever compares it with Postgres."""

from datetime import timedelta
from typing import Any

import pytest

from headrace.domain.states import EventState
from headrace.search.port import Listed, Part, SearchCopy, Written
from tests.search.places import MOMENT, MONTH, Place, document, id_after, tombstone


async def test_parts_are_months_with_their_documents_and_their_newest_batch(place: Place, copy: SearchCopy) -> None:
    first, second = document(), document()
    await place.write(first, second, document(id_after(30 * 86_400)))
    await place.write(tombstone(first.event_id))
    await place.write(document(second.event_id, 4))
    assert list(await copy.parts()) == [Part(MONTH, 1, 3), Part("2026.12", 1, 1)]


async def test_no_part_is_there_before_the_first_write(copy: SearchCopy) -> None:
    assert list(await copy.parts()) == []
    assert list(await copy.list_page(MONTH, None, 10)) == []
    assert list(await copy.list_strangers(MONTH, 10)) == []
    assert await copy.bury(0.0) == 0


async def test_pages_list_the_documents_of_a_month_in_the_order_of_their_ids(place: Place, copy: SearchCopy) -> None:
    documents = [document(id_after(second), 2 + 2 * second) for second in range(5)]
    await place.write(*reversed(documents), tombstone(id_after(9)), document(id_after(30 * 86_400)))
    listed = [Listed(one.event_id, one.version, str(one.event_id)) for one in documents]
    assert list(await copy.list_page(MONTH, None, 2)) == listed[:2]
    assert list(await copy.list_page(MONTH, documents[1].event_id, 2)) == listed[2:4]
    assert list(await copy.list_page(MONTH, documents[3].event_id, 2)) == listed[4:]
    assert list(await copy.list_page(MONTH, documents[4].event_id, 2)) == []


async def test_what_is_lost_behind_our_back_is_listed_no_longer(place: Place) -> None:
    lost, kept = document(), document()
    await place.add(lost, kept)
    await place.behind.remove(lost.event_id)
    assert await place.versions() == {kept.event_id: 2}


async def test_only_what_was_changed_behind_our_back_differs(place: Place, copy: SearchCopy) -> None:
    right, wrong = document(), document()
    await place.add(right, wrong)
    assert list(await copy.differing([right, wrong])) == []
    await place.behind.corrupt(wrong.event_id)
    assert list(await copy.differing([right, wrong])) == [wrong.event_id]
    assert list(await copy.differing([])) == []
    assert list(await place.overwrite(wrong)) == [Written()]
    assert list(await copy.differing([right, wrong])) == []


async def test_whatever_an_event_holds_does_not_differ_from_itself(place: Place, copy: SearchCopy) -> None:
    content = (
        '{"payload": {"great": 123456789012345678901234567890, "exact": 1.0, "tiny": 1e-400, "half": 0.1,\n'
        '"text": "größe \\u2028 \\ud83d\\ude00", "": null},\r\n "outputs": {"A": [1, [2.50, {}]]},'
        ' "error": null, "extra": {}}'
    )
    full = document(
        state=EventState.FAILED,
        reason="node-failed",
        content=content.encode(),
        words="größe 😀 1",
        terms=("payload.text:größe",),
        finished_at=MOMENT + timedelta(microseconds=123_456),
    )
    await place.add(full)
    assert list(await copy.differing([full])) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"state": EventState.FAILED},
        {"words": "other"},
        {"terms": ("payload.n:1",)},
        {"tenant": "other"},
        {"finished_at": MOMENT + timedelta(microseconds=1)},
        {"content": b'{"payload": {"n": 1.0}, "outputs": {}, "error": null, "extra": {}}'},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_a_difference_of_any_kind_is_seen(place: Place, copy: SearchCopy, changed: dict[str, Any]) -> None:
    one = document()
    await place.add(one)
    assert list(await copy.differing([document(one.event_id, **changed)])) == [one.event_id]


async def test_the_fingerprint_stays_while_documents_come_and_go(place: Place, copy: SearchCopy) -> None:
    await place.write(document())
    before = await copy.fingerprint()
    await place.write(document(), tombstone(id_after(1)))
    assert await copy.fingerprint() == before
