"""The machine loses power: all processes end at the same moment, and come back."""

import asyncio

from chaos.cluster.cluster import Cluster
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.workers import held_by_worker
from chaos.waiting import came_true

#: How long everything stays down.
DOWN_SECONDS = 0.5

#: Once everybody has work in hand, the end comes at a random moment of so many seconds.
UP_SECONDS = 0.5

#: How long is waited for everybody to have some.
AT_WORK_SECONDS = 15.0

# The running role's own connections, in the midst of a transaction.
_OPEN = """
SELECT count(*) FROM pg_stat_activity WHERE usename = 'headrace_app' AND state IN ('active', 'idle in transaction')
"""


async def kill_everything(scene: Scene) -> Injected:
    """`kill -9` of all programs, of Valkey and of search, and an immediate end of PostgreSQL; then all start, again and
    again.
    """
    injected = Injected(details={"ends of everything": 0})
    while scene.goes_on(injected):
        await came_true(lambda: _all_have_work(scene.cluster), AT_WORK_SECONDS)
        await asyncio.sleep(scene.chance.uniform(0, UP_SECONDS))
        await _kill(scene.cluster, injected)
        await asyncio.sleep(DOWN_SECONDS)
        scene.cluster.postgres.start()
        scene.cluster.valkey.start()
        if scene.cluster.search is not None:
            scene.cluster.search.start()
    return injected


async def _kill(cluster: Cluster, injected: Injected) -> None:
    """Count who had work in hand, and end them all: PostgreSQL is gone last, so that what was under way reaches it."""
    [(open_transactions,)] = await cluster.rows(_OPEN)
    held = await held_by_worker(cluster)
    victims = [program for program in cluster.programs if program.is_running]
    at_work = {api.name for api in cluster.apis if api.holds_work} | {worker.name for worker in held if held[worker]}
    for program in victims:
        injected.kill(program.name, counts=program.name in at_work)
    injected.kill("valkey", counts=False)
    injected.kill("postgres", counts=open_transactions > 0)
    injected.details["ends of everything"] += 1
    for program in victims:
        program.kill()
    cluster.valkey.kill()
    if cluster.search is not None:
        await asyncio.to_thread(cluster.search.kill)
    await asyncio.to_thread(cluster.postgres.stop_immediately)


async def _all_have_work(cluster: Cluster) -> bool:
    """Whether every worker tree holds runs, and every API a POST."""
    if not cluster.postgres.is_ready():
        return False
    held = await held_by_worker(cluster)
    return all(held.values()) and all(api.holds_work for api in cluster.apis)


F8 = Fault("F8", "kill -9 of everything at once, then all start again", "everything", kill_everything, kills=True)
