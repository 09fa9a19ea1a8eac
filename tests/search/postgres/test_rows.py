"""Whatever somebody changes in a row is seen."""

from typing import Any

import pytest

from tests.search.behind import BehindPostgres
from tests.search.places import Place, document

CHANGES = (
    "version = version + 2",
    "gone = now()",
    "tenant = 'other'",
    "type = 'other'",
    "state = 'failed'",
    "finished_at = finished_at + interval '1 microsecond'",
    "indices = '{}'",
    "digest = '\\x00'",
    "words = 'a:1 b:3'",
    "words = 'a:1 b:2 c:3'",
    "terms = terms || 1::bigint",
    "terms = '{}'",
    "words = NULL",
    "part = part || 'x'",
)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_column_differs(postgres18_place: Place, change: str) -> None:
    right, wrong = document(words="a b", indices=("null",)), document(words="a b", indices=("null",))
    await postgres18_place.add(right, wrong)
    assert list(await postgres18_place.copy.differing([right, wrong])) == []
    assert isinstance(postgres18_place.behind, BehindPostgres)
    changing = f"UPDATE headrace.documents SET {change} WHERE event_id = %s"  # noqa: S608  # a change from above
    postgres18_place.behind.storage.rows(changing, wrong.event_id)
    assert list(await postgres18_place.copy.differing([right, wrong])) == [wrong.event_id]


@pytest.mark.parametrize(
    "changed",
    [{"reason": "other"}, {"key": "K"}, {"subject": "s"}, {"attempts": 2}, {"started_at": None}, {"version": 4}],
    ids=lambda changed: next(iter(changed)),
)
async def test_what_has_no_column_differs_too(postgres18_place: Place, changed: dict[str, Any]) -> None:
    one = document(key="k")
    await postgres18_place.add(one)
    other = document(one.event_id, **{"key": "k", **changed})
    assert list(await postgres18_place.copy.differing([other])) == [one.event_id]
