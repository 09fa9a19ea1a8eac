"""Workers whose clocks are ahead, and that are killed: a lease by their clocks would outlive them by hours."""

from chaos.faults.clocks import LIBRARIES, bent_by, without_library
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.restarting import restarted
from chaos.faults.workers import kill_workers

#: By how much the clocks of all workers are ahead.
AHEAD = "+2h"


async def kill_workers_ahead(scene: Scene) -> Injected:
    """As F5, of workers that are two hours ahead."""
    if not LIBRARIES:
        return without_library("F51")
    async with restarted(scene.cluster, dict.fromkeys(scene.cluster.workers, bent_by(AHEAD))):
        return await kill_workers(scene)


F51 = Fault("F51", "kill -9 of worker trees two hours ahead", "clocks", kill_workers_ahead, kills=True)
