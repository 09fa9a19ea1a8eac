"""Programs that run with other variables for a while."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from chaos.cluster.cluster import READY_SECONDS, Cluster
from chaos.cluster.program import Program
from chaos.waiting import until


@asynccontextmanager
async def restarted(cluster: Cluster, changes: Mapping[Program, Mapping[str, str]]) -> AsyncIterator[None]:
    """Restart programs with these variables, and at the end of the context as they were. Raises CampaignFailed."""
    before = {program: program.environment for program in changes}
    for program, variables in changes.items():
        program.environment = {**program.environment, **variables}
    await _restart(cluster, changes)
    try:
        yield
    finally:
        for program, environment in before.items():
            program.environment = environment
        await _restart(cluster, changes)


async def _restart(cluster: Cluster, programs: Iterable[Program]) -> None:
    """End programs in order; returns when those that took their places answer."""
    starts = {program: program.starts for program in programs}
    for program in starts:
        program.terminate()

    async def began_again() -> bool:
        return all(program.starts > before for program, before in starts.items())

    await until(began_again, "programs end and start again", READY_SECONDS)
    await cluster.heal()
