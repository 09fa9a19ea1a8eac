"""Many documents in one request, and what became of each."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import orjson
from elasticsearch import AsyncElasticsearch

from headrace.search.elasticsearch.client import answering
from headrace.search.port import Postponed, Refused, Superseded, WriteOutcome, Written

_CONFLICT, _BAD_REQUEST, _TOO_LARGE = 409, 400, 413

#: Bytes of one request, at most and where it has more than one document: a small node rejects much more at once.
_MOST_BYTES = 10 << 20

#: What a write to an alias is told that is there no longer.
NO_INDEX = "index_not_found_exception"

#: Errors of the document itself: it meets the same one each time.
_OF_THE_DOCUMENT = {
    "document_parsing_exception",
    "illegal_argument_exception",
    "mapper_parsing_exception",
    "strict_dynamic_mapping_exception",
}

#: The same kind of error as a document's, and yet the fault of an alias.
_OF_THE_ALIAS = "write index"

#: What is left of a reason.
_MOST_CHARACTERS = 500

#: From here on Elasticsearch quotes the document, and between these signs.
_QUOTING = re.compile(
    r"(Preview of field's value|The prefix of the first immense term|failed to parse date).*", re.DOTALL
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")

#: Worst last: what several copies of an entry made of it is what the worst made of it.
_ORDER = (Written, Superseded, Refused, Postponed)

_ITEM_FIELDS = ("errors", "items.*.status", "items.*.error.type", "items.*.error.reason")


@dataclass(frozen=True, slots=True)
class Operation:
    """A body for one alias. `position` is the place of its entry among those that were handed in."""

    position: int
    alias: str
    event_id: UUID
    version: int
    body: bytes

    def if_not_older(self) -> tuple[bytes, bytes]:
        """Lines of a bulk request by which the newest version wins, and an equal one is written again."""
        return self._lines("index", {"version": self.version, "version_type": "external_gte"})

    def in_place_of(self, found: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Lines by which it takes the place of what was found, and of nothing else."""
        return self._lines("index", {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]})

    def if_missing(self) -> tuple[bytes, bytes]:
        """Lines by which it is stored if there is nothing."""
        return self._lines("create", {})

    def _lines(self, action: str, condition: Mapping[str, Any]) -> tuple[bytes, bytes]:
        return orjson.dumps({action: {"_index": self.alias, "_id": str(self.event_id), **condition}}), self.body


async def send(client: AsyncElasticsearch, requests: Sequence[tuple[bytes, bytes]]) -> list[WriteOutcome]:
    """What became of each pair of lines. Nothing is written but by an alias, so that no index is made on the way.

    What is much is written in several requests. What is too large by itself for whatever takes them is refused. Raises
    CopyAway if a request was not answered as a whole.
    """
    outcomes: list[WriteOutcome] = []
    for some in portions(requests, _MOST_BYTES):
        outcomes += await _send_at_once(client, some)
    return outcomes


def portions(requests: Sequence[tuple[bytes, bytes]], most_bytes: int) -> Iterator[list[tuple[bytes, bytes]]]:
    """The requests in their order, as many at a time as have so many bytes, but one at least."""
    portion: list[tuple[bytes, bytes]] = []
    size = 0
    for lines in requests:
        more = sum(map(len, lines))
        if portion and size + more > most_bytes:
            yield portion
            portion, size = [], 0
        portion.append(lines)
        size += more
    if portion:
        yield portion


async def _send_at_once(client: AsyncElasticsearch, requests: Sequence[tuple[bytes, bytes]]) -> list[WriteOutcome]:
    # The client takes lines that are written already, though its types do not say so.
    operations = cast(Sequence[Mapping[str, Any]], [line for lines in requests for line in lines])
    with answering():
        patient = client.options(ignore_status=_TOO_LARGE)
        answer = await patient.bulk(operations=operations, require_alias=True, filter_path=_ITEM_FIELDS)
    if answer.meta.status == _TOO_LARGE:
        half = len(requests) // 2
        if not half:
            return [Refused("it is larger than one request may be")]
        return [*await _send_at_once(client, requests[:half]), *await _send_at_once(client, requests[half:])]
    if not answer["errors"]:
        return [Written()] * len(requests)
    return [outcome_of(item) for items in answer["items"] for item in items.values()]


def outcome_of(item: Mapping[str, Any]) -> WriteOutcome:
    """What an item of the answer says."""
    error = item.get("error")
    if error is None:
        return Written()
    if item["status"] == _CONFLICT:
        return Superseded()
    reason = f"{error['type']}: {_without_quotes(error.get('reason') or '')}"[:_MOST_CHARACTERS]
    if item["status"] == _BAD_REQUEST and error["type"] in _OF_THE_DOCUMENT and _OF_THE_ALIAS not in reason:
        return Refused(reason)
    return Postponed(reason)


def _without_quotes(reason: str) -> str:
    """A reason without what it quotes of the document."""
    return _QUOTED.sub("…", _QUOTING.sub("…", reason)).strip()


def worst(outcomes: Sequence[WriteOutcome]) -> WriteOutcome:
    """What became of an entry that was written to several places."""
    return max(outcomes, key=lambda outcome: _ORDER.index(type(outcome)))
