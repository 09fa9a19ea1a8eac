"""The plans of what is asked of the copy, among many documents and without statistics."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from headrace.domain.query import Between, Clause, Not, Phrase, Query
from headrace.search.port import Found, Search
from headrace.search.postgres.copy import PostgresCopy
from headrace.search.postgres.terms import hash_of, tenant_term
from headrace.store.database import Database
from headrace.store.finding import WALK_ROWS
from tests.search.places import MOMENT, MONTH, id_after
from tests.support.storage import Storage

#: Documents among which is searched, and how many hits are counted.
DOCUMENTS, COUNTED = 3 * WALK_ROWS, 100

_EXPLAIN = """
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_format = json;
SET client_min_messages = log;
"""

_FILL = """
INSERT INTO headrace.documents
    (event_id, part, version, batch, tenant, type, state, finished_at, indices, digest, words, terms)
SELECT id, '2026.11-1', 2, 1, 'acme', 'order', 'succeeded', now(), '{}', '', words::tsvector, ARRAY[%(tenant)s::bigint]
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS new (id, number), LATERAL (
    SELECT concat_ws(' ', 'common', CASE WHEN number %% 500 = 0 THEN 'rare' END, CASE WHEN number <= 200 THEN 'old' END)
) AS text (words)
"""


@dataclass
class Explained:
    """A copy on one connection that tells the plans of all that it runs."""

    copy: PostgresCopy
    told: list[str] = field(default_factory=list)

    async def search(self, *clauses: Clause, facets: bool = False) -> Found:
        return await self.copy.search(Search("acme", Query(clauses), 10, facets=facets))

    def indexes(self) -> list[set[str]]:
        """The indexes of the documents that each statement read, in the order of the statements, if it read any."""
        nodes = [list(_nodes_of(plan)) for plan in self._plans()]
        found = [{str(node.get("Index Name", "")) for node in plan} for plan in nodes]
        return [names for each in found if (names := {name for name in each if name.startswith("documents_")})]

    def _plans(self) -> Iterator[dict[str, Any]]:
        for text in self.told:
            if text.startswith("duration") and "plan:" in text:
                yield json.loads(text[text.index("{") :])["Plan"]


def _nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes_of(inner)


@pytest.fixture(params=["analyzed", "unknown"])
async def explained(storage: Storage, request: pytest.FixtureRequest) -> AsyncIterator[Explained]:
    """Many documents, of which all are common, each 500th is rare and the first 200 are old."""
    ids = sorted(id_after(second) for second in range(DOCUMENTS))
    with psycopg.connect(storage.superuser_url, autocommit=True) as connection:
        connection.execute(storage.sql(_FILL), {"ids": ids, "tenant": hash_of(tenant_term("acme"))})
    storage.rows("INSERT INTO headrace.parts (month, part) VALUES (%s, %s)", MONTH, f"{MONTH}-1")
    if request.param == "analyzed":
        storage.rows("ANALYZE headrace.documents")
    url = storage.superuser_url
    database = Database(lambda: url, schema=storage.schema, pooler="none", connections=1)
    await database.open()
    explained = Explained(PostgresCopy(database, most_counted=COUNTED))
    async with database.connection() as connection:
        await connection.execute(_EXPLAIN)
        connection.add_notice_handler(lambda notice: explained.told.append(notice.message_primary or ""))
    yield explained
    await database.close()


async def test_a_rare_word_is_found_by_its_index_alone(explained: Explained) -> None:
    found = await explained.search(Phrase(("rare",)), facets=True)
    assert (len(found.ids), found.total) == (10, DOCUMENTS // 500)
    assert explained.indexes() == [{"documents_found"}]


async def test_a_frequent_word_is_met_on_a_walk_from_the_newest_id(explained: Explained) -> None:
    found = await explained.search(Phrase(("common",)), facets=True)
    assert (len(found.ids), found.total, found.facets and found.facets.counted) == (10, COUNTED, COUNTED)
    found_by, *walked_by = explained.indexes()
    assert found_by == {"documents_found"}
    assert walked_by == [{"documents_pkey"}] * 4


async def test_many_hits_that_lie_together_far_back_are_found_by_the_index(explained: Explained) -> None:
    found = await explained.search(Phrase(("old",)))
    assert (len(found.ids), found.total) == (10, COUNTED)
    assert explained.indexes() == [
        {"documents_found"},
        {"documents_pkey"},
        {"documents_pkey"},
        {"documents_found"},
    ]


async def test_a_walk_begins_below_the_latest_time_that_is_asked_for(explained: Explained) -> None:
    end = MOMENT + timedelta(seconds=300)
    found = await explained.search(Phrase(("old",)), Between("created", None, end))
    assert (len(found.ids), found.total) == (10, COUNTED)
    assert explained.indexes()[1:] == [{"documents_pkey"}] * 2


async def test_what_is_asked_for_by_exclusion_alone_reads_no_table_as_a_whole(explained: Explained) -> None:
    assert (await explained.search(Not(Phrase(("common",))))).total == 0
    assert (await explained.search(Not(Phrase(("rare",))))).total == COUNTED
    assert all(explained.indexes())


async def test_parts_are_counted_and_listed_by_indexes(explained: Explained) -> None:
    assert [part.documents for part in await explained.copy.parts()] == [DOCUMENTS]
    assert explained.indexes() == [{"documents_batches", "documents_gone"}]
    explained.told.clear()
    assert len(await explained.copy.list_page(MONTH, None, 10)) == 10
    assert explained.indexes() == [{"documents_pkey"}]
