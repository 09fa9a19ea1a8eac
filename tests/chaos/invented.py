"""Evidence of a round in which nothing is wrong, to be spoilt by tests."""

from dataclasses import replace
from typing import Any

from chaos.calls import NodeCall
from chaos.evidence import CopyState, Evidence, Ledger, StoredEvent, StoredResult
from chaos.journal import History, Intent, Outcome, Sending
from chaos.measures import Measures

GOOD, BAD, CHILD = (f"00000000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))

PARENT = '{"type": "order", "intent": "a", "parent": true}'

COUNTS = {"accepted": 3, "unfinished": 0, "succeeded": 2, "failed": 1, "cancelled": 0, "erased": 0}

MEASURES = Measures(20, 25, {"api": 30, "worker process": 40}, {"api": 100 * 2**20, "worker process": 120 * 2**20})

#: What is finished, as the search copy has it.
COPY = CopyState([(GOOD, 2), (BAD, 2), (CHILD, 2)], [(GOOD, 2), (BAD, 2), (CHILD, 2)], seconds=3.0)


def history(*more: Sending) -> History:
    """An order and a poisoned parcel, both accepted, and further requests for them."""
    intents = [Intent("a", "order", PARENT), Intent("b", "parcel", "{}", poison=True)]
    sendings = [
        Sending("a", 1, "first", "api-1", Outcome("ok", event_id=GOOD)),
        Sending("b", 2, "first", "api-2", Outcome("ok", event_id=BAD)),
        *more,
    ]
    return History({intent.key: intent for intent in intents}, sendings)


def call(event_id: str, node: str, intent: str, **more: Any) -> NodeCall:
    """A call that ended well."""
    values: dict[str, Any] = {
        "key": f"{event_id}.1.{node}",
        "item": None,
        "attempt": 2,
        "pid": 7,
        "began": 1.0,
        "ended": 2.0,
    }
    return NodeCall(intent=intent, node=node, **values | more)


def evidence(**spoilt: Any) -> Evidence:
    """The order has a child; both succeeded. The parcel failed."""
    healthy = Evidence(
        history=history(),
        events=[
            StoredEvent(GOOD, "order", "a"),
            StoredEvent(BAD, "parcel", "b"),
            StoredEvent(CHILD, "receipt", "a", parent=GOOD),
        ],
        runs=[],
        results=[
            StoredResult(GOOD, 1, 2, "succeeded", nodes={"ship": "a"}, made_by=2),
            StoredResult(BAD, 1, 1, "failed", reason="node-failed"),
            StoredResult(CHILD, 1, 1, "succeeded", nodes={"file": "a"}),
        ],
        lost_attempts=frozenset({(GOOD, 1, 1)}),
        listed_failed=frozenset({BAD}),
        calls=[call(GOOD, "charge", "a"), call(GOOD, "ship", "a"), call(BAD, "weigh", "b", raised="ConnectionError")],
        ledger=Ledger(COUNTS, COUNTS, {"/stats of api-1": COUNTS}),
        quiet_seconds=1.5,
        baseline=MEASURES,
        measures=MEASURES,
        copy=COPY,
    )
    return replace(healthy, **spoilt)
