"""Workers whose clocks are ahead, and that are killed: a lease by their clocks would outlive them by hours."""

from chaos.faults.clocks import LIBRARIES
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.restarting import restarted
from chaos.faults.workers import kill_workers

#: By how much the clocks of all workers are ahead.
AHEAD = "+2h"


async def kill_workers_ahead(scene: Scene) -> Injected:
    """As F5, of workers that are two hours ahead."""
    if not LIBRARIES:
        return Injected(skipped="libfaketime is not installed: apt-get install faketime")
    variables = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME": AHEAD,
    }
    async with restarted(scene.cluster, dict.fromkeys(scene.cluster.workers, variables)):
        return await kill_workers(scene)


F51 = Fault("F51", "kill -9 of worker trees two hours ahead", "clocks", kill_workers_ahead, kills=True)
