"""A bad release, and what an operator does about it."""

import asyncio
import random
import sys
from collections.abc import Sequence

import orjson

from chaos.cluster.cluster import Cluster
from chaos.evidence import Evidence
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.sending import send_all
from chaos.findings import Finding
from chaos.journal import Intent
from chaos.releases import bad_release
from chaos.waiting import came_true

#: Deliveries that are to fail, or as many as are sent at this rate in a third of the time that there is.
FAILING, EVENTS_PER_SECOND = 5000, 250.0

#: All of them have failed once in so many seconds, and have succeeded in so many after the repair.
FAILED_SECONDS, SUCCEEDED_SECONDS = 60.0, 60.0

#: What the operator types.
PAUSE = ("pause", "--type", "delivery")
REPAIR = (
    ("resume", "--type", "delivery"),
    ("events", "retry-now", "--type", "delivery"),
    ("events", "replay", "--type", "delivery", "--state", "failed"),
)

_UNTRIED = """
SELECT count(*) FROM headrace.runs WHERE type = 'delivery' AND state <> 'waiting'
"""

_UNDONE = """
SELECT (SELECT count(*) FROM headrace.runs WHERE type = 'delivery')
     + (SELECT count(*) FROM headrace.results WHERE type = 'delivery' AND state <> 'succeeded')
"""


def make_delivery(key: str, chance: random.Random) -> Intent:
    """An event that a bad release fails: for a while, so that it waits for its retry, or for good."""
    fails = chance.choice(("for a while", "for good"))
    return Intent(key, "delivery", orjson.dumps({"type": "delivery", "intent": key, "fails": fails}).decode())


async def release_badly(scene: Scene) -> Injected:
    """Let thousands of events fail; then pause, repair, resume, and have all of them run at once."""
    injected = Injected()
    file = bad_release(scene.cluster.folder)
    file.touch()
    count = int(min(FAILING, EVENTS_PER_SECOND * scene.seconds_left / 3))
    injected.details["deliveries"] = count
    await send_all(scene, [make_delivery] * count, ["delivery"], EVENTS_PER_SECOND)
    if await came_true(lambda: _is_zero(scene.cluster, _UNTRIED), FAILED_SECONDS) is None:
        injected.findings.append(Finding("F37", f"not all deliveries had failed after {FAILED_SECONDS:g} s"))
    await _type(scene.cluster, PAUSE, injected)
    file.unlink()
    for words in REPAIR:
        await _type(scene.cluster, words, injected)
    seconds = await came_true(lambda: _is_zero(scene.cluster, _UNDONE), SUCCEEDED_SECONDS)
    injected.details["seconds to repair"] = SUCCEEDED_SECONDS if seconds is None else round(seconds, 1)
    await asyncio.sleep(scene.seconds_left)
    return injected


async def _is_zero(cluster: Cluster, statement: str) -> bool:
    [(count,)] = await cluster.rows(statement)
    return bool(count == 0)


async def _type(cluster: Cluster, words: Sequence[str], injected: Injected) -> None:
    """One command of the operator, which must succeed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "headrace.cli", *words),
        env=cluster.workers[0].environment,
        cwd=cluster.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        what = f"`headrace {' '.join(words)}` exits {process.returncode}: {said.decode()[:200]}"
        injected.findings.append(Finding("F37", what))


def check_deliveries(evidence: Evidence, injected: Injected) -> Sequence[Finding]:
    """Deliveries that did not succeed in the end. Those that had failed for good left results that were put aside."""
    ids = {event.id for event in evidence.events if event.type == "delivery"}
    injected.details["replayed"] = sum(result.past and result.event_id in ids for result in evidence.results)
    succeeded = {result.event_id for result in evidence.results if not result.past and result.state == "succeeded"}
    wrong = sorted(ids - succeeded)
    return [Finding("F37", "not succeeded after the repair", wrong)] if wrong else []


F37 = Fault(
    "F37",
    "a bad release fails 5,000 events: pause, fix, retry-now",
    "load",
    release_badly,
    effect="deliveries",
    check=check_deliveries,
)
