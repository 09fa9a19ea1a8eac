"""What the copy holds, for whoever compares it with Postgres."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from elasticsearch import AsyncElasticsearch

from headrace.domain.document import ids_of_month
from headrace.domain.ids import parse_id
from headrace.search.elasticsearch.client import answering
from headrace.search.elasticsearch.indices import Layout
from headrace.search.elasticsearch.naming import Names
from headrace.search.elasticsearch.queries import THERE
from headrace.search.port import Listed, Part

#: Documents of one answer: an index gives no more at once.
_PAGE = 10_000

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


async def refresh(client: AsyncElasticsearch, *aliases: str) -> None:
    """Have searches see all that was written to those that are there."""
    with answering():
        await client.indices.refresh(index=aliases, ignore_unavailable=True)


async def list_page(
    client: AsyncElasticsearch, alias: str, month: str, after: UUID | None, most: int
) -> Sequence[Listed]:
    """Documents behind an id, in the order of their ids."""
    if after is None:
        await refresh(client, alias)
    event_of = _event_of(month)
    listed: dict[UUID, Listed] = {}
    async for page in _pages(client, alias, None if after is None else str(after), min(most, _PAGE)):
        for hit in page:
            event_id = event_of(hit["sort"][0])
            if event_id is not None and len(listed) < most:
                listed[event_id] = Listed(event_id, _version(hit), str(event_id))
        if len(listed) == most:
            break
    return list(listed.values())


async def list_strangers(client: AsyncElasticsearch, alias: str, month: str, most: int) -> Sequence[Listed]:
    """Documents that are not called by the id of an event of this month, or that say that they are another's."""
    await refresh(client, alias)
    event_of = _event_of(month)
    without_id = {"bool": {"must_not": [{"exists": {"field": "id"}}]}}
    strangers = await _strangers(client, alias, without_id, most, event_of)
    first: str | None = None
    async for page in _pages(client, alias, None, _PAGE):
        last = page[-1]["sort"][0]
        within = {"range": {"id": {"lte": last, **({} if first is None else {"gt": first})}}}
        proper = [hit["sort"][0] for hit in page if event_of(hit["sort"][0])]
        others = {
            "bool": {"filter": [within], "must_not": [{"ids": {"values": proper}}, {"exists": {"field": "gone"}}]}
        }
        strangers += await _strangers(client, alias, others, most, event_of)
        first = last
        if len(strangers) >= most:
            break
    return strangers[:most]


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


async def _strangers(
    client: AsyncElasticsearch, alias: str, query: dict[str, Any], most: int, event_of: Callable[[str], UUID | None]
) -> list[Listed]:
    """Hits, but for those that are called as they say, by the id of an event: they came while pages were read."""
    with answering():
        answer = await client.search(
            index=alias,
            query=query,
            size=min(most, _PAGE),
            docvalue_fields=[{"field": "version"}, {"field": "id"}],
            source=False,
            ignore_unavailable=True,
            allow_partial_search_results=False,
        )
    return [
        Listed(None, _version(hit), hit["_id"])
        for hit in answer.body["hits"]["hits"]
        if hit.get("fields", {}).get("id") != [hit["_id"]] or event_of(hit["_id"]) is None
    ]


def _version(hit: dict[str, Any]) -> int:
    versions: Collection[Any] = hit.get("fields", {}).get("version", ())
    return next((int(version) for version in versions), 0)


def _event_of(month: str) -> Callable[[str], UUID | None]:
    """Tells the id of an event of a month from whatever else is written in the place of one."""
    first, behind = ids_of_month(month)

    def event_of(text: str) -> UUID | None:
        event_id = parse_id(text)
        return event_id if event_id is not None and first <= event_id < behind and str(event_id) == text else None

    return event_of
