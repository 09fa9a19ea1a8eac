"""The events that a campaign sends."""

import random
from typing import Any

import orjson

from chaos.journal import Intent

#: How many in a hundred take from SHORTEST to LONGEST seconds, fail for good, have children.
SLOW, POISON, PARENTS = 30, 2, 10
SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 5.0

#: Of which types, and how many in a hundred of each.
TYPES, SHARES = ("order", "parcel", "reminder"), (45, 45, 10)

#: Items that a parcel has at most.
MOST_ITEMS = 4


def make_intent(key: str, chance: random.Random) -> Intent:
    """The next event to send: an order, a parcel or a reminder, quick or slow, good or poison."""
    is_poison = chance.randrange(100) < POISON
    data: dict[str, Any] = {
        "type": chance.choices(TYPES, SHARES)[0],
        "intent": key,
        "seconds": round(chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS), 2) if chance.randrange(100) < SLOW else 0,
        "poison": is_poison,
        "parent": not is_poison and chance.randrange(100) < PARENTS,
        "items": list(range(chance.randint(1, MOST_ITEMS))),
    }
    return Intent(key, data["type"], orjson.dumps(data).decode(), is_poison)


def other_body(intent: Intent) -> str:
    """A body that is not the intent's, under the same key."""
    return orjson.dumps({**orjson.loads(intent.body), "seconds": 0.01}).decode()
