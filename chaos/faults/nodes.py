"""Nodes that are no good neighbours."""

import random
from collections.abc import Sequence
from functools import partial
from typing import get_args

import orjson

from chaos.bad_nodes import Way
from chaos.evidence import Evidence
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.restarting import restarted
from chaos.faults.sending import send_all
from chaos.findings import Finding
from chaos.journal import Intent
from chaos.load import MakeIntent
from chaos.waiting import came_true

#: Slow events that are under way beside the bad ones, and how long they take.
NEIGHBOURS, SHORTEST_SECONDS, LONGEST_SECONDS = 500, 0.5, 2.0

#: None of them may run again more often than this.
MOST_RERUNS = 2

#: Of the ways to be bad there is one for so many seconds of the time that there is: some cost five processes each.
WAY_SECONDS = 3.5

#: A watchdog that is soon done with a process, but sooner than others take over from it, as by default.
WATCHFUL = {
    "HEADRACE_STUCK_SECONDS": "5",
    "HEADRACE_LEASE_SECONDS": "15",
    "HEADRACE_RENEW_SECONDS": "2",
    "HEADRACE_WORKER_MEMORY_BYTES": str(3 * 2**29),
}

#: The bad ones are finished after so many seconds, at most: some end five processes that each has for itself.
FINISHED_SECONDS = 240.0

#: The usual load is that much meanwhile, for the machine has enough to do.
EVENTS_PER_SECOND = 10.0

#: The types of both.
TYPES = ("bad", "neighbour")

_UNFINISHED = "SELECT count(*) FROM headrace.runs WHERE type = ANY (%s)"


def make_neighbour(key: str, chance: random.Random) -> Intent:
    """A slow event."""
    seconds = round(chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS), 2)
    return Intent(key, "neighbour", _body({"type": "neighbour", "intent": key, "seconds": seconds}))


def make_bad(way: Way, key: str, _chance: random.Random) -> Intent:
    """An event whose node is bad in this way."""
    return Intent(key, "bad", _body({"type": "bad", "intent": key, "way": way}), poison=True)


def _body(data: dict[str, object]) -> str:
    return orjson.dumps(data).decode()


async def run_bad_nodes(scene: Scene) -> Injected:
    """Accept an event of each way that there is time for, amid 500 slow ones; ends when all are finished."""
    bad: list[MakeIntent] = [partial(make_bad, way) for way in ways_in(scene.seconds_left, scene.chance)]
    makers: list[MakeIntent] = [*bad, *[make_neighbour] * NEIGHBOURS]
    scene.chance.shuffle(makers)
    usual, scene.load.events_per_second = scene.load.events_per_second, EVENTS_PER_SECOND
    async with restarted(scene.cluster, dict.fromkeys(scene.cluster.workers, WATCHFUL)):
        await send_all(scene, makers, TYPES)
        seconds = await came_true(lambda: _are_finished(scene), FINISHED_SECONDS)
    scene.load.events_per_second = usual
    injected = Injected(details={"neighbours": NEIGHBOURS, "bad": len(bad)})
    if seconds is None:
        injected.findings.append(Finding("F25", f"bad ones or slow ones were left after {FINISHED_SECONDS:g} s"))
    else:
        injected.details["seconds until all were finished"] = round(seconds, 1)
    return injected


def ways_in(seconds: float, chance: random.Random) -> Sequence[Way]:
    """All of them, or as many as there is time for."""
    ways: Sequence[Way] = get_args(Way)
    return chance.sample(ways, min(len(ways), max(1, int(seconds / WAY_SECONDS))))


async def _are_finished(scene: Scene) -> bool:
    [(unfinished,)] = await scene.cluster.rows(_UNFINISHED, list(TYPES))
    return bool(unfinished == 0)


def check_neighbours(evidence: Evidence, injected: Injected) -> Sequence[Finding]:
    """Slow events that ran more often than a bad neighbour may cost them."""
    neighbours = {event.id for event in evidence.events if event.type == "neighbour"}
    attempts = {result.event_id: result.attempt for result in evidence.results if result.event_id in neighbours}
    injected.details["most attempts of a neighbour"] = max(attempts.values(), default=0)
    often = sorted(event_id for event_id, attempt in attempts.items() if attempt > 1 + MOST_RERUNS)
    return [Finding("F25", "ran more than twice again beside a bad one", often)] if often else []


F25 = Fault(
    "F25",
    "nodes that loop, sleep for ever, crash, allocate, return 1 GiB",
    "nodes",
    run_bad_nodes,
    effect="bad",
    check=check_neighbours,
)
