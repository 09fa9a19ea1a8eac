"""What the search copy holds, read without the product's code."""

from collections.abc import Iterator
from typing import Any

import httpx2

#: The alias by which readers see the copy.
ALIAS = "headrace"

#: Documents of one answer: each is unpacked for its version.
PAGE = 2_000

#: How long Elasticsearch keeps what it showed first, while all pages of it are read.
KEPT = "1m"

#: An answer that does not come in so many seconds is not waited for.
ANSWER_SECONDS = 60.0


class ElasticsearchReader:
    """Reads, and empties, the copy in the Elasticsearch at `url`. Everything raises httpx2.HTTPError."""

    def __init__(self, url: str) -> None:
        self._url = url

    def held(self) -> list[tuple[str, int]]:
        """The id under which each document lies, and its version: all of one moment, tombstones left out.

        An id that is there in two indices is there twice.
        """
        with self._client() as client:
            return [entry for hits in _pages(client) for entry in entries_in(hits)]

    def empty(self) -> int:
        """Delete all indices of the copy; returns how many."""
        with self._client() as client:
            names = sorted(client.get(f"/{ALIAS}*").raise_for_status().json())
            for name in names:
                client.delete(f"/{name}").raise_for_status()
        return len(names)

    def _client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self._url, timeout=ANSWER_SECONDS, trust_env=False)


def entries_in(hits: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """Id and version of each hit that is no tombstone. A version that is missing is 0."""
    for hit in hits:
        source = hit["_source"]
        if "gone" not in source:
            yield hit["_id"], int(source.get("version", 0))


def _pages(client: httpx2.Client) -> Iterator[list[dict[str, Any]]]:
    refreshed = client.post(f"/{ALIAS}/_refresh")
    if refreshed.status_code == httpx2.codes.NOT_FOUND:
        return  # nothing was ever written, or all is deleted
    refreshed.raise_for_status()
    opened = client.post(f"/{ALIAS}/_pit", params={"keep_alive": KEPT}).raise_for_status().json()
    try:
        yield from _pages_of(client, opened["id"])
    finally:
        client.request("DELETE", "/_pit", json={"id": opened["id"]})


def _pages_of(client: httpx2.Client, opened: str) -> Iterator[list[dict[str, Any]]]:
    asked: dict[str, Any] = {
        "pit": {"id": opened, "keep_alive": KEPT},
        "size": PAGE,
        "sort": [{"_shard_doc": "asc"}],
        "_source": ["version", "gone"],
        "track_total_hits": False,
    }
    whole = {"allow_partial_search_results": "false"}
    while True:
        answer = client.post("/_search", params=whole, json=asked).raise_for_status().json()
        hits = answer["hits"]["hits"]
        yield hits
        if len(hits) < PAGE:
            return
        asked["search_after"] = hits[-1]["sort"]
