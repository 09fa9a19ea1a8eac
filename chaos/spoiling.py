"""How the answers of Elasticsearch are spoilt: as those of a node that has too much to do, or behind a bad network."""

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import orjson

#: Requests that carry many documents go there.
BULK = "/_bulk"

#: How many in a hundred requests are refused as a whole, and how many of the others do not get their answer.
REFUSED, LOST = 15, 15

#: How many in a hundred of the other bulk requests have some items refused, and how many in a hundred items these are.
SOME_REFUSED, ITEMS_REFUSED = 40, 30

#: What an item is told that is refused for the moment, by its status.
BUSY: Mapping[int, Mapping[str, str]] = {
    429: {"type": "es_rejected_execution_exception", "reason": "rejected execution of coordinating operation"},
    503: {"type": "unavailable_shards_exception", "reason": "primary shard is not active"},
}


class Fate(Enum):
    """What becomes of a request."""

    #: It is done, and answered.
    TAKE = "take"

    #: It is not passed on; the answer is that there is too much to do.
    REFUSE = "refuse"

    #: It is done, and the connection ends without the answer.
    LOSE_REPLY = "lose reply"

    #: Some items are not passed on; the answer says that there is too much to do for these.
    REFUSE_ITEMS = "refuse items"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that Elasticsearch, or something before it, may give."""

    status: int
    media_type: str
    body: bytes


class Spoiling:
    """Decides by chance what becomes of each request, and counts it. For any thread."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        #: How many whole requests were refused, how many answers lost, how many items refused.
        self.refused = self.lost = self.items = 0

    def fate_of(self, path: str) -> Fate:
        """What becomes of the next request, which goes to `path`."""
        with self._lock:
            drawn = self._chance.randrange(100)
            if drawn < REFUSED:
                self.refused += 1
                return Fate.REFUSE
            if drawn < REFUSED + LOST:
                self.lost += 1
                return Fate.LOSE_REPLY
            some = path.partition("?")[0].endswith(BULK) and self._chance.randrange(100) < SOME_REFUSED
            return Fate.REFUSE_ITEMS if some else Fate.TAKE

    def refusal(self) -> Answer:
        """The answer to a request that is refused: that of Elasticsearch, or that of a balancer before it."""
        with self._lock:
            status = self._chance.choice(sorted(BUSY))
            if self._chance.random() < 0.5:
                return Answer(status, "text/html", b"<html><body>try again later</body></html>")
        error = {"root_cause": [BUSY[status]], **BUSY[status]}
        return Answer(status, "application/json", orjson.dumps({"error": error, "status": status}))

    def choose_items(self, count: int) -> dict[int, int]:
        """The places of the items that are refused, each with its status."""
        with self._lock:
            chosen = [place for place in range(count) if self._chance.randrange(100) < ITEMS_REFUSED]
            self.items += len(chosen)
            return {place: self._chance.choice(sorted(BUSY)) for place in chosen}


def items_of(body: bytes) -> list[bytes]:
    """The items of a bulk request: the line of each, with its document if it has one."""
    lines = iter(line for line in body.split(b"\n") if line)
    items = []
    for line in lines:
        [action] = orjson.loads(line)
        items.append(line + b"\n" if action == "delete" else line + b"\n" + next(lines) + b"\n")
    return items


def answer_with(items: Sequence[bytes], refused: Mapping[int, int], answered: bytes | None) -> bytes:
    """The answer to a whole bulk request; `answered` is that to the items that were not refused, None without any."""
    told = orjson.loads(answered or b'{"errors":false,"items":[]}')
    taken = iter(told["items"])
    outcomes = []
    for place, item in enumerate(items):
        status = refused.get(place)
        outcomes.append(next(taken) if status is None else _refusal_of(item, status))
    return orjson.dumps({**told, "errors": told["errors"] or bool(refused), "items": outcomes})


def _refusal_of(item: bytes, status: int) -> dict[str, object]:
    [(action, meant)] = orjson.loads(item.partition(b"\n")[0]).items()
    named = {"_index": meant.get("_index"), "_id": meant.get("_id")}
    return {action: {**named, "status": status, "error": BUSY[status]}}
