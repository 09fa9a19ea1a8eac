"""What is asked of the copy beside documents: what decides on refusals, and the end of tombstones."""

import hashlib
from datetime import datetime

import orjson
from elasticsearch import AsyncElasticsearch

from headrace.search.elasticsearch.client import answering
from headrace.search.elasticsearch.indices import Layout
from headrace.search.elasticsearch.naming import Names, parse_index

#: Tombstones of one request.
_MOST_BURIED = 1_000

#: Settings that decide on refusals.
_SETTINGS = "index.mapping.*,index.analysis.*"

_DONE = 200


async def fingerprint(client: AsyncElasticsearch, layout: Layout) -> str:
    """A hash of the mappings and of such settings, by name and month."""
    indices = [index.full_name for index in (*layout.live, *layout.further)]
    if not indices:
        return ""
    with answering():
        mappings = await client.indices.get_mapping(index=indices, ignore_unavailable=True)
        settings = await client.indices.get_settings(index=indices, name=_SETTINGS, ignore_unavailable=True)
    found = {
        index.month_alias: [mapping["mappings"], settings.body.get(full_name)]
        for full_name, mapping in mappings.body.items()
        if (index := parse_index(full_name)) is not None
    }
    return hashlib.sha256(orjson.dumps(found, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def bury(client: AsyncElasticsearch, names: Names, before: datetime) -> int:
    """Delete tombstones of before a moment, some of those that searches see, if nobody wrote there meanwhile."""
    with answering():
        answer = await client.search(
            index=(names.prefix, names.further),
            query={"range": {"gone": {"lt": before.isoformat()}}},
            size=_MOST_BURIED,
            seq_no_primary_term=True,
            source=False,
            ignore_unavailable=True,
        )
        hits = answer.body["hits"]["hits"]
        if not hits:
            return 0
        deleted = await client.bulk(operations=[{"delete": _exactly(hit)} for hit in hits])
    return sum(item["delete"]["status"] == _DONE for item in deleted.body["items"])


def _exactly(hit: dict[str, object]) -> dict[str, object]:
    return {
        "_index": hit["_index"],
        "_id": hit["_id"],
        "if_seq_no": hit["_seq_no"],
        "if_primary_term": hit["_primary_term"],
    }
