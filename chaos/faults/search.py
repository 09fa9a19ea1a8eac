"""Faults of the search copy: no event may notice any of them, and the copy must be whole again soon after."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

from chaos.cluster.search import SearchServer
from chaos.copying import read_both
from chaos.evidence import Evidence
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.lacking import lacking
from chaos.findings import Finding
from chaos.invariants.copy import COPIED_SECONDS
from chaos.spoiling import Spoiling
from chaos.waiting import came_true

#: How long search is away at most, how long it hangs, and how long each request and each answer is under way.
AWAY_SECONDS, HUNG_SECONDS, SLOW_SECONDS = 60.0, 30.0, 30.0

#: So many entries are written at least that a copy which is put back will not have.
LEAST_LOST = 20

#: What a copy lost under load must be back in so many seconds. The product promises a minute, and writes less while due
#: events wait for a worker, as they do on a slow machine.
BACK_SECONDS = 120.0

#: Seconds between two looks: each reads the whole copy, and the machine has other work.
LOOK_SECONDS = 1.0

#: The figure of events that were finished during the fault.
MEANWHILE = "finished meanwhile"

_COUNT = "SELECT count(*) FROM headrace.results"

Act = Callable[[Scene, SearchServer, Injected], Awaitable[None]]


async def stop_search(scene: Scene, search: SearchServer, injected: Injected) -> None:
    """Search dies or ends in order, by lot, and comes back with what it held."""
    seconds = min(AWAY_SECONDS, scene.seconds_left)
    await asyncio.to_thread(scene.chance.choice((search.kill, search.stop)))
    await asyncio.sleep(seconds)
    search.start()
    injected.details["seconds away"] = round(seconds, 1)


async def hang_search(scene: Scene, search: SearchServer, injected: Injected) -> None:
    """Search takes requests and answers none; or each request, and each answer, is under way for long."""
    ways = {"seconds hung": _hang, "seconds slow": _slow}
    for way in scene.chance.sample(sorted(ways), len(ways)):
        injected.details[way] = round(seconds := min(HUNG_SECONDS, scene.seconds_left), 1)
        await ways[way](scene, search, seconds)


async def _hang(_scene: Scene, search: SearchServer, seconds: float) -> None:
    search.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    search.signal(signal.SIGCONT)


async def _slow(scene: Scene, _search: SearchServer, seconds: float) -> None:
    proxies = [program.proxies.search for program in scene.cluster.programs if program.proxies.search is not None]
    for proxy in proxies:
        proxy.delay_seconds = SLOW_SECONDS
    await asyncio.sleep(seconds)
    for proxy in proxies:
        proxy.delay_seconds = 0.0


async def spoil_answers(scene: Scene, search: SearchServer, injected: Injected) -> None:
    """Requests, or items of them, are refused for the moment; or they are done, and nobody hears of it."""
    spoiling = Spoiling(scene.chance)
    search.proxy.spoil(spoiling)
    await asyncio.sleep(scene.seconds_left)
    search.proxy.be_honest()
    figures = {"requests refused": spoiling.refused, "items refused": spoiling.items, "answers lost": spoiling.lost}
    injected.details |= figures


async def empty_search(scene: Scene, search: SearchServer, injected: Injected) -> None:
    """All indices are deleted, while events are finished all the time."""
    await asyncio.sleep(scene.chance.uniform(0, scene.seconds_left / 2))
    before, held = await read_both(scene.cluster)
    await asyncio.to_thread(search.reader.empty)
    injected.details["entries lost"] = len(held)
    await _come_back(scene, search, before, injected)


async def put_search_back(scene: Scene, search: SearchServer, injected: Injected) -> None:
    """Search is put back to the state of a backup, and has lost what it got since then."""
    saved = await asyncio.to_thread(search.reader.held)
    await asyncio.to_thread(search.stop)
    await asyncio.to_thread(search.save)
    await _start(search)

    async def has_grown() -> bool:
        await asyncio.sleep(LOOK_SECONDS)
        return len(await asyncio.to_thread(search.reader.held)) >= len(saved) + LEAST_LOST

    await came_true(has_grown, COPIED_SECONDS)
    before, held = await read_both(scene.cluster)
    injected.details["entries lost"] = len(held) - len(saved)
    await asyncio.to_thread(search.stop)
    await asyncio.to_thread(search.put_back)
    await _start(search)
    await _come_back(scene, search, before, injected)


async def _start(search: SearchServer) -> None:
    search.start()
    await came_true(lambda: asyncio.to_thread(search.is_ready), COPIED_SECONDS)


async def _come_back(scene: Scene, search: SearchServer, before: Sequence[tuple[str, int]], injected: Injected) -> None:
    """Wait until everything is in the copy again that was finished before, which must not need a pause in the work."""

    async def are_back() -> bool:
        await asyncio.sleep(LOOK_SECONDS)
        return {*before} <= {*await asyncio.to_thread(search.reader.held)}

    seconds = await came_true(are_back, BACK_SECONDS)
    if seconds is None:
        missing = {*before} - {*await asyncio.to_thread(search.reader.held)}
        what = f"not in the search copy {BACK_SECONDS:g} s after it had lost them"
        injected.findings.append(Finding("promise 5", what, sorted(event_id for event_id, _ in missing)))
    else:
        injected.details["seconds until they were back"] = round(seconds, 1)
    await asyncio.sleep(scene.seconds_left)


def check_undisturbed(evidence: Evidence, injected: Injected) -> Sequence[Finding]:
    """Events that were not accepted at once, or none that was finished, although only search is away."""
    refused = evidence.history.unavailable()
    findings = [Finding("promise 5", "not accepted while search was away", refused)] if refused else []
    if injected.details.get(MEANWHILE) == 0:
        findings.append(Finding("promise 5", "nothing was finished while search was away"))
    return findings


def _fault(name: str, title: str, act: Act, effect: str = MEANWHILE) -> Fault:
    """A fault that tells, too, how many events were finished during it."""

    async def inject(scene: Scene) -> Injected:
        if scene.cluster.search is None:
            return lacking(name, "what Elasticsearch needs", "apt-get install openjdk-17-jdk-headless maven")
        injected = Injected()
        [(before,)] = await scene.cluster.rows(_COUNT)
        await act(scene, scene.cluster.search, injected)
        [(after,)] = await scene.cluster.rows(_COUNT)
        injected.details[MEANWHILE] = after - before
        return injected

    return Fault(name, title, "search", inject, effect=effect, check=check_undisturbed, searches=True)


F19 = _fault("F19", "search stopped for 60 s", stop_search)
F20 = _fault("F20", "search hung for 30 s, and slow by 30 s", hang_search)
F21 = _fault("F21", "search refuses requests and items, and answers are lost", spoil_answers, "items refused")
F53 = _fault("F53", "search emptied, under load", empty_search, "entries lost")
F54 = _fault("F54", "search put back to an earlier state, under load", put_search_back, "entries lost")
