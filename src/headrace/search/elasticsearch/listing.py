"""What the copy holds, for whoever compares it with Postgres."""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from elasticsearch import AsyncElasticsearch

from headrace.domain.document import ids_of_month
from headrace.search.elasticsearch.client import answering
from headrace.search.elasticsearch.indices import Layout
from headrace.search.elasticsearch.naming import Index, Names
from headrace.search.elasticsearch.queries import THERE
from headrace.search.port import Listed, Part

#: Documents of one answer: an index gives no more at once.
_PAGE = 10_000

#: How an id is written, and nothing else is; so written, ids are in their order.
_CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Months of one answer.
_MOST_PARTS = 10_000

_PARTS = {
    "months": {
        "terms": {"field": "_index", "size": _MOST_PARTS},
        "aggs": {"there": {"filter": THERE}, "batch": {"max": {"field": "batch"}}},
    }
}


async def parts_of(client: AsyncElasticsearch, names: Names, layout: Layout) -> Sequence[Part]:
    """The months that readers see, each as it is now."""
    await refresh(client, names.prefix, names.further)
    with answering():
        answer = await client.search(
            index=names.prefix,
            size=0,
            aggs=_PARTS,
            track_total_hits=False,
            ignore_unavailable=True,
            allow_partial_search_results=False,
        )
    months = answer.body.get("aggregations", {}).get("months", {"buckets": []})
    found = {bucket["key"]: bucket for bucket in months["buckets"]}
    return [_part(index.month, found.get(index.full_name)) for index in layout.live]


async def count(client: AsyncElasticsearch, indices: Sequence[Index]) -> Mapping[str, int]:
    """How many documents each of these indices, all of one month, holds for readers, by its name."""
    found = {}
    for index in indices:
        with answering():
            answer = await client.count(index=index.full_name, query=THERE, ignore_unavailable=True)
        found[index.name] = int(answer.body["count"])
    return found


async def refresh(client: AsyncElasticsearch, *aliases: str) -> None:
    """Have searches see all that was written to those that are there."""
    with answering():
        await client.indices.refresh(index=aliases, ignore_unavailable=True)


async def list_page(
    client: AsyncElasticsearch, alias: str, month: str, after: UUID | None, most: int
) -> Sequence[Listed]:
    """Documents behind an id, in the order of their ids, then those among them that are called otherwise than they say.

    One that says nothing that an event of this month may be called is left to `list_strangers`.
    """
    if after is None:
        await refresh(client, alias)
    is_event = _is_event(month)
    listed: dict[str, Listed] = {}
    strangers: list[Listed] = []
    before = None if after is None else str(after)
    async for page in _pages(client, alias, before, min(most, _PAGE)):
        proper = [(text, hit) for hit in page if is_event(text := hit["sort"][0])]
        for text, hit in proper[: most - len(listed)]:
            listed[text] = Listed(UUID(int=int(text.replace("-", ""), 16)), _version(hit), text)
        strangers += await _posing(client, alias, month, (before, page[-1]["sort"][0]), [text for text, _ in proper])
        before = page[-1]["sort"][0]
        if len(listed) == most:
            break
    return [*listed.values(), *strangers]


async def list_strangers(client: AsyncElasticsearch, alias: str, month: str, most: int) -> Sequence[Listed]:
    """Documents that say no id, or one that no event of this month may have."""
    await refresh(client, alias)
    first, behind = map(str, ids_of_month(month))
    of_month = {"range": {"id": {"gte": first, "lt": behind}}}
    query = {"bool": {"must_not": [of_month, {"exists": {"field": "gone"}}]}}
    return [_stranger(hit) for hit in await _hits(client, alias, query, most)]


async def _posing(
    client: AsyncElasticsearch, alias: str, month: str, between: tuple[str | None, str], proper: Sequence[str]
) -> list[Listed]:
    """Documents that say an id behind the one and up to the other, and are called by none of the proper ones."""
    before, last = between
    first, behind = map(str, ids_of_month(month))
    # One range, not two: each visits all ids that it holds.
    lower = {"gt": before} if before is not None and before >= first else {"gte": first}
    upper = {"lte": last} if last < behind else {"lt": behind}
    query = {
        "bool": {
            "filter": [{"range": {"id": {**lower, **upper}}}],
            "must_not": [{"ids": {"values": proper}}, {"exists": {"field": "gone"}}],
        }
    }
    is_event = _is_event(month)
    hits = await _hits(client, alias, query, _PAGE)
    # What is called as it says was written since the page was read.
    return [_stranger(hit) for hit in hits if hit["fields"]["id"] != [hit["_id"]] or not is_event(hit["_id"])]


def _part(month: str, bucket: dict[str, Any] | None) -> Part:
    if bucket is None:
        return Part(month, 0, 0)
    return Part(month, bucket["there"]["doc_count"], int(float(bucket["batch"]["value"] or 0)))


async def _pages(
    client: AsyncElasticsearch, alias: str, after: str | None, size: int
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """All hits behind an id, each with the id by which it is sorted and its version."""
    while True:
        with answering():
            answer = await client.search(
                index=alias,
                query={"bool": {"filter": [{"exists": {"field": "id"}}, THERE]}},
                sort=[{"id": "asc"}],
                # By this Elasticsearch skips what is before, which it does not by a range.
                search_after=None if after is None else [after],
                size=size,
                # A stored field is unpacked for each hit. What is asked for here needs none, and takes a fourth of
                # the time.
                stored_fields="_none_",
                docvalue_fields=[{"field": "version"}],
                source=False,
                track_total_hits=False,
                ignore_unavailable=True,
                allow_partial_search_results=False,
                filter_path=["hits.hits.sort", "hits.hits.fields"],
            )
        page = answer.body.get("hits", {}).get("hits", [])
        if page:
            yield page
        if len(page) < size:
            return
        after = page[-1]["sort"][0]


async def _hits(client: AsyncElasticsearch, alias: str, query: dict[str, Any], most: int) -> Sequence[dict[str, Any]]:
    """In no order, each with the id that it says and its version."""
    with answering():
        answer = await client.search(
            index=alias,
            query=query,
            size=min(most, _PAGE),
            sort=["_doc"],
            docvalue_fields=[{"field": "version"}, {"field": "id"}],
            source=False,
            track_total_hits=False,
            ignore_unavailable=True,
            allow_partial_search_results=False,
        )
    hits: Sequence[dict[str, Any]] = answer.body["hits"]["hits"]
    return hits


def _stranger(hit: dict[str, Any]) -> Listed:
    return Listed(None, _version(hit), hit["_id"])


def _version(hit: dict[str, Any]) -> int:
    versions = hit.get("fields", {}).get("version")
    return int(versions[0]) if versions else 0


def _is_event(month: str) -> Callable[[str], bool]:
    """Tells the id of an event of a month from whatever else is written in the place of one."""
    first, behind = map(str, ids_of_month(month))
    return lambda text: first <= text < behind and _CANONICAL.fullmatch(text) is not None
