"""I3: one result an event and run number, one idempotency key a place, no write after a takeover."""

from collections import Counter, defaultdict

from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.invariants.finding import found

#: A run that was given up ends with the attempt that was lost last.
GIVEN_UP = "worker-lost"


def check_once(evidence: Evidence) -> list[Finding]:
    """Doubled results, results of attempts that were taken over, keys that change or are shared."""
    results = Counter((result.event_id, result.run_number) for result in evidence.results)
    late = [
        result.event_id
        for result in evidence.results
        if (result.event_id, result.run_number, result.attempt) in evidence.lost_attempts and result.reason != GIVEN_UP
    ]
    return [
        *found("I3", "two results of one run", (event_id for (event_id, _), count in results.items() if count > 1)),
        *found("I3", "the result of an attempt that had been taken over", [*late, *_overtaken(evidence)]),
        *_keys(evidence),
    ]


def _overtaken(evidence: Evidence) -> list[str]:
    """The events whose outputs an attempt left that was not the last to call a node. Replays count attempts anew."""
    last: dict[str, int] = {}
    for call in evidence.calls:
        event_id = call.key.partition(".")[0]
        last[event_id] = max(call.attempt, last.get(event_id, 0))
    runs = Counter(result.event_id for result in evidence.results)
    return [
        result.event_id
        for result in evidence.results
        if result.made_by is not None
        and result.made_by < last.get(result.event_id, 0)
        and result.run_number == runs[result.event_id] == 1
    ]


def _keys(evidence: Evidence) -> list[Finding]:
    keys, places = defaultdict(set), defaultdict(set)
    for call in evidence.calls:
        event_id, epoch, _ = call.key.split(".", 2)
        keys[(*call.place, event_id, epoch)].add(call.key)
        places[call.key].add(call.place)
    changing = [f"{intent} {node}" for (intent, node, *_), found_keys in keys.items() if len(found_keys) > 1]
    return [
        *found("I3", "an idempotency key that changes", changing),
        *found("I3", "an idempotency key of two places", (key for key, of in places.items() if len(of) > 1)),
    ]
