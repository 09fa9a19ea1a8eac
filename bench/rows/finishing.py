"""Waiting until what was sent is finished."""

from bench.systems.system import Processes
from bench.waiting import until


async def until_finished(system: Processes, events: int, seconds: float) -> None:
    """Return as soon as so many events are finished, which are all that were sent. Raises TimeoutError."""

    async def all_are() -> bool:
        return await system.finished() == events

    await until(all_are, f"{events} events are finished", seconds)
