"""Documents as they lie in Elasticsearch beside what they should be."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from elasticsearch import AsyncElasticsearch

from headrace.domain.document import Document, month_of
from headrace.search.elasticsearch.body import body_of
from headrace.search.elasticsearch.client import answering, parse_exactly
from headrace.search.elasticsearch.indices import Layout
from headrace.search.elasticsearch.naming import Index, Names


async def differing(
    client: AsyncElasticsearch, names: Names, layout: Layout, documents: Sequence[Document], now: datetime
) -> Sequence[UUID]:
    """Those that one of their copies has otherwise, or that lie in a further index that they do not name."""
    if not documents:
        return []
    wanted = [(document, index) for document in documents for index in _places(document, names, layout)]
    with answering():
        answer = await client.mget(
            docs=[{"_index": index.month_alias, "_id": str(document.event_id)} for document, index in wanted]
        )
    found = answer.body["docs"]
    expected = {document.event_id: _without_batch(parse_exactly(body_of(document, 0, now))) for document in documents}
    different = {
        document.event_id
        for (document, index), held in zip(wanted, found, strict=True)
        if not _is_right(held, expected[document.event_id], is_named=index.name in {names.prefix, *document.indices})
    }
    return [document.event_id for document in documents if document.event_id in different]


def _places(document: Document, names: Names, layout: Layout) -> Sequence[Index]:
    """Where it is to be, and all further indices of its month, where it is not to be."""
    month = month_of(document.event_id)
    there = {index.name for index in layout.further_of(month)}
    named = {name for name in document.indices if names.may_be_further(name)}
    return [Index(name, month, 0) for name in sorted({names.prefix} | there | named)]


def _is_right(held: Mapping[str, Any], expected: Mapping[str, Any], *, is_named: bool) -> bool:
    source = held.get("_source")
    if is_named:
        return source is not None and _without_batch(source) == expected
    return source is None or "gone" in source


def _without_batch(source: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in source.items() if name != "batch"}
