"""Searches, and the facets of their hits."""

import asyncio
from typing import Any
from uuid import UUID

from elasticsearch import ApiError, AsyncElasticsearch

from headrace.errors import CopyAway
from headrace.search.elasticsearch.client import answering
from headrace.search.elasticsearch.queries import facets_of, oldest_counted, page_of
from headrace.search.port import Facets, Found, Search

#: Answers that a reader gets whose index is taken away under its search, or was made a moment ago and is not open yet:
#: it asks again after these seconds.
_MOVED, _AGAIN_SECONDS = {404, 500, 503}, (0.0, 0.1, 0.3, 0.6)


async def search(client: AsyncElasticsearch, alias: str, wanted: Search, most_counted: int) -> Found:
    """The newest hits below `before` in what readers see by an alias."""
    hits = (await _ask(client, alias, page_of(wanted, most_counted)))["hits"]
    ids = [UUID(hit["sort"][0]) for hit in hits["hits"]]
    total: int = hits["total"]["value"]
    if not wanted.facets:
        return Found(ids, total)
    complete = hits["total"]["relation"] == "eq"
    return Found(ids, total, await _facets(client, alias, wanted, most_counted, complete=complete))


async def _facets(
    client: AsyncElasticsearch, alias: str, wanted: Search, most_counted: int, *, complete: bool
) -> Facets:
    first = None
    if not complete:
        oldest = (await _ask(client, alias, oldest_counted(wanted, most_counted)))["hits"]["hits"]
        first = oldest[0]["sort"][0] if oldest else None
    answer = await _ask(client, alias, facets_of(wanted, most_counted, first))
    found = answer.get("aggregations", {})
    return Facets(
        counted=answer["hits"]["total"]["value"],
        complete=complete,
        types=_counts(found, "types", "key"),
        states=_counts(found, "states", "key"),
        days=_counts(found, "days", "key_as_string"),
    )


def _counts(found: dict[str, Any], name: str, key: str) -> dict[str, int]:
    return {bucket[key]: bucket["doc_count"] for bucket in found.get(name, {"buckets": []})["buckets"]}


async def _ask(client: AsyncElasticsearch, alias: str, request: dict[str, Any]) -> dict[str, Any]:
    with answering():
        for seconds in _AGAIN_SECONDS:
            try:
                answer = await _search(client, alias, request)
                break
            except ApiError as error:
                if error.status_code not in _MOVED:
                    raise
                await asyncio.sleep(seconds)
        else:
            answer = await _search(client, alias, request)
    if answer["timed_out"]:
        raise CopyAway("the search took too long")
    return answer


async def _search(client: AsyncElasticsearch, alias: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = await client.search(index=alias, ignore_unavailable=True, allow_partial_search_results=False, **request)
    body: dict[str, Any] = answer.body
    return body
