"""The judgement: each claim of the demo, and what speaks against it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from headrace.demo.evidence import Ending
from headrace.demo.kill import FEWEST_HIT, Kill
from headrace.demo.webhooks import Webhook

#: Computes what the nodes must have made of a webhook.
Expectation = Callable[[Webhook], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Check:
    """A claim; it holds if there is no fault."""

    claim: str
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.faults


def checks_of(endings: Sequence[Ending], kill: Kill | None, count: int, expect: Expectation) -> list[Check]:
    """The judgement over `count` webhooks; any claim that does not hold fails the demo."""
    ids = {ending.event_id for ending in endings}

    def each(claim: str, fault: Callable[[Ending], str | None]) -> Check:
        found = [(ending, text) for ending in endings if (text := fault(ending)) is not None]
        return Check(claim, tuple(f"{ending.webhook.type} {ending.event_id}: {text}" for ending, text in found))

    return [
        Check(f"{count} webhooks got {count} ids", () if len(ids) == count else (f"there are {len(ids)} ids",)),
        each("every event succeeded", _unfinished),
        each("GET /events/{id} gives the data of the file", _other_data),
        each("the stored body is the bytes that were sent", _other_bytes),
        each("the result is what plain functions compute from the file", lambda ending: _other_result(ending, expect)),
        _hit_often_enough(endings, kill),
    ]


def _unfinished(ending: Ending) -> str | None:
    event = ending.event
    return None if event["state"] == "succeeded" else f"{event['state']} {event['reason'] or ''} {event['error'] or ''}"


def _other_data(ending: Ending) -> str | None:
    return None if _same(ending.event["data"], ending.webhook.event) else "other data"


def _other_bytes(ending: Ending) -> str | None:
    return None if ending.stored == ending.webhook.body else "other bytes"


def _other_result(ending: Ending, expect: Expectation) -> str | None:
    expected = expect(ending.webhook)
    if _same(dict(ending.nodes), expected):
        return None
    other = [
        name for name in expected.keys() | ending.nodes.keys() if not _same(ending.nodes.get(name), expected.get(name))
    ]
    return f"another output of {', '.join(sorted(other))}"


def _hit_often_enough(endings: Sequence[Ending], kill: Kill | None) -> Check:
    claim = f"at least {FEWEST_HIT} runs that the kill hit have a second attempt"
    if kill is None:
        return Check(claim, ("no worker process ever held enough runs to be killed",))
    again = [ending for ending in endings if ending.event_id in kill.held and _ran_again(ending)]
    return Check(claim, () if len(again) >= FEWEST_HIT else (f"it was {len(again)} of {len(kill.held)}",))


def _ran_again(ending: Ending) -> bool:
    return ending.event["attempt"] >= 2 and ending.lost_workers > 0


def _same(left: object, right: object) -> bool:
    """Equal as JSON: unlike Python's own comparison, this tells 1 from true and from 1.0."""
    return _canonical(left) == _canonical(right)


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
