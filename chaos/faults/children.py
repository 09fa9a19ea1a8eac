"""Faults of single worker processes, whose supervisors live on."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from chaos.evidence import Evidence
from chaos.faults.fault import Fault, Injected, Scene
from chaos.findings import Finding

#: Seconds between two kills.
EVERY_SECONDS = 0.5

#: The share of kills that are meant for processes whose runs lost a worker already.
ISOLATED = 0.1

# A process that holds one run alone is spared: a supervisor sees its end, and the run itself would be charged. A young
# one is spared because its supervisor would wait longer and longer before it starts another.
_VICTIMS = """
SELECT DISTINCT w.pid, w.role = 'isolated' FROM headrace.runs r JOIN headrace.workers w ON w.id = r.owner
WHERE w.expires > now() AND (w.role = 'isolated' OR w.role = 'worker' AND w.started < now() - interval '5 s')
"""

_HELD = """
SELECT r.event_id::text, r.run_number, r.attempt FROM headrace.runs r JOIN headrace.workers w ON w.id = r.owner
WHERE w.pid = %s
"""

#: An attempt at a run: the event, the run's number, the attempt's.
Attempt = tuple[str, int, int]


@dataclass(slots=True)
class KilledChildren(Injected):
    """`held` are the attempts that processes had in their hands after they were dead."""

    held: set[Attempt] = field(default_factory=set)


async def kill_children(scene: Scene) -> Injected:
    """SIGKILL to a random worker process of those that hold runs, every half second if there is one."""
    injected = KilledChildren()
    trees = [worker.pid for worker in scene.cluster.workers]
    while scene.goes_on(injected):
        if (victim := await _choose(scene)) is not None:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            left = set(await scene.cluster.rows(_HELD, victim))
            injected.kill(f"process {victim}", counts=bool(left))
            injected.held |= left
        await asyncio.sleep(EVERY_SECONDS)
    if trees != [worker.pid for worker in scene.cluster.workers]:
        injected.findings.append(Finding("F6", "a supervisor did not survive the end of its worker process"))
    return injected


async def _choose(scene: Scene) -> int | None:
    """An ordinary process, or now and then one for runs that lost a worker: these go on alone afterwards, slowly."""
    victims = sorted(await scene.cluster.rows(_VICTIMS))
    isolated = scene.chance.random() < ISOLATED
    pids = [pid for pid, is_isolated in victims if is_isolated == isolated]
    return scene.chance.choice(pids) if pids else None


def check_losses(evidence: Evidence, injected: Injected) -> Sequence[Finding]:
    """Attempts that a kill ended, and that were not written down as lost.

    One that was settled while the kill was on its way has its result; of poison, a failure may have been.
    """
    assert isinstance(injected, KilledChildren)
    poison = {event.id for event in evidence.events if evidence.history.intents[event.intent].poison}
    settled = {(result.event_id, result.run_number, result.attempt) for result in evidence.results}
    known = {event.id for event in evidence.events} - poison
    uncounted = {held for held in injected.held if held[0] in known} - evidence.lost_attempts - settled
    if not uncounted:
        return ()
    return [Finding("F6", "killed in an attempt, and not counted as lost", sorted(each[0] for each in uncounted))]


F6 = Fault("F6", "kill -9 of one worker process of a tree", "worker", kill_children, kills=True, check=check_losses)
